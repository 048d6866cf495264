import { spawn } from 'node:child_process';
import { kitProgram } from './kit-program.js';

const BOUND_MS = 30_000;

/** Starts the reference server on a free port for the time of `use`, which gets its url. */
export const withRunningServer = async <T>(use: (url: string) => T | Promise<T>): Promise<T> => {
  const child = spawn(process.execPath, [kitProgram, 'serve', '--port', '0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const url = await new Promise<string>((resolve, reject) => {
      let text = '';
      child.stdout.on('data', (chunk) => {
        text += chunk;
        const [, found] = /listening on (wss?:\S+)/.exec(text) ?? [];
        if (found !== undefined) resolve(found);
      });
      child.once('exit', (code) => reject(new Error(`the server ended with ${code}`)));
      setTimeout(() => reject(new Error('the server did not start')), BOUND_MS).unref();
    });
    return await use(url);
  } finally {
    child.kill('SIGKILL');
  }
};
