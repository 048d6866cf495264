export { type HelloUser, hello } from './hello.js';
export { type Preflight, preflight } from './preflight.js';
