/** The kit as a library: run it, read its reports, validate packets. Everything here has a page in docs/api. */
export type {
  AckA,
  AckN,
  AckR,
  Because,
  Cause,
  ClientClass,
  Description,
  HistoryEvent,
  MatrixCell,
  MsgA,
  MsgN,
  MsgR,
  Packet,
  PacketType,
  Report,
  RequirementId,
  Role,
  ScenarioResult,
  ServerClass,
  SubjectClass,
  VanishPoint,
  Verdict,
  Violation,
} from '../schemas/index.js';
export { CLIENT_PACKETS, SERVER_PACKETS } from '../schemas/index.js';
export type {
  ConformanceEvent,
  NoteEvent,
  ProgressEvent,
  ReportEvent,
  ScenarioAttemptedEvent,
  ScenarioFinishedEvent,
  StartedEvent,
} from './embed/events.js';
export type { TestHost } from './embed/host.js';
export type { ConformanceOptions } from './embed/options.js';
export { type RegisterOptions, registerConformance } from './embed/register.js';
export { type ConformanceRun, runConformance } from './embed/run-conformance.js';
export { ScenarioFailure } from './embed/scenario-failure.js';
export { type ScenarioInfo, scenarios } from './embed/scenarios.js';
export { KitError, type KitErrorCode, type KitErrorOptions } from './errors.js';
export { type Account, EXIT, type RunProgress } from './harness/options.js';
export {
  type Ledger,
  type Level,
  loadLedger,
  type Party,
  type Requirement,
  type RequirementClass,
} from './ledger/index.js';
export {
  inert,
  type Outcome,
  outcomeOf,
  type Paint,
  REPORT_FORMATS,
  type RenderOptions,
  type ReportFormat,
  renderReport,
  resultText,
  type ShownStep,
  type Style,
  type TextOptions,
} from './report/index.js';
export {
  bodyBytes,
  type Decoded,
  type DecodeFailure,
  type DecodeOptions,
  decodeFrame,
  decodePacket,
  encodePacket,
  validatePacket,
} from './wire/index.js';
