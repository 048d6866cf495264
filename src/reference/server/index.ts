export { LOG_LEVELS, type LogLevel } from './log.js';
export {
  DEFAULT_CLASSES,
  REFERENCE_CLASSES,
  type ReferenceClass,
  type ServerLimits,
  type ServerOptions,
  type TlsFiles,
} from './options.js';
export { type RunningServer, startServer } from './server.js';
