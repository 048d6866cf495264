import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import type { Report } from '../../../schemas/index.js';
import { packageRoot } from '../../../src/package-root.js';

/** The command line as it is built: `npm test` builds before it tests. */
export const PROGRAM = join(packageRoot, 'dist', 'bin', 'im-conformance.js');
export const BOUND_MS = 90_000;
/** One scenario that takes a moment. */
export const ONE = ['--only', 'server/core/plain-exchange'];

/** Time for the system to end what was killed. */
const DYING_MS = 2_000;

/** What every folder of a run needs: `rss.mjs` writes the peak of the kit's memory. */
export const FILES = {
  'quick.yaml': 'protocol: im.ran.v1\ntimers: { answerWithinMs: 1500 }\n',
  'rss.mjs':
    "import { writeFileSync } from 'node:fs';\nprocess.on('exit', () => writeFileSync('rss.txt', String(process.resourceUsage().maxRSS)));\n",
};

export interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
  folder: string;
  survivors: number[];
  report: Report | undefined;
}

/** Processes that were started, at whatever distance, by the run with this mark. Linux alone shows it. */
const marked = (mark: string): number[] => {
  if (!existsSync('/proc/self/environ')) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const running = !/^\d+ \(.*\) [ZX] /s.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
        return running && readFileSync(`/proc/${pid}/environ`, 'latin1').includes(mark);
      } catch {
        return false;
      }
    })
    .map(Number);
};

/** Those that are still there when all that was killed has had time to end. */
const survivorsOf = async (mark: string): Promise<number[]> => {
  const until = performance.now() + DYING_MS;
  let survivors = marked(mark);
  while (survivors.length > 0 && performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    survivors = marked(mark);
  }
  return survivors;
};

const readReport = (path: string): Report | undefined => {
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
  return text === '' ? undefined : (JSON.parse(text) as Report);
};

export interface Play {
  words: readonly string[];
  folder: string;
  /** Appended to the command in a shell, such as `>/dev/full`. */
  redirect?: string;
  /** A command of the shell before it, such as `ulimit -n 32`. */
  limit?: string;
  onStart?: (child: ChildProcess) => unknown;
}

/** Runs the kit in a folder of its own, with a JSON report, and tells everything that came of it. */
export const run = async ({ words, folder, redirect, limit, onStart }: Play): Promise<Outcome> => {
  const mark = `IM_TEST_MARK=${randomUUID()}`;
  const env = { ...process.env, IM_TEST_MARK: mark.slice('IM_TEST_MARK='.length) };
  const command = ['--import', join(folder, 'rss.mjs'), PROGRAM, ...words, '--report', 'json=report.json'];
  const shell = ['-c', `${limit ?? ':'}; exec "$0" "$@" ${redirect ?? ''}`, process.execPath, ...command];
  const [file, rest] = redirect === undefined && limit === undefined ? [process.execPath, command] : ['/bin/sh', shell];
  const child = spawn(file, rest, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: BOUND_MS });
  const outcome = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => (outcome.stdout += chunk));
  child.stderr.on('data', (chunk) => (outcome.stderr += chunk));
  await onStart?.(child);
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  const survivors = await survivorsOf(mark);
  for (const pid of survivors) process.kill(pid, 'SIGKILL');
  if (!child.stdout.closed || !child.stderr.closed) await once(child, 'close');
  return { ...outcome, code: child.exitCode, folder, survivors, report: readReport(join(folder, 'report.json')) };
};

/** Takes a port, so that nobody else can. */
export const holder = async (): Promise<{ server: Server; port: number }> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: (server.address() as { port: number }).port };
};
