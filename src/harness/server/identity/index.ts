export { createAuthenticate, type IdentityOptions, usesBearerOnly } from './create-authenticate.js';
export { fillIdentity } from './fill-identity.js';
export { whyNoToken } from './token-kinds.js';
