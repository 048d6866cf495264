export * from './description.js';
export * from './fault-matrix.js';
export * from './history.js';
export * from './packets.js';
export * from './report.js';
export * from './requirement-ids.generated.js';
export * from './scenario.js';
export { type BodySpec, type DurationSpec, TOKEN_KINDS, type TokenKind } from './script-values.js';
export * from './self-test.js';
