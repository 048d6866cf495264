import { type ScenarioResult, worstOf } from '../../../schemas/index.js';
import { defined } from '../../defined.js';
import type { Scenario } from '../../script/index.js';
import type { RunOptions } from '../options.js';
import { randomOf } from './random.js';

/** A scenario that is played once: with `--repeat` it has several, each with other moments and other random choices. */
export interface Repetition extends Scenario {
  /** From 1. */
  repetition: number;
}

/** Tells the repetitions of a run apart. */
export const repetitionName = ({ id, repetition }: Pick<Repetition, 'id' | 'repetition'>): string =>
  repetition === 1 ? id : `${id}~${repetition}`;

/** Whatever a script leaves to chance: the same for the same seed, scenario and repetition. */
export const randomFor = (seed: string, { id, repetition }: Repetition): (() => number) =>
  repetition === 1 ? randomOf(seed, id) : randomOf(seed, id, String(repetition));

/** How often a scenario is played, and with which points of its sweeps. */
export const repetitionsOf = (
  scenario: Scenario,
  { repeat = 1, repetition, sweep }: Pick<RunOptions, 'repeat' | 'repetition' | 'sweep'>,
): Repetition[] => {
  const wanted = repetition === undefined ? Array.from({ length: repeat }, (_, i) => i + 1) : [repetition];
  return wanted.map((number) => ({
    ...scenario,
    repetition: number,
    steps: scenario.stepsFor({ repetition: number, ...defined({ points: sweep }) }),
  }));
};

const repetitionOf = (result: ScenarioResult): number => result.repetitions?.shown ?? 1;

const addUp = (results: readonly ScenarioResult[]): ScenarioResult['exercised'] => {
  const sums: ScenarioResult['exercised'] = {};
  for (const { exercised } of results) {
    for (const [id, times] of Object.entries(exercised)) sums[id] = (sums[id] ?? 0) + times;
  }
  return sums;
};

const merge = (results: readonly [ScenarioResult, ...ScenarioResult[]]): ScenarioResult => {
  const inOrder = [...results].sort((a, b) => repetitionOf(a) - repetitionOf(b));
  const worst = worstOf(inOrder.map(({ verdict }) => verdict));
  const alike = inOrder.filter((result) => result.verdict === worst);
  // A warning is shown even if it came only once.
  const warned = worst === 'passed' ? alike.find(({ warnings }) => warnings.length > 0) : undefined;
  const shown = warned ?? alike[0] ?? results[0];
  const failed = inOrder.filter(({ verdict }) => verdict === 'failed').map(repetitionOf);
  return {
    ...shown,
    exercised: addUp(results),
    durationMs: results.reduce((sum, { durationMs }) => sum + durationMs, 0),
    waitedMs: results.reduce((sum, { waitedMs }) => sum + waitedMs, 0),
    stalledMs: Math.max(...results.map(({ stalledMs }) => stalledMs)),
    repetitions: { played: results.length, failed, shown: repetitionOf(shown) },
  };
};

/** One result for each scenario: that of its worst repetition. It fails if any of them does. */
export const mergeRepetitions = (results: readonly ScenarioResult[]): ScenarioResult[] => {
  const groups = new Map<string, [ScenarioResult, ...ScenarioResult[]]>();
  for (const result of results) {
    const group = groups.get(result.id);
    if (group) group.push(result);
    else groups.set(result.id, [result]);
  }
  return [...groups.values()].map((group) => (group[0].repetitions === undefined ? group[0] : merge(group)));
};
