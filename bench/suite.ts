import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Report } from '../schemas/index.js';
import { type Figure, median } from './figure.js';
import { kitProgram } from './kit-program.js';

const ROUNDS = 3;
const RUN_BOUND_MS = 600_000;

interface Run {
  report: Report;
  wallMs: number;
  cpuMs: number;
}

/** Milliseconds in the second line of what the shell's `times` prints: user and system time of its children. */
const childTimes = (text: string): number => {
  const line = text.trim().split('\n')[1] ?? '';
  const times = [...line.matchAll(/(\d+)m([\d.,]+)s/g)];
  if (times.length !== 2) throw new Error(`the shell told no times: ${text.slice(0, 200)}`);
  return times.reduce((sum, [, minutes, seconds]) => sum + Number(minutes) * 60_000 + parseSeconds(seconds), 0);
};

const parseSeconds = (text = ''): number => Number(text.replace(',', '.')) * 1_000;

/** Runs the kit below a shell, because only a shell can tell the CPU time of its children and their children. */
const runKit = (words: readonly string[]): Run => {
  const folder = mkdtempSync(join(tmpdir(), 'im-conformance-bench-'));
  try {
    const file = join(folder, 'report.json');
    const all = [process.execPath, kitProgram, ...words, '--report', `json=${file}`];
    const from = performance.now();
    const { status, signal, stdout, stderr } = spawnSync(
      '/bin/sh',
      ['-c', '"$@"; code=$?; times; exit $code', 'sh', ...all],
      {
        encoding: 'utf8',
        timeout: RUN_BOUND_MS,
        cwd: folder,
      },
    );
    const wallMs = performance.now() - from;
    if (signal || status === 2 || status === 3) throw new Error(`the kit ended with ${signal ?? status}: ${stderr}`);
    const report = JSON.parse(readFileSync(file, 'utf8')) as Report;
    if (report.summary.passed === 0) throw new Error(`no scenario passed: ${report.problems.join(' ')}${stderr}`);
    return { report, wallMs, cpuMs: childTimes(stdout) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

/**
 * What no kit can shorten: the waits of the longest scenario among those that run side by side, or the waits of those
 * that have the server to themselves, shared by the instances; whichever is longer. Waits are the timers, windows and
 * restarts of the scripts, as each scenario counted them.
 */
const floorMs = ({ scenarios }: Report, instances: number): number => {
  const longest = Math.max(0, ...scenarios.filter((one) => !one.exclusive).map((one) => one.waitedMs));
  const alone = scenarios.filter((one) => one.exclusive).reduce((sum, one) => sum + one.waitedMs, 0);
  return Math.max(longest, alone / instances);
};

/** All that the scenarios wait for, one after the other. */
const waitsMs = ({ scenarios }: Report): number => scenarios.reduce((sum, one) => sum + one.waitedMs, 0);

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;

const outcomeOf = (runs: readonly Run[]): string => {
  const [{ summary } = { summary: undefined }] = runs.map(({ report }) => report);
  const complete = runs.every(({ report }) => report.exitCode === 0);
  return complete ? `${summary?.passed} scenarios passed` : 'NOT ALL PASSED';
};

/** The whole server suite on the reference server, as `npx im-conformance` runs it, and the class core alone. */
export const benchSuite = async (): Promise<Figure[]> => {
  const instances = availableParallelism();
  const fixed = ['--instances', String(instances), '--seed', 'bench'];
  const whole = Array.from({ length: ROUNDS }, () => runKit(fixed));
  const core = Array.from({ length: ROUNDS }, () => runKit([...fixed, '--class', 'core']));
  const wallMs = median(whole.map((run) => run.wallMs));
  const floor = median(whole.map(({ report }) => floorMs(report, instances)));
  const waits = (runs: readonly Run[]): string =>
    `the scenarios wait for ${seconds(median(runs.map(({ report }) => waitsMs(report))))} in all`;
  const told = `median of ${ROUNDS} runs, ${instances} instances`;
  return [
    {
      name: 'server suite: wall ÷ what cannot be shortened',
      value: median(whole.map((run) => run.wallMs / floorMs(run.report, instances))),
      unit: 'ratio',
      target: { atMost: 1.5 },
      detail: `${told}; ${seconds(wallMs)} and ${seconds(floor)}; ${outcomeOf(whole)}`,
    },
    {
      name: 'server suite, all classes of the embedded server: wall',
      value: wallMs / 1_000,
      unit: 's',
      target: { atMost: 90 },
      detail: `${told}; ${waits(whole)}; ${outcomeOf(whole)}`,
    },
    {
      name: 'server suite: CPU of the kit and its servers',
      value: median(whole.map((run) => run.cpuMs)) / 1_000,
      unit: 's',
      detail: `${told}; the wall was ${seconds(wallMs)}`,
    },
    {
      name: 'class core alone: wall',
      value: median(core.map((run) => run.wallMs)) / 1_000,
      unit: 's',
      target: { atMost: 8 },
      detail: `${told}; ${waits(core)}; ${outcomeOf(core)}; CPU ${seconds(median(core.map((run) => run.cpuMs)))}`,
    },
  ];
};
