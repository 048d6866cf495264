export { connectPatiently, isRefusedForNow } from './clients/may-come-back.js';
export { play } from './play.js';
export type {
  Attacker,
  Control,
  Dial,
  DialOutcome,
  DialRequest,
  FrameForm,
  HugeFrame,
  MetricsPage,
  Network,
  NodeControl,
  Probes,
  Refused,
  ServiceControl,
  Socket,
  SocketHandlers,
  StalledHandshakes,
  TokenChoice,
  TokenOwner,
} from './ports.js';
export { Stage, type StageOptions } from './stage.js';
export type { ClientVerb, PlayedVocabulary, SubjectVerb } from './verb.js';
export type { HandshakeForm } from './voice.js';
export { describeHandshake } from './voice.js';
export { Interrupted, nextTurn } from './waits.js';
