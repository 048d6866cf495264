import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { packageRoot } from '../../../package-root.js';
import { pickPort } from '../../process/port.js';

/** Starts RabbitMQ with a configuration of its own; `web-stomp` as its argument makes it speak STOMP over WebSocket. */
export const RABBITMQ = join(packageRoot, 'src/adapters/testing/rabbitmq.sh');
/** Why there is no RabbitMQ to be tried, with the line that mends it. */
export const missingRabbitmq = existsSync('/usr/lib/rabbitmq/bin/rabbitmq-server')
  ? undefined
  : 'RabbitMQ is not there: apt-get install rabbitmq-server';

const BOOT_BOUND_MS = 90_000;

const isUp = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });

/** Ends a process with all that it has started; it may have ended by itself. */
const killGroup = (pid: number): void => {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
};

/** A broker that listens, and its end. Throws when it does not start within 90 s. */
export const startRabbitmq = async (...words: string[]): Promise<{ port: number; stop: () => void }> => {
  const port = await pickPort();
  const data = mkdtempSync(join(tmpdir(), 'im-rabbitmq-'));
  const child = spawn(RABBITMQ, words, {
    ...{ detached: true, stdio: 'ignore' },
    env: { ...process.env, PORT: String(port), DATA_DIR: data },
  });
  const stop = (): void => {
    if (child.pid !== undefined) killGroup(child.pid);
    rmSync(data, { recursive: true, force: true, maxRetries: 20 });
  };
  try {
    for (const from = Date.now(); !(await isUp(port)); await sleep(100)) {
      if (child.exitCode !== null) throw new Error(`RabbitMQ has ended with ${child.exitCode}`);
      if (Date.now() - from > BOOT_BOUND_MS) throw new Error('RabbitMQ does not start');
    }
  } catch (error) {
    stop();
    throw error;
  }
  return { port, stop };
};
