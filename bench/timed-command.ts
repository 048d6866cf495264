import { spawnSync } from 'node:child_process';

export interface Timed {
  status: number | null;
  signal: NodeJS.Signals | null;
  stderr: string;
  wallMs: number;
  /** User and system time of the command and all its children. */
  cpuMs: number;
}

const parseSeconds = (text = ''): number => Number(text.replace(',', '.')) * 1_000;

/** Milliseconds in the last line of what the shell's `times` prints: user and system time of its children. */
export const childTimes = (text: string): number => {
  const line = text.trim().split('\n').at(-1) ?? '';
  const times = [...line.matchAll(/(\d+)m([\d.,]+)s/g)];
  if (times.length !== 2) throw new Error(`the shell told no times: ${text.slice(-200)}`);
  return times.reduce((sum, [, minutes, seconds]) => sum + Number(minutes) * 60_000 + parseSeconds(seconds), 0);
};

/** Runs a command below a shell, because only a shell can tell the CPU time of its children and their children. */
export const timedCommand = (words: readonly string[], cwd: string, timeout: number): Timed => {
  const from = performance.now();
  const { status, signal, stdout, stderr } = spawnSync(
    '/bin/sh',
    ['-c', '"$@" >&2; code=$?; times; exit $code', 'sh', ...words],
    { encoding: 'utf8', timeout, cwd, maxBuffer: 1 << 28 },
  );
  const wallMs = performance.now() - from;
  if (signal) throw new Error(`${words.join(' ')} ended with ${signal}`);
  return { status, signal, stderr, wallMs, cpuMs: childTimes(stdout) };
};
