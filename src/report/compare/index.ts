export { type Comparison, compareReports, type NamedReport } from './compare.js';
export { renderComparisonPage } from './compare-page.js';
export { renderComparison } from './compare-text.js';
