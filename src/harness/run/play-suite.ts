import type { ScenarioResult } from '../../../schemas/index.js';
import { KitError } from '../../errors.js';
import type { Instance } from '../tested.js';
import { playOne } from './play-one.js';
import { type Repetition, repetitionName } from './repetitions.js';
import { deservesRetry } from './retries.js';
import { longestFirst, playAll, wantedFirst } from './schedule.js';
import { keep, oneLine, type Suite, sentenceOf } from './suite.js';

/** A missed time bound is tried again, alone, with this much more patience, before it counts. */
const RETRY_PATIENCE = 4;
/** When so many retries in a row confirm the failure, the subject is slow, not the machine. */
const ENOUGH_RETRIES = 8;

/** The end of a process is known this much later than its sockets have closed, at most. */
const EXIT_IS_KNOWN_WITHIN_MS = 2_000;

/** Failed on a shared subject that ended by itself meanwhile: another scenario may have made it end. */
const failedWhileExiting = (suite: Suite, repetition: Repetition): boolean => {
  const window = suite.windows.get(repetitionName(repetition));
  if (repetition.exclusive || window === undefined) return false;
  if (suite.results.get(repetitionName(repetition))?.verdict !== 'failed') return false;
  return window.instance.exits.some((at) => at >= window.from && at <= window.to + EXIT_IS_KNOWN_WITHIN_MS);
};

/**
 * Scenarios that shared a subject when it ended are played again, alone: in the one that made it end it ends again.
 * Where it ends in none of them, all stay failed, for nobody knows which it was.
 */
const findCulprits = async (suite: Suite, repetitions: readonly Repetition[], instance: Instance): Promise<void> => {
  const died = repetitions.filter((repetition) => failedWhileExiting(suite, repetition));
  const before = new Map(died.map((repetition) => [repetition, suite.results.get(repetitionName(repetition))]));
  let confirmed = 0;
  for (const repetition of died) {
    if (confirmed >= ENOUGH_RETRIES) break;
    await playOne(suite, repetition, instance, suite.options.patienceMs, 2);
    const verdict = suite.results.get(repetitionName(repetition))?.verdict;
    confirmed = verdict === 'passed' ? 0 : confirmed + 1;
  }
  if (died.some((repetition) => failedWhileExiting(suite, repetition))) return;
  for (const [repetition, result] of before) if (result !== undefined) keep(suite, repetition, result);
};

/**
 * What a scenario did to the process and its data in the first attempt is undone: a fault of the third start would not
 * come at the sixth one. The replay line of the failure plays it like this, too.
 */
const renew = async (instance: Instance): Promise<void> => {
  try {
    await instance.renew?.();
  } catch (cause) {
    // Whoever needs the process next tries again to start it, and tells why that fails.
    if (!(cause instanceof KitError)) throw cause;
  }
};

/** What may have failed for lack of time gets a second chance, without company and with more patience. */
const retry = async (suite: Suite, repetitions: readonly Repetition[], instance: Instance): Promise<void> => {
  let confirmed = 0;
  for (const repetition of repetitions) {
    const result = suite.results.get(repetitionName(repetition));
    if (!result || !deservesRetry(result)) continue;
    if (confirmed >= ENOUGH_RETRIES) break;
    if (repetition.exclusive) await renew(instance);
    await playOne(suite, repetition, instance, suite.options.patienceMs * RETRY_PATIENCE, 2);
    const verdict = suite.results.get(repetitionName(repetition))?.verdict;
    confirmed = verdict === 'passed' ? 0 : confirmed + 1;
  }
};

/** Starts the instances beside the first one; nobody waits for them before there is something to do. */
export const startOthers = (suite: Suite, repetitions: readonly Repetition[]): Promise<Instance | undefined>[] => {
  const { options, prepared, signal } = suite;
  const { startAnother } = prepared;
  if (startAnother === undefined || options.instances === 1) return [];
  const exclusive = repetitions.filter((repetition) => repetition.exclusive).length;
  const alone = Math.min(options.instances, exclusive);
  // Where nothing is shared, the first instance is one of those that are killed.
  const others = exclusive < repetitions.length ? alone : Math.max(0, alone - 1);
  return Array.from({ length: others }, async () => {
    try {
      return await startAnother();
    } catch (cause) {
      if (!(cause instanceof KitError)) throw cause;
      // The first one has been started, so the run goes on with fewer; it only takes longer.
      if (!signal.aborted) suite.hooks.onNote?.(`a further instance could not be started: ${sentenceOf(cause)}`);
      return undefined;
    }
  });
};

const isTroubled = ({ verdict }: ScenarioResult): boolean => verdict === 'inconclusive' || verdict === 'failed';

/** The last words of a subject that died tell more than all the scenarios in which it did. */
export const noteExits = async (
  { prepared, problems, results }: Suite,
  others: readonly Promise<Instance | undefined>[],
): Promise<void> => {
  const isTold = [...results.values()].some(isTroubled);
  for (const instance of [prepared.first, ...(await Promise.all(others))]) {
    if (!isTold && instance?.lostService !== true) continue;
    const exitReport = await instance?.exitReport();
    if (exitReport !== undefined) problems.add(oneLine(exitReport));
  }
};

/** A subject that the kit did not start may go away during the run: many scenarios tell of it, one sentence says it. */
const noteIfGone = async ({ prepared, results, problems }: Suite): Promise<void> => {
  if (![...results.values()].some(isTroubled)) return;
  const gone = await prepared.whyGone();
  if (gone !== undefined) problems.add(oneLine(gone));
};

/** Plays everything, and what may have failed for lack of time once more. Throws only Interrupted. */
export const play = async (
  suite: Suite,
  repetitions: readonly Repetition[],
  others: readonly Promise<Instance | undefined>[],
): Promise<void> => {
  const { options, prepared } = suite;
  await playAll(wantedFirst(longestFirst(repetitions, prepared.waitMs), options.first ?? []), {
    first: prepared.first,
    others,
    concurrency: options.concurrency,
    play: (repetition, instance) => playOne(suite, repetition, instance, options.patienceMs, 1),
  });
  await findCulprits(suite, repetitions, prepared.first);
  await retry(suite, repetitions, prepared.first);
  await noteIfGone(suite);
};
