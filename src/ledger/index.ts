export { loadLedger, requirementOf } from './ledger.js';
export {
  LEVELS,
  type Ledger,
  type Level,
  REQUIREMENT_CLASSES,
  type Requirement,
  type RequirementClass,
  ROLES,
  type Role,
} from './requirement.js';
