export {
  LEVELS,
  type Ledger,
  type Level,
  loadLedger,
  parseLedger,
  REQUIREMENT_CLASSES,
  type Requirement,
  type RequirementClass,
  ROLES,
  type Role,
  requirementOf,
} from './ledger.js';
