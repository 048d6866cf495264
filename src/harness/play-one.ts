import { KitError } from '../errors.js';
import { Interrupted } from '../play/index.js';
import { AccountPool, type Lease } from './accounts/index.js';
import type { Instance } from './instance.js';
import { tlsOf } from './prepare.js';
import { type Playing, playingName, randomFor } from './repetitions.js';
import { notRun, runScenario } from './run-scenario.js';
import { keep, progress, replayOf, type Suite, sentenceOf } from './suite.js';

/** One sentence is enough: the next history will not fit either. */
const loseHistory = (suite: Suite, error: KitError): void => {
  if (!suite.historyLost) suite.problems.add(sentenceOf(error));
  suite.historyLost = true;
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
const giveBack = async (suite: Suite, instance: Instance, lease: Lease | undefined, settled: boolean) => {
  if (lease === undefined) return;
  try {
    await instance.revive();
    await lease.release(settled);
  } catch (cause) {
    lease.giveUp();
    if (!(cause instanceof KitError)) throw cause;
    if (!suite.accountLost) suite.problems.add(sentenceOf(cause));
    suite.accountLost = true;
  }
};

/** Plays a scenario once and keeps the result. Throws only Interrupted. */
export const playOne = async (
  suite: Suite,
  scenario: Playing,
  instance: Instance,
  patienceMs: number,
  attempt: number,
): Promise<void> => {
  const { options, prepared, ledger, signal } = suite;
  let lease: Lease | undefined;
  let settled = false;
  suite.running.add(playingName(scenario));
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
      ...(lease ? { lease } : {}),
      subject: instance.subject,
      ...(control ? { control } : {}),
      dial: instance.dial,
      attacker: instance.intruder,
      tls: tlsOf(options),
      description: prepared.description,
      timers: prepared.timers,
      ...(prepared.served ? { served: prepared.served } : {}),
      ledger,
      patienceMs,
      random: randomFor(options.seed, scenario),
      userSuffix,
      signal,
      replay: replayOf(options, scenario),
      attempt,
      stalls: suite.stalls,
      ...(options.historyDir === undefined ? {} : { historyDir: options.historyDir }),
      historyName: playingName(scenario),
      onHistoryLost: (error) => loseHistory(suite, error),
    });
    settled = result.verdict === 'passed' && scenario.settle.reconnects && scenario.settle.resends;
    keep(suite, scenario, result);
  } catch (cause) {
    if (cause instanceof Interrupted) throw cause;
    const isOfKit = !(cause instanceof KitError) || cause.code === 'kit';
    const reason = cause instanceof KitError ? sentenceOf(cause) : `the kit failed: ${(cause as Error).stack ?? cause}`;
    keep(suite, scenario, notRun(scenario, isOfKit ? 'error' : 'inconclusive', reason, replayOf(options, scenario)));
  } finally {
    suite.windows.set(playingName(scenario), { instance, from, to: performance.now() });
    suite.running.delete(playingName(scenario));
    await giveBack(suite, instance, lease, settled);
    progress(suite);
  }
};
