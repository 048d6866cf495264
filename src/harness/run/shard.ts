import { createHash } from 'node:crypto';
import { CLIENT_TIMERS, DEFAULT_TIMERS, type Report } from '../../../schemas/index.js';
import { KitError } from '../../errors.js';
import type { Scenario } from '../../script/index.js';
import { declaredWaitMs } from '../../verbs/index.js';
import type { Shard } from '../options.js';

/** Connecting, packets, judging: what a scenario costs beside its waits; more where it kills and restarts. */
const COST_MS = { shared: 50, exclusive: 500 } as const;

/** What servers declare who know their network. By the longest times that the text allows, waiting would be all. */
const USUAL_TIMERS = {
  ...DEFAULT_TIMERS,
  redeliverAfterMs: 400,
  redeliverMaxMs: 2_000,
  deadAfterMs: 1_500,
  failoverMs: 6_000,
};

/** By what the script itself tells: the shards of a run are made on different machines and must come out alike. */
export const costOf = ({ steps, role, exclusive }: Scenario): number =>
  (exclusive ? COST_MS.exclusive : COST_MS.shared) +
  declaredWaitMs(steps, role === 'client' ? CLIENT_TIMERS : USUAL_TIMERS, role);

/** What one shard has to do so far: of the group in hand, of all, and how many scenarios. */
interface Load {
  group: number;
  all: number;
  scenarios: Scenario[];
}

/** What counts first: the group in hand, then all, then the number. */
const compare = (a: Load, b: Load): number =>
  a.group - b.group || a.all - b.all || a.scenarios.length - b.scenarios.length;

const lightest = (loads: readonly Load[]): Load =>
  loads.reduce((best, load) => (compare(load, best) < 0 ? load : best));

/**
 * Scenarios that need the subject for themselves take turns, others run side by side, and a subject claims some classes
 * only: each of these groups is shared out evenly, so that no shard has most of one that takes long.
 */
export const groupOf = ({ exclusive, class: name }: Scenario): string => `${exclusive} ${name}`;

const shareOut = (scenarios: readonly Scenario[], of: number): Load[] => {
  const loads = Array.from({ length: of }, (): Load => ({ group: 0, all: 0, scenarios: [] }));
  for (const group of [...new Set(scenarios.map(groupOf))].sort()) {
    const members = scenarios.filter((scenario) => groupOf(scenario) === group);
    const costs = new Map(members.map((scenario) => [scenario, costOf(scenario)]));
    const cost = (scenario: Scenario): number => costs.get(scenario) ?? 0;
    for (const load of loads) load.group = 0;
    // The longest first: what is left at the end is short, and evens out.
    for (const scenario of members.sort((a, b) => cost(b) - cost(a) || (a.id < b.id ? -1 : 1))) {
      const load = lightest(loads);
      load.group += cost(scenario);
      load.all += cost(scenario);
      load.scenarios.push(scenario);
    }
  }
  return loads;
};

/**
 * One shard of the chosen scenarios: the same scenarios and the same numbers give the same shard, on any machine, and
 * each scenario is in exactly one. Throws a usage KitError where there are more shards than scenarios.
 */
export const takeShard = (chosen: readonly Scenario[], { number, of }: Shard): Scenario[] => {
  if (of > chosen.length) {
    const message = `--shard ${number}/${of}: only ${chosen.length} scenarios are chosen`;
    throw new KitError('usage', message, 'Make fewer shards, or choose more scenarios.');
  }
  const { scenarios } = shareOut(chosen, of)[number - 1] as Load;
  const own = new Set(scenarios);
  return chosen.filter((scenario) => own.has(scenario));
};

/** How a report names its shard. `chosen` are the scenarios of all shards together. */
export const shardOf = (chosen: readonly Scenario[], { number, of }: Shard): NonNullable<Report['shard']> => {
  const ids = chosen.map(({ id }) => id).sort();
  const digest = createHash('sha256').update(ids.join('\n')).digest('hex').slice(0, 16);
  return { number, of, scenarios: ids.length, digest };
};
