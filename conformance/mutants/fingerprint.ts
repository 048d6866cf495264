import { createHash } from 'node:crypto';
import { matcher } from '../../src/harness/index.js';
import { loadScenarios } from '../../src/verbs/index.js';
import type { Mutant } from './mutant.js';

/** Another one as soon as the entry of a mutant changes, or the script that must catch it: then old figures say nothing of it. */
export const fingerprintOf = (entry: Mutant): string => {
  // What the first failure may name has no part in whether there is one.
  const { equivalents: _, ...mutant } = entry;
  const matches = matcher(mutant.caughtBy);
  const catchers = loadScenarios()
    .filter(({ id }) => matches(id))
    .map(({ id, clients, steps, settle }) => ({ id, clients, steps, settle }));
  return createHash('sha256')
    .update(JSON.stringify([mutant, catchers]))
    .digest('hex')
    .slice(0, 10);
};
