import type { Scenario } from '../../script/index.js';
import type { Instance } from '../tested.js';

export interface Schedule<S extends Scenario> {
  first: Instance;
  /** Instances for scenarios that need one for themselves; they may still be starting. undefined: it could not be started. */
  others: readonly Promise<Instance | undefined>[];
  /** Scenarios that may run at the same time on one instance. */
  concurrency: number;
  play: (scenario: S, instance: Instance) => Promise<void>;
}

const worker = async <S>(queue: S[], play: (scenario: S) => Promise<void>): Promise<void> => {
  for (let scenario = queue.shift(); scenario; scenario = queue.shift()) await play(scenario);
};

/** Resolves when all have ended; then rejects as the first one that rejected. */
const allEnded = async (work: readonly Promise<void>[]): Promise<void> => {
  const outcomes = await Promise.allSettled(work);
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed) throw failed.reason;
};

/** What takes long goes first, so that nothing long is left alone at the end. What takes equally long keeps its order. */
export const longestFirst = <S extends Scenario>(scenarios: readonly S[], waitMsOf: (scenario: S) => number): S[] =>
  scenarios
    .map((scenario) => ({ scenario, waitMs: waitMsOf(scenario) }))
    .sort((a, b) => b.waitMs - a.waitMs)
    .map(({ scenario }) => scenario);

/** The wanted ones go before the others; both keep their order. */
export const wantedFirst = <S extends Scenario>(scenarios: readonly S[], wanted: readonly string[]): S[] => {
  const ids = new Set(wanted);
  return [...scenarios.filter(({ id }) => ids.has(id)), ...scenarios.filter(({ id }) => !ids.has(id))];
};

/**
 * Plays all scenarios: those that share a subject side by side on the first instance, those that need one for
 * themselves one after another on each of the others, and on the first one as soon as nothing is shared any more.
 * After a rejection nothing more begins; it is passed on when all that was under way has ended.
 */
export const playAll = async <S extends Scenario>(
  scenarios: readonly S[],
  { first, others, concurrency, play }: Schedule<S>,
): Promise<void> => {
  const shared = scenarios.filter((scenario) => !scenario.exclusive);
  const exclusive = scenarios.filter((scenario) => scenario.exclusive);
  const stopAtFailure = async (work: Promise<void>): Promise<void> => {
    try {
      await work;
    } catch (cause) {
      shared.length = 0;
      exclusive.length = 0;
      throw cause;
    }
  };
  const alone = (instance: Instance) => worker(exclusive, (scenario) => play(scenario, instance));
  const aloneOnceStarted = async (starting: Promise<Instance | undefined>): Promise<void> => {
    const instance = await starting;
    if (instance) await alone(instance);
  };
  const sideBySide = async (): Promise<void> => {
    const workers = Array.from({ length: concurrency }, () => worker(shared, (scenario) => play(scenario, first)));
    await allEnded(workers.map(stopAtFailure));
    await alone(first);
  };
  await allEnded([sideBySide(), ...others.map(aloneOnceStarted)].map(stopAtFailure));
};
