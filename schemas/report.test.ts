import t from 'tap';
import { VERDICTS, type Verdict, worstOf } from './index.js';

/** Several verdicts, and the one that they are together. */
const TOGETHER: [verdicts: Verdict[], worst: Verdict | undefined][] = [
  [[], undefined],
  [['passed', 'not-applicable'], 'passed'],
  [['not-applicable'], 'not-applicable'],
  [['passed', 'unproven'], 'unproven'],
  [['unproven', 'inconclusive', 'passed'], 'inconclusive'],
  [['inconclusive', 'error'], 'error'],
  [['error', 'passed', 'failed', 'inconclusive'], 'failed'],
];

t.test('of several verdicts the worst counts: a failure that was seen comes before trouble of the kit', (t) => {
  for (const [verdicts, worst] of TOGETHER) t.equal(worstOf(verdicts), worst, verdicts.join(', '));
  for (const verdict of VERDICTS) t.equal(worstOf([verdict]), verdict, `${verdict} has its place`);
  t.end();
});
