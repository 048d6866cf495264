import { KitError } from '../errors.js';
import type { ActionStep, Step } from './model.js';
import type { VerbFacts, Vocabulary } from './vocabulary.js';

/** What is done in a script, steps that run side by side included. */
export const actionSteps = (steps: readonly Step[]): ActionStep[] =>
  steps.flatMap((step) => {
    if (step.kind === 'together') return actionSteps(step.steps);
    return step.kind === 'waits' ? [] : [step];
  });

/** A verb that is known: the loader refuses a script with any other. */
export const verbNamed = <V>(verbs: ReadonlyMap<string, V>, name: string): V => {
  const found = verbs.get(name);
  if (found === undefined) throw new KitError('kit', `no verb is called "${name}"`, 'Please report this.');
  return found;
};

export const factsOf = ({ kind, action }: ActionStep, vocabulary: Vocabulary): VerbFacts =>
  verbNamed(vocabulary[kind] ?? new Map(), action.verb);
