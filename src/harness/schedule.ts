import type { Scenario } from '../scenario/index.js';
import type { Instance } from './instance.js';

export interface Schedule {
  instances: readonly Instance[];
  /** Scenarios that may run at the same time on one instance. */
  concurrency: number;
  play: (scenario: Scenario, instance: Instance) => Promise<void>;
}

const worker = async (queue: Scenario[], play: (scenario: Scenario) => Promise<void>): Promise<void> => {
  for (let scenario = queue.shift(); scenario; scenario = queue.shift()) await play(scenario);
};

/**
 * Plays all scenarios: those that share a subject side by side on the first instance, those that need one for
 * themselves one after another on each of the others; an instance that has nothing left helps with what remains.
 * Rejects at the first `play` that rejects, after all others have ended.
 */
export const playAll = async (
  scenarios: readonly Scenario[],
  { instances, concurrency, play }: Schedule,
): Promise<void> => {
  const shared = scenarios.filter((scenario) => !scenario.exclusive);
  const exclusive = scenarios.filter((scenario) => scenario.exclusive);
  const alone = (instance: Instance) => worker(exclusive, (scenario) => play(scenario, instance));
  const [first, ...others] = instances;
  if (!first) return;
  const sideBySide = async (): Promise<void> => {
    const workers = Array.from({ length: concurrency }, () => worker(shared, (scenario) => play(scenario, first)));
    const outcomes = await Promise.allSettled(workers);
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed) throw failed.reason;
    await alone(first);
  };
  const outcomes = await Promise.allSettled([sideBySide(), ...others.map(alone)]);
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed) throw failed.reason;
};
