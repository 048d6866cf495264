import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { packageRoot } from '../../../package-root.js';

const example = (...path: string[]): string => join(packageRoot, 'examples', ...path);

export interface Bot {
  readonly name: string;
  readonly command: string;
  readonly program: string;
  /** What is missing here, when the bot cannot run. */
  readonly whyNot?: string | undefined;
}

const PYTHON = '/usr/bin/python3';
const WEBSOCKETS = ['/usr/lib/python3/dist-packages/websockets', '/usr/local/lib/python3/dist-packages/websockets'];

export const BOTS: readonly Bot[] = [
  { name: 'client-bot-js', command: process.execPath, program: example('client-bot-js', 'bot.js') },
  { name: 'bare-client-js', command: process.execPath, program: example('bare-client-js', 'client.js') },
  {
    name: 'client-python',
    command: PYTHON,
    program: example('client-python', 'client.py'),
    whyNot: WEBSOCKETS.some(existsSync)
      ? undefined
      : 'python3-websockets is not installed: apt-get install python3-websockets',
  },
];

export interface RunningBot {
  readonly child: ChildProcess;
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  kill(): Promise<void>;
  /** What it wrote to stderr. */
  readonly errors: () => string;
}

/** Starts a bot with short timers. It ends with the test at the latest. */
export const startBot = (t: Test, bot: Bot, url: string, data: string, timers: object = {}): RunningBot => {
  const child = spawn(bot.command, [bot.program, '--short'], {
    env: { ...process.env, IM_URL: url, IM_TOKEN: 'bot', DATA_DIR: data, IM_TIMERS: JSON.stringify(timers) },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  child.stderr?.on('data', (chunk) => {
    errors = (errors + chunk).slice(-4_000);
  });
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.on('exit', (code, signal) => {
      if (code !== 0 && code !== null) t.comment(errors);
      resolve({ code, signal });
    });
  });
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
  };
  t.teardown(kill);
  return { child, ended, kill, errors: () => errors };
};
