import { inert, type ShownStep } from '../../src/report/index.js';
import { killedNamed, type Step } from '../../src/script/index.js';
import { loadScenarios } from '../../src/verbs/index.js';

/** The steps of a script, a line each. */
export const stepTexts = (steps: readonly Step[]): string[] =>
  steps.flatMap((step) => (step.kind === 'together' ? ['together:', ...stepTexts(step.steps)] : [step.text]));

const shownSteps = (steps: readonly Step[]): ShownStep[] =>
  steps.flatMap((step) => [
    { step: step.path, text: inert(step.text) },
    ...(step.kind === 'together' ? shownSteps(step.steps) : []),
  ]);

/** Finds the steps of a scenario by its id, with their numbers. */
export const stepsFinder = (): ((id: string) => readonly ShownStep[]) => {
  const scenarios = loadScenarios();
  const written = new Map(scenarios.map((scenario) => [scenario.id, scenario]));
  return (id) => shownSteps((written.get(id) ?? killedNamed(id, scenarios))?.steps ?? []);
};
