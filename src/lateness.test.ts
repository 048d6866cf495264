import t from 'tap';
import { latenessOf } from './lateness.js';

const FAILOVER_MS = 6_000;

t.test('what may be late by the fault of a node', async (t) => {
  const cases: [why: string, moments: number[], since: number, lateMs: number][] = [
    ['no fault', [], 0, 0],
    ['due when it began', [0], 0, 6_000],
    ['under way when it began', [900], 0, 6_900],
    ['over before it began', [1_100], 0, 0],
    ['due while it was fresh', [0], 5_900, 6_000],
    ['due afterwards, and waited for in vain', [0], 6_001, 0],
    ['a repair meanwhile begins the time anew', [0, 5_000], 0, 11_000],
    ['a repair after that time does not', [0, 9_000], 0, 6_000],
    ['in any order', [5_000, 0], 0, 11_000],
  ];
  for (const [why, moments, since, lateMs] of cases)
    t.equal(latenessOf(moments, FAILOVER_MS, since, 1_000), lateMs, why);
});
