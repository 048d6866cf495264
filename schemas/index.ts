export * from './description.js';
export * from './fault-matrix.js';
export * from './history.js';
export * from './packets.js';
export * from './report.js';
export * from './scenario.js';
export * from './self-test.js';
