export { notJudgedIds, whyNotJudged } from './judged.js';
export { loadLedger, requirementOf } from './ledger.js';
export {
  isOfRole,
  LEVELS,
  type Ledger,
  type Level,
  PARTIES,
  type Party,
  REQUIREMENT_CLASSES,
  type Requirement,
  type RequirementClass,
} from './requirement.js';
