export { didYouMean, nearest } from '../../src/nearest.js';
