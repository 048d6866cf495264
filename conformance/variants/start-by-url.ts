import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { KitError } from '../../src/errors.js';

const START_BOUND_MS = 30_000;
const LOOK_EVERY_MS = 20;

/** A server that runs already when the kit comes to it. */
export interface Running {
  port: number;
  end(): void;
}

const freePort = async (): Promise<number> => {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
};

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });

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
  const from = performance.now();
  while (!(await accepts(port))) {
    if (performance.now() - from > START_BOUND_MS || server.exitCode !== null) {
      end();
      throw new KitError('kit', `the server of "${filled}" does not listen`, 'Try the command by hand.');
    }
    await sleep(LOOK_EVERY_MS);
  }
  return { port, end };
};
