import type { Description } from '../../schemas/index.js';
import { actionSteps, factsOf } from './actions.js';
import { fillLimits } from './declared-limits.js';
import type { Scenario } from './model.js';
import type { Vocabulary } from './vocabulary.js';

/**
 * The most messages that a script sends to one user. So many wait in an inbox at once at most, whatever is acked
 * meanwhile and when.
 */
export const mostToOneUser = (
  { clients, steps }: Pick<Scenario, 'clients' | 'steps'>,
  description: Description,
  vocabulary: Vocabulary,
): number => {
  const users = new Map<string, number>();
  for (const step of actionSteps(steps)) {
    const sent = factsOf(step, vocabulary).defines(fillLimits(step.action, description));
    if (sent === undefined) continue;
    const user = clients.find((client) => client.name === sent.to)?.userOf ?? sent.to;
    users.set(user, (users.get(user) ?? 0) + sent.labels.length);
  }
  return Math.max(0, ...users.values());
};
