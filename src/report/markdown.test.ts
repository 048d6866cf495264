import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Report } from '../../schemas/index.js';
import { packageRoot } from '../package-root.js';
import { renderReport } from './index.js';
import { code, codeBlock, folded, prose, withoutMargin } from './markdown-text.js';

/** The limit of GitHub for the summary of a step. */
const MAX_SUMMARY_BYTES = 1024 * 1024;

const load = (): Report =>
  JSON.parse(readFileSync(join(packageRoot, 'src', 'report', 'fixtures', 'mixed.report.json'), 'utf8')) as Report;

t.test('text stays text', async (t) => {
  const spans: [string, string][] = [
    ['plain @name <b> [x](y) | #1', '`plain @name <b> [x](y) | #1`'],
    ['one ` tick', '``one ` tick``'],
    ['`edge``', '``` `edge`` ```'],
  ];
  for (const [text, expected] of spans) t.equal(code(text), expected);
  t.same(codeBlock(['a', '```` b']), ['`````text', 'a', '```` b', '`````']);
  const sentences: [string, string][] = [
    ['a `msg:R` <b> *x* [y] a|b #1', 'a `msg:R` \\<b\\> \\*x\\* \\[y\\] a\\|b \\#1'],
    ['`@everyone <img>`', '`@everyone <img>`'],
    ['a ` <b>', 'a \\` \\<b\\>'],
    ['a `` <b>', 'a \\`\\` \\<b\\>'],
  ];
  for (const [text, expected] of sentences) t.equal(prose(text), expected);
  t.same(folded('nothing', []), []);
  t.same(withoutMargin(['    a', '', '      b', '']), ['a', '', '  b']);
  t.same(withoutMargin([]), []);
});

t.test('nothing of a subject stands outside of code', async (t) => {
  const evil = '</code> ``` <img src=x> @everyone [x](http://h/)';
  const report = load();
  const scenarios = report.scenarios.map((result) => ({
    ...result,
    violations: result.violations.map((one) => ({ ...one, message: evil, expected: evil, seen: evil, where: evil })),
    warnings: result.warnings.map((one) => ({ ...one, message: evil })),
    ...(result.reason === undefined ? {} : { reason: evil }),
    ...(result.firstAttempt === undefined ? {} : { firstAttempt: { ...result.firstAttempt, reason: evil } }),
  }));
  const subject = { ...report.subject, url: evil };
  const text = await renderReport('markdown', { ...report, subject, scenarios, problems: [evil] });
  const outside = text.replace(/^(`{3,})text\n[\s\S]*?\n\1$/gm, '').replace(/(?<!`)(`+)(?!`)[^\n]*?(?<!`)\1(?!`)/g, '');
  t.ok(text.split('@everyone').length > 8, 'it is told');
  t.notMatch(outside, /everyone|img src/);
});

t.test('a server that fails everything in every way still fits into the summary of a job', async (t) => {
  const report = load();
  const [result] = report.scenarios.filter(({ verdict }) => verdict === 'failed');
  const [cause] = report.causes;
  if (!result || !cause) throw new Error('the fixture has no failure');
  const scenarios = Array.from({ length: 2_000 }, (_, index) => ({ ...result, id: `server/core/many#cell-${index}` }));
  const ids = scenarios.map(({ id }) => id);
  const causes = Array.from({ length: 150 }, () => ({ ...cause, scenarios: ids, example: ids[0] ?? '' }));
  const text = await renderReport('markdown', { ...report, scenarios, causes });
  t.ok(Buffer.byteLength(text) < MAX_SUMMARY_BYTES / 2, `${Buffer.byteLength(text)} bytes`);
  t.match(text, /^And 130 more causes: IM-4\.2-9 \(2000\), /m);
  t.match(text, /<summary>1999 more failures of this cause<\/summary>/);
});
