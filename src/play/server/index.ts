export { playClient } from './play-client.js';
export type { BotHost, LinkHandlers, ServerSocket, Standing, Upgrade } from './ports.js';
export { HELLO_BOUND_MS, ServerStage, type ServerStageOptions } from './server-stage.js';
export type { ClientRoleVocabulary, ServerStageVerb } from './verb.js';
export { type Hello, Words } from './words.js';
