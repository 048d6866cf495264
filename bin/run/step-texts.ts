import { inert } from '../../src/report/inert.js';
import type { Step } from '../../src/script/index.js';
import { loadScenarios } from '../../src/verbs/index.js';

/** The steps of a script, a line each. */
export const stepTexts = (steps: readonly Step[]): string[] =>
  steps.flatMap((step) => (step.kind === 'together' ? ['together:', ...stepTexts(step.steps)] : [step.text]));

/** Finds the steps of a scenario by its id. */
export const stepsFinder = (): ((id: string) => readonly string[]) => {
  const scenarios = new Map(loadScenarios().map((scenario) => [scenario.id, scenario]));
  return (id) => stepTexts(scenarios.get(id)?.steps ?? []).map(inert);
};
