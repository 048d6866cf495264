export {
  claimedClasses,
  FETCH_BOUND_MS,
  fetchDescription,
  type InvalidDescription,
  timersOf,
} from './fetch-description.js';
export { checkMetricsPath } from './misspelt.js';
