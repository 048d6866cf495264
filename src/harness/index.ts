export { whyNoClock } from './fake-clock.js';
export { EXIT, type RunHooks, type RunOptions, type RunProgress } from './options.js';
export { listScenarios, runSuite } from './run-suite.js';
export { matcher } from './selection.js';
