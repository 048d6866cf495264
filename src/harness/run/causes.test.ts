import t from 'tap';
import type { RequirementId, ScenarioResult, VanishPoint, Violation } from '../../../schemas/index.js';
import { defined } from '../../defined.js';
import { causesOf } from './causes.js';

const violation = (broken: string): Violation => {
  const [requirement = '', vanishPoint] = broken.split('@');
  return {
    requirement: requirement as RequirementId,
    level: 'MUST',
    sentence: `sentence of ${requirement}`,
    ...{ message: '', expected: '', seen: '', events: [], trace: [] },
    ...defined({ vanishPoint: vanishPoint as VanishPoint | undefined }),
  };
};

/** `id: what broke, in this order`. */
const failure = (text: string, more: Partial<ScenarioResult> = {}): ScenarioResult => {
  const [id = '', broken = ''] = text.split(': ');
  return {
    ...{ id, title: id, role: 'server', class: 'core', verdict: 'failed', durationMs: 1, waitedMs: 0, stalledMs: 0 },
    ...{ exclusive: false, proves: [], exercised: {}, warnings: [], seenIn: [], attempts: 1, knownFailure: false },
    replay: '',
    violations: broken.split(' ').map(violation),
    ...more,
  };
};

/** `what broke = the example, others`. */
const told = (results: readonly ScenarioResult[]): string[] =>
  causesOf(results).map(({ requirement, vanishPoint, scenarios, example }) => {
    t.equal(scenarios[0], example, 'the example comes first');
    return `${requirement}${vanishPoint === undefined ? '' : `@${vanishPoint}`} = ${scenarios.join(', ')}`;
  });

t.test('failures with one requirement and one vanish point are one cause', async (t) => {
  const rows: [string, ScenarioResult[], string[]][] = [
    ['nothing failed', [failure('a: IM-1', { verdict: 'passed', violations: [] })], []],
    ['one requirement', [failure('a: IM-1'), failure('b: IM-1')], ['IM-1 = a, b']],
    ['two vanish points', [failure('a: IM-1@sent'), failure('b: IM-1@pushed')], ['IM-1@sent = a', 'IM-1@pushed = b']],
    ['what explains most comes first', [failure('a: X'), failure('b: Y'), failure('c: Y')], ['Y = b, c', 'X = a']],
    ['one fault breaks several', [failure('a: X Z'), failure('b: Y Z'), failure('c: Z')], ['Z = c, a, b']],
    ['of two in as many, the first', [failure('a: X Y'), failure('b: X Y')], ['X = a, b']],
    [
      'each failure once',
      [failure('a: X Z'), failure('b: X'), failure('c: Z'), failure('d: Z')],
      ['Z = c, a, d', 'X = b'],
    ],
    ['known failures are left out', [failure('a: X', { knownFailure: true })], []],
  ];
  for (const [name, results, expected] of rows) t.same(told(results), expected, name);
});

t.test('real bugs are named once', async (t) => {
  const [cause] = causesOf([failure('a: X', { seenIn: ['o/r#2', 'o/r#1'] }), failure('b: X', { seenIn: ['o/r#1'] })]);
  t.same(cause?.seenIn, ['o/r#1', 'o/r#2']);
});
