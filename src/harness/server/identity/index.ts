export { createAuthenticate, type IdentityOptions, usesBearerOnly } from './create-authenticate.js';
export { whyNoToken } from './token-kinds.js';
