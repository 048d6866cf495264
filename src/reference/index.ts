export { LOG_LEVELS, type LogLevel } from './log.js';
export { REFERENCE_CLASSES, type ReferenceClass, type ServerLimits, type ServerOptions } from './options.js';
export { type RunningServer, startServer } from './server.js';
