import t from 'tap';
import type { ScenarioResult } from '../../../schemas/index.js';
import { KitError } from '../../errors.js';
import { baselineOf, parseEntry } from './baseline.js';
import { checkedBaseline } from './check-baseline.js';

const result = (id: string, verdict: string, broken: string[] = [], more: object = {}): ScenarioResult =>
  ({
    ...{
      id,
      verdict,
      violations: broken.map((requirement) => ({ requirement })),
      warnings: [],
      proves: [],
      exercised: {},
    },
    ...more,
  }) as unknown as ScenarioResult;

t.test('an entry is a scenario, a glob or a requirement, with or without a rate', (t) => {
  const rows: [text: string, expected: object | undefined][] = [
    ['server/core/a#b', { names: 'server/core/a#b', isRequirement: false }],
    ['server/*/a*', { names: 'server/*/a*', isRequirement: false }],
    ['IM-4.2-9', { names: 'IM-4.2-9', isRequirement: true }],
    ['a flaky 2 of 10', { names: 'a', flaky: { failed: 2, played: 10 } }],
    ['a  flaky  2  of  10', { names: 'a', flaky: { failed: 2, played: 10 } }],
    ['a flaky 0 of 10', undefined],
    ['a flaky 11 of 10', undefined],
    ['a flaky', undefined],
    ['a b', undefined],
  ];
  for (const [text, expected] of rows) t.match(parseEntry(text), expected as object, text);
  t.end();
});

t.test('what is known', (t) => {
  const rows: [name: string, entries: string[], result: ScenarioResult, expected: boolean][] = [
    ['its id', ['s/a#x'], result('s/a#x', 'failed', ['IM-1-1']), true],
    ['another cell', ['s/a#x'], result('s/a#y', 'failed', ['IM-1-1']), false],
    ['a glob', ['s/a*'], result('s/a#y', 'failed', ['IM-1-1']), true],
    ['its requirement', ['IM-1-1'], result('s/b', 'failed', ['IM-1-1', 'IM-1-1']), true],
    ['one of two requirements', ['IM-1-1'], result('s/b', 'failed', ['IM-1-1', 'IM-1-2']), false],
    ['both', ['IM-1-1', 'IM-1-2'], result('s/b', 'failed', ['IM-1-1', 'IM-1-2']), true],
    ['a pass is no known failure', ['s/a#x'], result('s/a#x', 'passed'), false],
    ['undecided is none', ['s/a#x'], result('s/a#x', 'inconclusive'), false],
    ['flaky', ['s/a flaky 1 of 9'], result('s/a', 'failed', ['IM-1-1']), true],
  ];
  for (const [name, entries, one, expected] of rows) t.equal(baselineOf(entries).knows(one), expected, name);
  t.end();
});

t.test('what fails no more', (t) => {
  const shows = { exercised: { 'IM-1-1': 1 } };
  const often = { repetitions: { played: 30, failed: [], shown: 1 } };
  const rows: [name: string, entry: string, results: ScenarioResult[], expected: boolean][] = [
    ['passed', 'a', [result('a', 'passed')], true],
    ['failed', 'a', [result('a', 'failed')], false],
    ['undecided', 'a', [result('a', 'inconclusive')], false],
    ['not applicable', 'a', [result('a', 'not-applicable')], false],
    ['left out', 'a', [result('b', 'passed')], false],
    ['a glob, one of two failed', '?', [result('a', 'failed'), result('b', 'passed')], false],
    ['a glob, all passed', '?', [result('a', 'passed'), result('b', 'passed')], true],
    ['a glob, one left out', '?', [result('a', 'passed')], false],
    ['a requirement that holds', 'IM-1-1', [result('a', 'passed', [], shows), result('b', 'passed')], true],
    ['a requirement that breaks', 'IM-1-1', [result('a', 'failed', ['IM-1-1'], shows), result('b', 'passed')], false],
    ['a requirement that nothing showed', 'IM-1-1', [result('a', 'passed'), result('b', 'passed')], false],
    ['a requirement in a part of the run', 'IM-1-1', [result('a', 'passed', [], shows)], false],
    ['flaky, passed once', 'a flaky 2 of 10', [result('a', 'passed')], false],
    ['flaky, passed often', 'a flaky 2 of 10', [result('a', 'passed', [], often)], true],
    ['flaky, seldom before', 'a flaky 1 of 100', [result('a', 'passed', [], often)], false],
  ];
  for (const [name, entry, results, expected] of rows)
    t.same(baselineOf([entry]).stale(results, ['a', 'b']).length > 0, expected, name);
  t.end();
});

t.test('an entry that names nothing is an error, with the nearest that there is', (t) => {
  const error = (entry: string, role: 'server' | 'client' = 'server'): string => {
    try {
      checkedBaseline([entry], role);
    } catch (cause) {
      if (cause instanceof KitError) return `${cause.message} | ${cause.remedy}`;
      throw cause;
    }
    return 'no error';
  };
  const rows: [string, string][] = [
    [
      'server/core/plain-exchang',
      'names "server/core/plain-exchang", which is no scenario | Did you mean "server/core/plain-exchange"?',
    ],
    ['client/core/*', 'which is no scenario'],
    ['IM-4.2-999', 'which is no requirement of a server | Did you mean "IM-4.2-'],
    ['server/core/* known', 'an entry that cannot be read: "server/core/* known"'],
    ['server/core/*', 'no error'],
    ['IM-4.2-6', 'no error'],
  ];
  for (const [entry, words] of rows) t.match(error(entry), words, entry);
  t.equal(error('client/core/*', 'client'), 'no error');
  t.end();
});
