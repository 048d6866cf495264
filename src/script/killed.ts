import type { Scenario, Step } from './model.js';

/**
 * Restarts that scripts aim are tidy: they come where somebody thought of one. So any scenario may be killed after any
 * of its steps; then the server is started again and all is judged as ever. `server/core/takeover+killed-after-3` ends
 * its script after the third step.
 */
const KILLED = '+killed-after-';

/** Whether an id or a glob means scenarios that are killed. */
export const meansKilled = (name: string): boolean => name.includes(KILLED);

/** Whether a kill may be put into a scenario: it does nothing to the process itself, and nobody stands by who must not notice. */
export const isKillable = ({ role, bystanders, steps, needs }: Scenario): boolean =>
  role === 'server' &&
  !(bystanders || needs.control || needs.clock || needs.limits || needs.memory) &&
  steps.length > 0;

const KILL: Step[] = [
  { kind: 'subject', path: 'kill', text: 'subject: { crashes: true }', action: { verb: 'crashes', crashes: true } },
  { kind: 'subject', path: 'start', text: 'subject: { restarts: true }', action: { verb: 'restarts', restarts: true } },
];

/** The scenario up to one of its steps, from 1, then a kill and a new start. */
export const killedAfter = (scenario: Scenario, step: number): Scenario => {
  const stepsFor: Scenario['stepsFor'] = (choice) => [...scenario.stepsFor(choice).slice(0, step), ...KILL];
  const also = [scenario.class, ...scenario.alsoNeeds].filter((name) => name !== 'durable');
  return {
    ...scenario,
    id: `${scenario.id}${KILLED}${step}`,
    title: `${scenario.title}, killed after step ${step} of ${scenario.steps.length}`,
    class: 'durable',
    alsoNeeds: [...new Set(also)],
    // It breaks off where its duties were to be shown; what it does exercise is counted.
    proves: [],
    cells: [],
    clientCells: [],
    stepsFor,
    steps: [...scenario.steps.slice(0, step), ...KILL],
    exclusive: true,
    needs: { ...scenario.needs, control: true },
  };
};

/** All that can be made of some scenarios. */
export const killedOf = (scenarios: readonly Scenario[]): Scenario[] =>
  scenarios.filter(isKillable).flatMap((one) => one.steps.map((_, index) => killedAfter(one, index + 1)));

/** The one of this id, if there is one. */
export const killedNamed = (id: string, scenarios: readonly Scenario[]): Scenario | undefined => {
  const [base, step] = id.split(KILLED);
  const scenario = step === undefined ? undefined : scenarios.find((one) => one.id === base);
  const number = Number(step);
  if (scenario === undefined || !isKillable(scenario)) return undefined;
  return Number.isInteger(number) && number >= 1 && number <= scenario.steps.length
    ? killedAfter(scenario, number)
    : undefined;
};

/** So many of those that are wanted, drawn by chance: another scenario each, and any of its steps. */
export const drawKilled = (
  scenarios: readonly Scenario[],
  count: number,
  random: () => number,
  isWanted: (killed: Scenario) => boolean,
): Scenario[] => {
  const left = [...scenarios];
  const drawn: Scenario[] = [];
  while (left.length > 0 && drawn.length < count) {
    const [scenario] = left.splice(Math.floor(random() * left.length), 1) as [Scenario];
    if (!isKillable(scenario)) continue;
    const killed = killedAfter(scenario, 1 + Math.floor(random() * scenario.steps.length));
    if (isWanted(killed)) drawn.push(killed);
  }
  return drawn;
};
