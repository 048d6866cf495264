import { KitError } from '../errors.js';
import type { Ledger, Requirement } from './requirement.js';
import { REQUIREMENTS } from './requirements.generated.js';

const ledger: Ledger = { requirements: REQUIREMENTS, byId: new Map(REQUIREMENTS.map((one) => [one.id, one])) };

/** All requirements of the specification, as this package holds it in `spec/requirements.yaml`. */
export const loadLedger = (): Ledger => ledger;

/** The requirement of that id. Throws a KitError of code `usage` when there is none. */
export const requirementOf = (ledger: Ledger, id: string): Requirement => {
  const requirement = ledger.byId.get(id);
  if (requirement) return requirement;
  throw new KitError(
    'usage',
    `there is no requirement "${id}"`,
    'Use an id of spec/requirements.yaml, such as IM-4.2-3.',
  );
};
