export { EXIT, type RunHooks, type RunOptions, type RunProgress } from './options.js';
export { whyNoClock } from './process/fake-clock.js';
export { listScenarios } from './run/list-scenarios.js';
export { runSuite } from './run/run-suite.js';
export { matcher } from './run/selection.js';
