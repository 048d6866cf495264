export { declaredWaitMs } from './declared-waits.js';
export { loadExcuses } from './fault-matrix.js';
export { mostToOneUser } from './inbox-need.js';
export { loadScenarios, parseScenarioFile, scenarioRoot } from './load.js';
export type { ClientSpec, Scenario, Step } from './model.js';
export { parseSource, readSource, type Source } from './source.js';
