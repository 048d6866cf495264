import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Report, ScenarioResult, Verdict } from '../../../schemas/index.js';
import { packageRoot } from '../../package-root.js';
import { compareReports, type Difference } from './compare.js';
import { renderComparisonPage } from './compare-page.js';
import { renderComparison } from './compare-text.js';

const load = (name: string): Report =>
  JSON.parse(readFileSync(join(packageRoot, 'src', 'report', 'fixtures', `${name}.report.json`), 'utf8')) as Report;
const green = load('green');
const [template] = green.scenarios as [ScenarioResult];

const { command: _, ...rest } = green.subject;
const SUBJECT = { ...rest, embedded: false };

/** A report with one letter for each scenario: p passed, f failed, i inconclusive, y flaky. */
const VERDICT: Record<string, Verdict> = { p: 'passed', f: 'failed', i: 'inconclusive', y: 'passed' };
const report = (verdicts: Record<string, string>, more: Partial<Report['subject']> = {}): Report => ({
  ...green,
  subject: { ...SUBJECT, ...more },
  scenarios: Object.entries(verdicts).map(([id, letter]) => ({
    ...template,
    id,
    verdict: VERDICT[letter] ?? 'error',
    attempts: letter === 'y' ? 2 : 1,
  })),
});

t.test('two runs of one subject: what became of each scenario', (t) => {
  const rows: [before: string, after: string, kind: keyof Difference | undefined][] = [
    ['p', 'p', undefined],
    ['p', 'f', 'broken'],
    ['y', 'f', 'broken'],
    ['i', 'f', 'broken'],
    ['f', 'p', 'fixed'],
    ['f', 'i', 'fixed'],
    ['f', 'f', 'stillFailing'],
    ['p', 'y', 'flaky'],
    ['y', 'p', 'flaky'],
    ['p', 'i', 'otherwise'],
    ['', 'f', 'added'],
    ['p', '', 'removed'],
  ];
  for (const [before, after, kind] of rows) {
    const one = (letter: string) => report(letter === '' ? {} : { a: letter });
    const reports = [before, after].map((letter, index) => ({ name: `${index}.json`, report: one(letter) }));
    const { difference } = compareReports(reports);
    const kinds = Object.entries(difference ?? {}).flatMap(([name, list]) => (list.length > 0 ? [name] : []));
    t.same(kinds, kind === undefined ? [] : [kind], `${before || 'absent'} → ${after || 'absent'}`);
  }
  t.end();
});

t.test('what is one subject', (t) => {
  const rows: [name: string, a: Partial<Report['subject']>, b: Partial<Report['subject']>, same: boolean][] = [
    ['one command, two ports', { command: 'x', url: 'ws://h:1/' }, { command: 'x', url: 'ws://h:2/' }, true],
    ['two commands', { command: 'x' }, { command: 'y' }, false],
    ['two addresses', { url: 'ws://h:1/', embedded: false }, { url: 'ws://h:2/', embedded: false }, false],
    ['two roles', { role: 'server' }, { role: 'client' }, false],
  ];
  for (const [name, a, b, same] of rows) {
    const both = [report({ a: 'p' }, a), report({ a: 'f' }, b)].map((one, index) => ({
      name: `${index}`,
      report: one,
    }));
    t.equal(compareReports(both).difference !== undefined, same, name);
  }
  t.end();
});

t.test('the text and the page say what differs', (t) => {
  const before = { name: 'old.json', report: report({ a: 'p', b: 'f', c: 'p' }) };
  const after = { name: 'new.json', report: report({ a: 'f', b: 'p', c: 'p', d: 'p' }) };
  const difference = compareReports([before, after]);
  const text = renderComparison(difference);
  t.match(text, /BROKEN: FAILED IN B AND NOT IN A \(1\)\n {2}a {2}passed → failed\n/);
  t.match(text, /FIXED: .* \(1\)\n {2}b {2}failed → passed\n/);
  t.match(text, /NEW: ONLY IN B \(1\)\n {2}d {2}not in it → passed\n/);
  t.match(text, /: 1 broken, 1 fixed, 1 new\n$/);
  const page = renderComparisonPage(difference);
  t.match(page, /<h2 id="broken">.*<\/h2><ul><li class="ids"><a href="#a">a<\/a>/);
  for (const [, id] of page.matchAll(/href="#([^"]*)"/g)) t.ok(page.includes(`id="${id}"`), `#${id}`);
  const three = compareReports([before, after, { name: 'mixed.json', report: load('mixed') }]);
  t.match(renderComparison(three), /\n {2}A B C\n {2}✓ ✗ {4}a\n {2}✗ ✓ {4}b\n/);
  t.match(renderComparison(three), '  4 scenarios passed, or did not apply, wherever they were played');
  t.match(renderComparison(three), /3 reports side by side\n$/);
  t.match(
    renderComparisonPage(three),
    /<td class="passed">passed<\/td><td class="failed">failed<\/td><td class="absent">/,
  );
  t.match(renderComparison(compareReports([before, before])), /: 1 still failing\n$/);
  t.match(
    renderComparison(
      compareReports([after, { ...after, report: { ...after.report, kit: { ...green.kit, version: '9.9.9' } } }]),
    ),
    /note: made by different versions/,
  );
  t.end();
});

t.test('what a subject said stays text', (t) => {
  const evil = report({ '<script>alert(1)</script>\u001b[31m': 'f' }, { url: 'ws://"><img src=x>/', embedded: false });
  const comparison = compareReports([
    { name: 'a', report: evil },
    { name: 'b', report: green },
  ]);
  t.notMatch(renderComparison(comparison), '\u001b');
  const page = renderComparisonPage(comparison);
  t.notMatch(page, /<script>alert|<img/);
  t.equal(page.match(/<script>/g)?.length, 1, 'its own');
  t.end();
});
