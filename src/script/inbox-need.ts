import type { Description } from '../../schemas/index.js';
import { fillLimits } from './declared-limits.js';
import { expandLabels } from './labels.js';
import type { Scenario, Step } from './model.js';

const countSent = (steps: readonly Step[], description: Description, sent: Map<string, number>): void => {
  for (const step of steps) {
    if (step.kind === 'together') countSent(step.steps, description, sent);
    if (step.kind !== 'client' || step.action.verb !== 'sends') continue;
    const { sends, to } = fillLimits(step.action, description);
    sent.set(to, (sent.get(to) ?? 0) + expandLabels(sends).length);
  }
};

/**
 * The most messages that a script sends to one user. So many wait in an inbox at once at most, whatever is acked
 * meanwhile and when.
 */
export const mostToOneUser = ({ clients, steps }: Scenario, description: Description): number => {
  const sent = new Map<string, number>();
  countSent(steps, description, sent);
  const users = new Map<string, number>();
  for (const [name, count] of sent) {
    const user = clients.find((client) => client.name === name)?.userOf ?? name;
    users.set(user, (users.get(user) ?? 0) + count);
  }
  return Math.max(0, ...users.values());
};
