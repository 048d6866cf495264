import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Report } from '../../schemas/index.js';
import { packageRoot } from '../../src/package-root.js';
import { annotationLines, outputLines } from '../../src/report/github.js';
import { tellGithub } from './github.js';

const load = (name: string): Report =>
  JSON.parse(readFileSync(join(packageRoot, 'src', 'report', 'fixtures', `${name}.report.json`), 'utf8')) as Report;

t.test('an annotation for each cause, and for what else should be looked at', async (t) => {
  const kinds = (report: Report) =>
    annotationLines(report).map((line) => /^::(\w+) title=([^:,]*)::/.exec(line)?.slice(1));
  const rows: [string, Report, unknown][] = [
    ['nothing to say', load('green'), []],
    ['no subject', load('unreachable'), [['error', 'im-conformance%3A no verdict%3A nothing was tested']]],
    [
      'failures',
      load('mixed'),
      [
        ['error', 'IM-4.2-9 (MUST)%3A 4 failures'],
        ['error', 'IM-2-10 (MUST)%3A 1 failure'],
        ['warning', '1 error of the kit itself'],
        ['warning', '2 scenarios inconclusive'],
        ['warning', '1 scenario unproven'],
        ['warning', '1 flaky'],
        ['warning', 'IM-1-2 (SHOULD)%3A 1 warning'],
      ],
    ],
  ];
  for (const [name, report, expected] of rows) t.same(kinds(report), expected, name);
  const mixed = load('mixed');
  const [cause] = mixed.causes;
  if (cause === undefined) throw new Error('the fixture has no cause');
  const many = kinds({ ...mixed, causes: Array.from({ length: 25 }, () => cause) }).filter(
    (kind) => kind?.[0] === 'error',
  );
  t.equal(many.length, 10, 'GitHub would drop more');
  t.same(many.at(-1), ['error', '16 more causes']);
});

t.test('a subject cannot give commands to GitHub', async (t) => {
  for (const line of annotationLines(load('mixed'))) {
    t.match(line, /^::(error|warning) title=[^\n\r,:]*::[^\n\r]*$/);
    t.notMatch(line, /%(?!25|0A|3A|2C)/);
  }
  const evil = { ...load('unreachable'), problems: ['a\n::set-output name=x::y 100%\r'] };
  t.match(annotationLines(evil).join('\n'), 'a\\n::set-output name=x::y 100%25\\r');
});

t.test('only in a job of GitHub Actions', async (t) => {
  const folder = t.testdir({ summary: 'of an earlier command\n', output: '', full: {} });
  const files = { GITHUB_STEP_SUMMARY: join(folder, 'summary'), GITHUB_OUTPUT: join(folder, 'output') };
  const said: string[] = [];
  const tellIn = (env: Record<string, string>) => tellGithub(load('mixed'), 2, {}, env, (text) => void said.push(text));
  await tellIn(files);
  t.same(said, [], 'nothing elsewhere');
  await tellIn({ ...files, GITHUB_ACTIONS: 'true' });
  t.same(said.join(''), `${annotationLines(load('mixed')).join('\n')}\n`);
  t.match(
    readFileSync(files.GITHUB_STEP_SUMMARY, 'utf8'),
    /^of an earlier command\n## ❌ im-conformance: does not conform/,
  );
  const output = readFileSync(files.GITHUB_OUTPUT, 'utf8');
  t.match(output, 'verdict=does not conform to im.ran.v1 core\nexit-code=2\npassed=2\nfailed=5\ncauses=2\n');
  t.equal(output, `${outputLines(load('mixed'), 2).join('\n')}\n`);
  await tellIn({ GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: join(folder, 'full'), GITHUB_OUTPUT: '' });
});
