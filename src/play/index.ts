export { play } from './play.js';
export type {
  Control,
  Dial,
  DialOutcome,
  DialRequest,
  HugeFrame,
  Intruder,
  MetricsPage,
  Sights,
  Socket,
  SocketHandlers,
  StalledHandshakes,
  TokenChoice,
} from './ports.js';
export { Stage, type StageOptions } from './stage.js';
export { Interrupted, nextTurn } from './waits.js';
