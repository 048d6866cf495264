export { play } from './play.js';
export type {
  Attacker,
  Control,
  Dial,
  DialOutcome,
  DialRequest,
  HugeFrame,
  MetricsPage,
  Probes,
  Socket,
  SocketHandlers,
  StalledHandshakes,
  TokenChoice,
} from './ports.js';
export { Stage, type StageOptions } from './stage.js';
export type { ClientVerb, PlayedVocabulary, SubjectVerb } from './verb.js';
export { Interrupted, nextTurn } from './waits.js';
