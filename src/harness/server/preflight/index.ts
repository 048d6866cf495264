export { type Preflight, preflight } from './preflight.js';
