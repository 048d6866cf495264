import type { HistoryEvent } from '../../../schemas/index.js';
import { defined } from '../../defined.js';
import { KitError } from '../../errors.js';
import { Interrupted } from '../../play/index.js';
import { AccountPool, type Lease } from '../server/accounts/index.js';
import { probesOf } from '../server/probes.js';
import { writeHistory } from './history-file.js';
import type { Instance } from './instance.js';
import { type Repetition, randomFor, repetitionName } from './repetitions.js';
import { isCertain } from './retries.js';
import { brokenOff, notRun, runScenario } from './run-scenario.js';
import { keep, progress, replayOf, type Suite, sentenceOf } from './suite.js';

/** Tells where the history is. One sentence is enough where it could not be written: the next one will not fit either. */
const keepHistory = async (
  suite: Suite,
  scenario: Repetition,
  events: readonly HistoryEvent[],
): Promise<string | undefined> => {
  const { historyDir } = suite.options;
  if (historyDir === undefined) return undefined;
  try {
    return await writeHistory(historyDir, repetitionName(scenario), events);
  } catch (cause) {
    if (!(cause instanceof KitError)) throw cause;
    if (!suite.historyLost) suite.problems.add(sentenceOf(cause));
    suite.historyLost = true;
    return undefined;
  }
};

/** The accounts of `--users` on one server: each server has its own state of them. */
export const accountsOf = ({ options, prepared }: Suite, instance: Instance): AccountPool | undefined => {
  if (options.users === undefined) return undefined;
  const answerMs = prepared.timers.answerWithinMs + options.patienceMs;
  instance.accounts ??= new AccountPool(options.users, {
    dial: instance.dial,
    devicesApart: prepared.classes.includes('multi-device'),
    quietMs: answerMs,
    connectMs: answerMs,
  });
  return instance.accounts;
};

/** Accounts that cannot be emptied belong to no scenario. One sentence says so: the next one will not do better. */
const returnAccounts = async (suite: Suite, instance: Instance, lease: Lease | undefined, settled: boolean) => {
  if (lease === undefined) return;
  try {
    await instance.revive();
    await lease.release(settled);
  } catch (cause) {
    lease.abandon();
    if (!(cause instanceof KitError)) throw cause;
    if (!suite.accountLost) suite.problems.add(sentenceOf(cause));
    suite.accountLost = true;
  }
};

/** Plays a scenario once and keeps the result. Throws only Interrupted. */
export const playOne = async (
  suite: Suite,
  scenario: Repetition,
  instance: Instance,
  patienceMs: number,
  attempt: number,
): Promise<void> => {
  const { options, prepared, ledger, signal } = suite;
  let lease: Lease | undefined;
  let settled = false;
  let events: readonly HistoryEvent[] = [];
  suite.running.add(repetitionName(scenario));
  suite.played += 1;
  const from = performance.now();
  // Taken before anything is awaited: no two scenarios may share their users.
  const userSuffix = `${suite.runId}${suite.played.toString(36)}`;
  progress(suite);
  try {
    if (signal.aborted) throw new Interrupted('the run was interrupted');
    await instance.revive();
    await instance.underClock(scenario.needs.clock);
    const control = instance.controlFor(scenario.exclusive);
    lease = await accountsOf(suite, instance)?.lease(scenario);
    // Its turn may have come much later.
    if (lease) await instance.revive();
    const result = await runScenario(scenario, {
      prepared,
      instance,
      ...defined({ control, identity: lease?.identity }),
      probes: probesOf(instance.subject, prepared, options, scenario),
      ledger,
      patienceMs,
      random: randomFor(options.seed, scenario),
      userSuffix,
      signal,
      replay: replayOf(options, scenario),
      attempt,
      stalls: suite.stalls,
      keepHistory: (whole) => {
        events = whole;
        return keepHistory(suite, scenario, whole);
      },
    });
    settled = result.verdict === 'passed' && scenario.settle.reconnects && scenario.settle.resends;
    // Whoever made a shared server end is found out later.
    const ended = !scenario.exclusive && attempt === 1 && instance.exits.some((at) => at >= from);
    keep(suite, scenario, result, { certain: isCertain(result) && !ended, events });
  } catch (cause) {
    if (cause instanceof Interrupted) throw cause;
    keep(
      suite,
      scenario,
      notRun(scenario, { role: prepared.role, ...brokenOff(cause), replay: replayOf(options, scenario) }),
    );
  } finally {
    suite.windows.set(repetitionName(scenario), { instance, from, to: performance.now() });
    suite.running.delete(repetitionName(scenario));
    await returnAccounts(suite, instance, lease, settled);
    progress(suite);
  }
};
