export { declaredWaitMs } from './declared-waits.js';
export { loadExcuses } from './fault-matrix.js';
export { mostToOneUser } from './inbox-need.js';
export { loadScenarios, parseScenarioFile, scenarioRoot } from './load.js';
export type { ClientSpec, Scenario, Step } from './model.js';
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
export { parseSource, readSource, type Source } from './source.js';
export { Stage, type StageOptions } from './stage.js';
export { Interrupted, nextTurn } from './waits.js';
