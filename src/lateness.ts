/**
 * By how much may be late what became due at `since` and takes `ms` else, where at each of these moments a time of
 * `failoverMs` began in which the server may be late by as much. What became due after such a time may not be late, however
 * long it is waited for. Milliseconds.
 */
export const latenessOf = (moments: readonly number[], failoverMs: number, since: number, ms: number): number => {
  let until = since + ms;
  for (const moment of [...moments].sort((a, b) => a - b)) {
    if (moment > until || moment + failoverMs < since) continue;
    until = Math.max(until, Math.max(since, moment) + ms + failoverMs);
  }
  return until - since - ms;
};
