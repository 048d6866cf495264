/** The kit as a library: run it, read its reports, validate packets. The command line uses nothing else. */
export * from '../schemas/index.js';
export { KitError, type KitErrorCode } from './errors.js';
export { EXIT, listScenarios, type RunHooks, type RunOptions, type RunProgress, runSuite } from './harness/index.js';
export { type Ledger, loadLedger, type Requirement } from './ledger/index.js';
export { inert, outcomeOf, REPORT_FORMATS, type ReportFormat, renderReport } from './report/index.js';
export {
  bodyBytes,
  type Decoded,
  decodeFrame,
  decodePacket,
  encodePacket,
  validatePacket,
  validator,
} from './wire/index.js';
