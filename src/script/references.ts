import { type Place, placesIn } from '../template.js';
import { actionSteps, factsOf } from './actions.js';
import { COUNTED_LIMITS, fillStandIns } from './declared-limits.js';
import { RAW_LABEL, UNKNOWN_LABEL } from './labels.js';
import type { ActionStep, Step } from './model.js';
import type { Source } from './source.js';
import type { VerbFacts, Vocabulary } from './vocabulary.js';

/** What is wrong with a name that a step uses, and what to do about it. */
type Wrong = [problem: string, remedy: string];

const unknownClient = (name: string, clients: ReadonlySet<string>): Wrong => [
  `names "${name}", which is no client`,
  `Clients of this scenario: ${[...clients].join(', ')}.`,
];

const unknownLabel = (label: string): Wrong => [`names "${label}", which nobody sent before`, 'Check the label.'];

const wrongPlace = (
  { name, argument, text }: Place,
  fills: readonly string[],
  clients: ReadonlySet<string>,
  labels: ReadonlySet<string>,
): Wrong | undefined => {
  const known = [...COUNTED_LIMITS, ...fills];
  if (!known.includes(name)) return [`holds ${text}, which stands for nothing`, `Known here: ${known.join(', ')}.`];
  if (argument === undefined) return undefined;
  if (name === 'user' || name === 'token') return clients.has(argument) ? undefined : unknownClient(argument, clients);
  return labels.has(argument) ? undefined : unknownLabel(argument);
};

const wrongName = (
  step: ActionStep,
  verb: VerbFacts,
  clients: ReadonlySet<string>,
  labels: ReadonlySet<string>,
): Wrong | undefined => {
  const client = verb.clients(step.action).find((name) => !clients.has(name));
  if (client !== undefined) return unknownClient(client, clients);
  const label = verb.uses(fillStandIns(step.action)).find((name) => !labels.has(name));
  if (label !== undefined) return unknownLabel(label);
  const read = Object.entries(step.action).filter(([option]) => !verb.verbatim.includes(option));
  const wrong = placesIn(Object.fromEntries(read)).map((place) => wrongPlace(place, verb.fills, clients, labels));
  return wrong.find((found) => found !== undefined);
};

/**
 * What a step names must be there: a message that was sent before, a client, something that a place stands for. A
 * typo would otherwise wait for a message that never was, or be sent as it stands.
 */
export const checkReferences = (
  source: Source,
  steps: readonly Step[],
  clients: ReadonlySet<string>,
  vocabulary: Vocabulary,
): void => {
  const labels = new Set([RAW_LABEL, UNKNOWN_LABEL]);
  // The server of the kit aims its faults before the message is there that they meet.
  if (vocabulary.server) {
    for (const step of actionSteps(steps)) {
      for (const label of factsOf(step, vocabulary).defines(fillStandIns(step.action))?.labels ?? []) labels.add(label);
    }
  }
  for (const step of actionSteps(steps)) {
    const verb = factsOf(step, vocabulary);
    for (const label of verb.defines(fillStandIns(step.action))?.labels ?? []) labels.add(label);
    const wrong = wrongName(step, verb, clients, labels);
    if (wrong === undefined) continue;
    const [problem, remedy] = wrong;
    throw source.fault(
      ['script', Number(step.path.split('.')[0]) - 1],
      `step ${step.path} (${step.text}) ${problem}`,
      remedy,
    );
  }
};
