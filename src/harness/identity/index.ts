export { createAuthenticate, type IdentityOptions } from './create-authenticate.js';
