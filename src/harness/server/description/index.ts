export { claimedClasses, fetchDescription, type InvalidDescription, timersOf } from './fetch-description.js';
