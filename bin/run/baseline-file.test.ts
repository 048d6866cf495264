import { existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Report, ScenarioResult } from '../../schemas/index.js';
import { KitError } from '../../src/errors.js';
import { baselineEntries } from '../../src/options/baseline-source.js';
import { packageRoot } from '../../src/package-root.js';
import { renewedBaseline, updateBaseline } from './baseline-file.js';
import { writeAtomically } from './write-atomically.js';

const mixed = JSON.parse(
  readFileSync(join(packageRoot, 'src', 'report', 'fixtures', 'mixed.report.json'), 'utf8'),
) as Report;
const FAILED = mixed.scenarios.filter(({ verdict }) => verdict === 'failed');

const withResults = (results: ScenarioResult[], staleBaseline: string[] = []): Report => ({
  ...mixed,
  scenarios: results,
  summary: { ...mixed.summary, staleBaseline },
});
const [failed] = FAILED as [ScenarioResult];
const result = (id: string, verdict: 'passed' | 'failed', repetitions?: ScenarioResult['repetitions']) =>
  ({ ...failed, id, verdict, ...(repetitions && { repetitions }) }) as ScenarioResult;
const broken = failed.violations[0]?.requirement;

t.test('the file is read as it was, and comments are no entries', (t) => {
  const folder = t.testdir({
    'a.txt': '# known\nserver/core/a#b\n\n  server/core/c # ticket 7\nx flaky 1 of 2\t# y\r\n',
  });
  const file = join(folder, 'a.txt');
  const entries = ['server/core/a#b', 'server/core/c', 'x flaky 1 of 2'];
  t.same(baselineEntries({ baseline: file }), entries);
  t.same(baselineEntries({ 'update-baseline': file }), entries);
  t.same(baselineEntries({ 'update-baseline': join(folder, 'new.txt') }), []);
  t.same(baselineEntries({ baseline: ['a # why', '# no more', 'b'] }), ['a', 'b'], 'the lines themselves');
  t.equal(baselineEntries({}), undefined);
  t.throws(() => baselineEntries({ baseline: join(folder, 'gone') }), KitError);
  t.throws(() => baselineEntries({ baseline: file, 'update-baseline': file }), /exclude each other/);
  t.end();
});

t.test('what fails comes in, what fails no more goes out, comments stay', (t) => {
  const twoOfFive = { played: 5, failed: [2, 4], shown: 2 };
  const none = { played: 5, failed: [], shown: 1 };
  const rows: [name: string, before: string, report: Report, after: string][] = [
    [
      'a new failure',
      '# mine\n\na # why\n',
      withResults([result('a', 'failed'), result('b', 'failed')]),
      `# mine\n\na # why\nb  # ${broken}: why is this known?\n`,
    ],
    ['a stale one', 'a # why\nb\n', withResults([result('a', 'passed'), result('b', 'failed')], ['a']), 'b\n'],
    ['a glob knows the new one', 's/* # all\n', withResults([result('s/a', 'failed')]), 's/* # all\n'],
    ['a requirement does', `${broken} # later\n`, withResults([failed]), `${broken} # later\n`],
    ['left out', 'a\nb\n', withResults([result('a', 'failed')]), 'a\nb\n'],
    [
      'new and flaky',
      'b\n',
      withResults([result('a', 'failed', twoOfFive)]),
      `b\na flaky 2 of 5  # ${broken}: why is this known?\n`,
    ],
    ['was whole, is flaky', 'a # why\n', withResults([result('a', 'failed', twoOfFive)]), 'a flaky 2 of 5 # why\n'],
    [
      'the rate adds up',
      'a flaky 1 of 10 # why\n',
      withResults([result('a', 'failed', twoOfFive)]),
      'a flaky 3 of 15 # why\n',
    ],
    ['it passed meanwhile', 'a flaky 1 of 10\n', withResults([result('a', 'passed', none)]), 'a flaky 1 of 15\n'],
  ];
  for (const [name, before, report, after] of rows) t.equal(renewedBaseline(before, report).content, after, name);
  const empty = renewedBaseline('', withResults([]));
  t.match(empty.content, /^# Known failures, one a line: .*\n$/);
  t.same(renewedBaseline(empty.content, withResults([])).content, empty.content, 'twice is once');
  t.end();
});

t.test('the report is judged by the new file, and a run that was broken off changes nothing', (t) => {
  const folder = t.testdir({ 'known.txt': `${FAILED[0]?.id} # why\n` });
  const file = join(folder, 'known.txt');
  const said: string[] = [];
  const unfinished = { ...mixed, complete: false, exitCode: 130 };
  t.equal(
    updateBaseline(unfinished, file, (text) => said.push(text)),
    unfinished,
  );
  t.match(said.pop(), 'is left as it is');
  const report = updateBaseline({ ...mixed, complete: true }, file, (text) => said.push(text));
  t.match(said.pop(), /has \d+ known failures now: \d+ added, 0 taken out/);
  t.match(readFileSync(file, 'utf8'), `${FAILED[0]?.id} # why\n`);
  t.match(report, { causes: [], summary: { failed: 0, knownFailures: FAILED.length }, exitCode: 4 });
  t.throws(() => updateBaseline(report, join(folder, 'gone', 'x'), () => undefined), /cannot write the baseline/);
  t.end();
});

t.test('a file is replaced as a whole', (t) => {
  const folder = t.testdir({ 'a.txt': 'old', target: 'old' });
  const file = join(folder, 'a.txt');
  writeAtomically(file, 'new');
  t.equal(readFileSync(file, 'utf8'), 'new');
  t.notOk(existsSync(`${file}.part`));
  const link = join(folder, 'link');
  symlinkSync(join(folder, 'target'), link);
  writeFileSync(join(folder, 'target'), 'old', { mode: 0o600 });
  const { mode } = statSync(link);
  writeAtomically(link, 'new');
  t.equal(readFileSync(join(folder, 'target'), 'utf8'), 'new', 'a link stays a link');
  t.equal(statSync(link).mode, mode);
  writeAtomically('/dev/null', 'gone');
  t.ok(statSync('/dev/null').isCharacterDevice() || process.platform === 'win32', 'a device stays a device');
  t.end();
});
