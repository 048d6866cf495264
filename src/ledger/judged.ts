import { type Profile, type RequirementId, whyMissing } from '../../schemas/index.js';
import { isOfRole, type Ledger, type Requirement } from './requirement.js';

/** Why a requirement is not judged through a dialect with that profile, as a sentence goes on. Undefined: it is. */
export const whyNotJudged = ({ rests = [] }: Requirement, profile: Profile): string | undefined =>
  whyMissing(profile, rests)?.reason;

/** The requirements of a server that a dialect with that profile cannot put to the test. */
export const notJudgedIds = ({ requirements }: Ledger, profile: Profile): RequirementId[] =>
  requirements
    .filter((requirement) => isOfRole(requirement, 'server') && whyNotJudged(requirement, profile) !== undefined)
    .map(({ id }) => id);
