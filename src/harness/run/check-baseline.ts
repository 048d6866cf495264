import type { Role } from '../../../schemas/index.js';
import { KitError } from '../../errors.js';
import { isOfRole, loadLedger } from '../../ledger/index.js';
import { didYouMean } from '../../nearest.js';
import { killedOf, meansKilled } from '../../script/index.js';
import { loadScenarios } from '../../verbs/index.js';
import { Baseline, type BaselineEntry, parseEntry } from './baseline.js';

const entryOf = (text: string): BaselineEntry => {
  const entry = parseEntry(text);
  if (entry !== undefined) return entry;
  const remedy = 'Write a scenario, a glob or a requirement a line; what fails now and then as `NAME flaky 2 of 10`.';
  throw new KitError('usage', `the baseline has an entry that cannot be read: "${text}"`, remedy);
};

/**
 * The known failures of a run. Throws a usage KitError for an entry that cannot be read, and for one that names nothing:
 * a typo must not hide that a known failure is not known.
 */
export const checkedBaseline = (texts: readonly string[], role: Role): Baseline => {
  const baseline = new Baseline(texts.map(entryOf));
  const written = loadScenarios().filter((scenario) => scenario.role === role);
  const killed = baseline.entries.some(({ names }) => meansKilled(names)) ? killedOf(written) : [];
  const ids = [...written, ...killed].map(({ id }) => id);
  const requirements = loadLedger().requirements.flatMap((one) => (isOfRole(one, role) ? [one.id] : []));
  for (const entry of baseline.entries) {
    const known = entry.isRequirement
      ? requirements.some((id) => id === entry.names)
      : ids.some((id) => baseline.matches(entry, id));
    if (known) continue;
    const what = entry.isRequirement ? `requirement of a ${role}` : 'scenario';
    const near = didYouMean(entry.names, entry.isRequirement ? requirements : ids);
    const message = `the baseline names "${entry.names}", which is no ${what}`;
    throw new KitError('usage', message, `${near}Correct it, or remove it; --list prints the ids.`);
  }
  return baseline;
};
