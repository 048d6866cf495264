import type { ScenarioResult } from '../../../schemas/index.js';

const onlyLate = (result: ScenarioResult): boolean =>
  result.verdict === 'failed' && result.violations.every((violation) => violation.late === true);

/**
 * By time alone, undecided, or a fault of the kit, such as standing still or having no files left: company may be to blame.
 * No company makes a token expire.
 */
export const deservesRetry = (result: ScenarioResult): boolean =>
  onlyLate(result) ||
  (result.verdict === 'inconclusive' && result.because?.code !== 'token-expired') ||
  result.verdict === 'error';

/** No other attempt is made. What was not played may be unproven yet, which shows when all else was played. */
export const isCertain = (result: ScenarioResult): boolean =>
  result.verdict !== 'not-applicable' && (result.attempts > 1 || !deservesRetry(result));
