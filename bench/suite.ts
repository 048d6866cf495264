import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Report } from '../schemas/index.js';
import { packageRoot } from '../src/package-root.js';
import { type Figure, median } from './figure.js';
import { kitProgram } from './kit-program.js';
import { withRunningServer } from './running-server.js';
import { timedCommand } from './timed-command.js';

const ROUNDS = 3;
const RUN_BOUND_MS = 600_000;

export interface Run {
  report: Report;
  wallMs: number;
  cpuMs: number;
}

/** Runs the kit, and reads its report. */
export const runKit = (words: readonly string[], boundMs = RUN_BOUND_MS): Run => {
  const folder = mkdtempSync(join(tmpdir(), 'im-conformance-bench-'));
  try {
    const file = join(folder, 'report.json');
    const all = [process.execPath, kitProgram, ...words, '--report', `json=${file}`];
    const { status, stderr, wallMs, cpuMs } = timedCommand(all, folder, boundMs);
    if (status === 2 || status === 3) throw new Error(`the kit ended with ${status}: ${stderr}`);
    const report = JSON.parse(readFileSync(file, 'utf8')) as Report;
    if (report.summary.passed === 0) throw new Error(`no scenario passed: ${report.problems.join(' ')}${stderr}`);
    return { report, wallMs, cpuMs };
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
export const waitsMs = ({ scenarios }: Report): number => scenarios.reduce((sum, one) => sum + one.waitedMs, 0);

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;

const outcomeOf = (runs: readonly Run[]): string => {
  const [{ summary } = { summary: undefined }] = runs.map(({ report }) => report);
  const complete = runs.every(({ report }) => report.exitCode === 0);
  return complete ? `${summary?.passed} scenarios passed` : 'NOT ALL PASSED';
};

const BOT = join(packageRoot, 'examples', 'client-bot-js', 'bot.js');
/** As the command has it: each scenario has a process of its own. */
const BOTS_PER_CORE = 4;

/** The whole client suite on the bot of the client library, with short timers. */
export const benchClientSuite = async (): Promise<Figure[]> => {
  const command = ['client', '--exec', `exec node ${BOT} --short`, '--seed', 'bench'];
  const runs = Array.from({ length: ROUNDS }, () => runKit(command));
  const side = BOTS_PER_CORE * availableParallelism();
  // Nothing is shared: the waits of all, spread over those that run side by side, or the longest of them.
  const floorOf = ({ report }: Run): number =>
    Math.max(waitsMs(report) / side, ...report.scenarios.map((one) => one.waitedMs));
  const wallMs = median(runs.map((run) => run.wallMs));
  const told = `median of ${ROUNDS} runs, ${side} bots side by side`;
  return [
    {
      name: 'client suite: wall ÷ what cannot be shortened',
      value: median(runs.map((run) => run.wallMs / floorOf(run))),
      unit: 'ratio',
      target: { atMost: 1.5 },
      detail: `${told}; ${seconds(wallMs)} and ${seconds(median(runs.map(floorOf)))}; ${outcomeOf(runs)}`,
    },
    {
      name: 'client suite, all classes of the client library: wall',
      value: wallMs / 1_000,
      unit: 's',
      target: { atMost: 60 },
      detail: `${told}; CPU of the kit and its bots ${seconds(median(runs.map((run) => run.cpuMs)))}`,
    },
  ];
};

/** The whole server suite on the reference server, as `npx im-conformance` runs it, and the class core against a server that runs already. */
export const benchSuite = async (): Promise<Figure[]> => {
  const instances = availableParallelism();
  const fixed = ['--instances', String(instances), '--seed', 'bench'];
  const whole = Array.from({ length: ROUNDS }, () => runKit(fixed));
  const core = await withRunningServer((url) =>
    Array.from({ length: ROUNDS }, () => runKit([url, '--seed', 'bench', '--class', 'core'])),
  );
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
      target: { atMost: 45 },
      detail: `${told}; ${waits(whole)}; ${outcomeOf(whole)}`,
    },
    {
      name: 'server suite: CPU of the kit and its servers',
      value: median(whole.map((run) => run.cpuMs)) / 1_000,
      unit: 's',
      target: { atMost: 75 },
      detail: `${told}; the wall was ${seconds(wallMs)}`,
    },
    {
      name: 'class core by url: wall',
      value: median(core.map((run) => run.wallMs)) / 1_000,
      unit: 's',
      target: { atMost: 5 },
      detail: `median of ${ROUNDS} runs; ${waits(core)}; ${outcomeOf(core)}; CPU of the kit ${seconds(median(core.map((run) => run.cpuMs)))}`,
    },
  ];
};
