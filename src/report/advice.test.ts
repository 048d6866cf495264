import t from 'tap';
import type { Report, ScenarioResult } from '../../schemas/index.js';
import { adviceOnInconclusive } from './advice.js';

const report = (...codes: (string | undefined)[]): Report =>
  ({
    scenarios: [
      { verdict: 'passed' },
      { verdict: 'error', because: { code: 'kit-failed' } },
      ...codes.map((code) => ({ verdict: 'inconclusive', ...(code ? { because: { code } } : {}) })),
    ] as ScenarioResult[],
  }) as Report;

t.test(
  'each kind of cause has its own help, and more time is advised only where something may still come',
  async (t) => {
    const cases: [(string | undefined)[], RegExp[]][] = [
      [[], []],
      [['fault-not-fired', 'not-settled'], [/--patience/]],
      [['dedup-window-passed'], [/dedupWindowMs/]],
      [['closed-by-limit'], [/limits of the server/]],
      [['token-expired'], [/outlive/]],
      [['subject-failed'], [/what the server printed/]],
      [['page-not-judged'], [/reasons/]],
      [[undefined], [/--patience/]],
      [
        ['token-expired', 'closed-by-limit', 'closed-by-limit'],
        [/limits of the server/, /outlive/],
      ],
    ];
    for (const [codes, words] of cases)
      t.match(adviceOnInconclusive(report(...codes)), words, codes.join(', ') || 'none');
    t.equal(adviceOnInconclusive(report()).length, 0);
    t.equal(adviceOnInconclusive(report('fault-not-fired', 'step-not-reached')).length, 1);
  },
);
