import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { KitError } from '../../src/errors.js';
import { freePort, listensWithin } from './network/free-port.js';

const START_BOUND_MS = 30_000;

/** A server that runs already when the kit comes to it. */
export interface Running {
  port: number;
  end(): void;
}

/** Starts the command in a group of its own, so that what it started ends with it. Rejects when nothing listens. */
export const startByUrl = async (command: string, folder: string): Promise<Running> => {
  const port = await freePort();
  const data = join(folder, 'data');
  mkdirSync(data);
  const filled = command.replaceAll('{port}', String(port)).replaceAll('{data}', data);
  const server = spawn(filled, {
    shell: true,
    detached: true,
    stdio: 'ignore',
    env: { ...process.env, PORT: String(port), DATA_DIR: data },
  });
  const end = (): void => {
    if (server.pid === undefined) return;
    try {
      process.kill(-server.pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  };
  if (await listensWithin(port, START_BOUND_MS, () => server.exitCode !== null)) return { port, end };
  end();
  throw new KitError('kit', `the server of "${filled}" does not listen`, 'Try the command by hand.');
};
