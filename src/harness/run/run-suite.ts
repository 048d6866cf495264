import { randomBytes } from 'node:crypto';
import type { Report } from '../../../schemas/index.js';
import { defined } from '../../defined.js';
import { KitError } from '../../errors.js';
import { loadLedger } from '../../ledger/index.js';
import { Interrupted } from '../../play/index.js';
import type { Scenario } from '../../script/index.js';
import type { RunHooks, RunOptions } from '../options.js';
import type { Instance, RoleHarness } from '../tested.js';
import { checkedBaseline } from './check-baseline.js';
import { killedAmong, listScenarios } from './list-scenarios.js';
import { Pace } from './pace.js';
import { noteExits, play, startOthers } from './play-suite.js';
import { randomOf, shuffle } from './random.js';
import { type Repetition, repetitionName, repetitionsOf } from './repetitions.js';
import { notRun } from './run-scenario.js';
import { StallMeter } from './stall-meter.js';
import { keep, replayOf, type Suite } from './suite.js';
import { headOf, reportOf } from './suite-report.js';

/** An option that does nothing would promise a certainty that nobody got. */
const checkSweep = ({ sweep }: RunOptions, chosen: readonly Scenario[]): void => {
  if (sweep === undefined || chosen.some((scenario) => scenario.sweeps)) return;
  const remedy = 'Leave --sweep out; --repeat plays any scenario several times.';
  throw new KitError('usage', '--sweep: none of the chosen scenarios has a sweep', remedy, { field: 'sweep' });
};

const closeAll = async (first: Instance, others: readonly Promise<Instance | undefined>[]): Promise<void> => {
  const started = (await Promise.allSettled(others)).map((one) => (one.status === 'fulfilled' ? one.value : undefined));
  await Promise.all([first, ...started].map((instance) => instance?.close()));
};

/**
 * Tests one subject: starts or finds it, plays the chosen scenarios, judges every history and ends everything that it
 * started. Throws a KitError `usage` or `unreachable` when nothing could be tested; every other trouble is in the report.
 */
export const testWith = async (
  harness: RoleHarness,
  options: RunOptions,
  hooks: RunHooks,
  signal: AbortSignal,
): Promise<Report> => {
  const startedAt = new Date();
  const written = listScenarios(options);
  const baseline = checkedBaseline(options.baseline ?? [], options.role ?? 'server');
  checkSweep(options, written);
  const prepared = await harness.prepare(options, signal, hooks.onNote);
  for (const note of prepared.notes) hooks.onNote?.(note);
  const chosen = [...written, ...killedAmong(written, options, prepared)];
  const suite: Suite = {
    options,
    hooks,
    signal,
    prepared,
    ledger: loadLedger(),
    results: new Map(),
    running: new Set(),
    pace: new Pace(new Map(), performance.now()),
    windows: new Map(),
    baseline,
    total: chosen.length,
    runId: randomBytes(4).toString('hex'),
    played: 0,
    stalls: new StallMeter(),
    problems: new Set(),
    historyLost: false,
    seatLost: false,
  };
  const others: Promise<Instance | undefined>[] = [];
  try {
    hooks.onStart?.({ ...headOf(suite, startedAt), total: chosen.length });
    const runnable: Repetition[] = [];
    for (const scenario of shuffle(chosen, randomOf(options.seed))) {
      const not = prepared.whyNotRun(scenario);
      if (!not) runnable.push(...repetitionsOf(scenario, options));
      else {
        const repetition = { ...scenario, repetition: 1 };
        keep(
          suite,
          repetition,
          notRun(repetition, {
            role: prepared.role,
            verdict: not.verdict,
            because: not.because,
            reason: not.reason,
            replay: replayOf(options, repetition),
            ...defined({ unable: not.unable }),
          }),
          // What the kit is unable to play may be unproven yet, which shows when all else was played.
          { certain: not.unable !== true || not.verdict === 'unproven' },
        );
      }
    }
    suite.total = suite.results.size + runnable.length;
    const waits = runnable.map((one) => [repetitionName(one), prepared.waitMs(one)] as const);
    suite.pace = new Pace(new Map(waits), performance.now());
    await prepared.ready(runnable);
    others.push(...startOthers(suite, runnable));
    let complete = true;
    try {
      await play(suite, runnable, others);
    } catch (cause) {
      if (!(cause instanceof Interrupted)) throw cause;
      complete = false;
    }
    await noteExits(suite, others);
    return reportOf(suite, complete, startedAt);
  } finally {
    suite.stalls.stop();
    await closeAll(prepared.first, others);
  }
};
