import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { Parser } from 'tap-parser';
import { type Report, ReportSchema, type ScenarioResult } from '../../schemas/index.js';
import { readHistory } from '../history/index.js';
import { packageRoot } from '../package-root.js';
import { validator } from '../wire/index.js';
import { outcomeOf, paintFor, type RenderOptions, type ReportFormat, renderReport, wantsColour } from './index.js';
import { inert, inertJson } from './inert.js';
import { bugLink, duration, names, wrap } from './words.js';

const FIXTURES = join(packageRoot, 'src', 'report', 'fixtures');
const REPORTS = ['mixed', 'green', 'unreachable', 'unproven'] as const;
/** One of the failures has a history: it is shown as a picture. */
const historyOf = (id: string) =>
  id === 'server/core/msg-n#cell-0'
    ? readHistory(join(packageRoot, 'conformance', 'histories', 'bad-accepted-and-never-pushed.ndjson'))
    : undefined;
const stepsOf = (id: string) => [
  { step: '1', text: `alice: { sends: m1, to: bob } in ${id}` },
  { step: '2.2', text: 'bob: { gets: msg:N, of: m1 }' },
];
const GOLDEN: readonly [ReportFormat, string, RenderOptions][] = [
  ['pretty', 'pretty.txt', { historyOf, written: ['html report: out.html'] }],
  ['pretty', 'narrow.txt', { historyOf, width: 60, unicode: false }],
  ['pretty', 'verbose.txt', { detail: 'verbose' }],
  ['pretty', 'quiet.txt', { detail: 'quiet' }],
  ['tap', 'tap', {}],
  ['junit', 'junit.xml', {}],
  ['html', 'html', { historyOf, stepsOf }],
  ['markdown', 'markdown', { historyOf }],
  ['ndjson', 'ndjson', {}],
  ['sarif', 'sarif', {}],
  ['code-quality', 'code-quality.json', {}],
  ['badge', 'badge', {}],
];
/** Anything that a terminal or a CI log would obey. */
const OBEYED = /[^\n\P{Cc}]|[\p{Cf}\u2028\u2029]|^::/mu;

const load = (name: string): Report =>
  JSON.parse(readFileSync(join(FIXTURES, `${name}.report.json`), 'utf8')) as Report;

t.test('golden reports', async (t) => {
  for (const name of REPORTS) {
    const report = load(name);
    t.same(validator(ReportSchema)(report), [], `${name}: the fixture is a valid report`);
    for (const [format, ending, options] of GOLDEN) {
      const rendered = await renderReport(format, report, options);
      // The library that packs histories may write other bytes elsewhere.
      const text = rendered.replace(/(base64,)[A-Za-z0-9+/=]+/g, '$1…');
      const path = join(FIXTURES, `${name}.${ending}`);
      // `tap --snapshot` writes the golden files anew; the difference is then read before it is committed.
      if (process.env.TAP_SNAPSHOT === '1') writeFileSync(path, text);
      t.equal(text, readFileSync(path, 'utf8'), `${name}.${ending}`);
      t.notMatch(text, OBEYED, `${name}.${ending} is inert`);
    }
    const json = await renderReport('json', report);
    t.same(JSON.parse(json), report, `${name}: JSON keeps every character`);
    t.notMatch(json, OBEYED, `${name}: JSON is inert`);
  }
});

t.test('TAP is read by a parser as it was meant', async (t) => {
  const expected = {
    mixed: { ok: false, pass: 3, fail: 11, todo: 1, skip: 1 },
    green: { ok: true, pass: 3, fail: 0, todo: 0, skip: 1 },
    unproven: { ok: false, pass: 3, fail: 1, todo: 0, skip: 1 },
    unreachable: { ok: false, pass: 0, fail: 1, todo: 0, skip: 0 },
  };
  for (const name of REPORTS) {
    const parser = new Parser({ strict: true });
    const nonsense: unknown[] = [];
    parser.on('extra', (text) => nonsense.push(text));
    parser.end(await renderReport('tap', load(name)));
    const { results } = parser;
    if (typeof results !== 'object' || results === null) throw new Error(`${name}: the parser has no results`);
    const { ok, pass, fail, todo, skip } = results;
    t.same({ ok, pass, fail, todo, skip }, expected[name], name);
    t.same(nonsense, [], `${name}: nothing that is not TAP`);
  }
});

t.test('every link of the page leads somewhere', async (t) => {
  const report = load('mixed');
  const scenarios = report.scenarios.map((result) => ({ ...result, history: `h/${result.id}.ndjson` }));
  for (const text of [await renderReport('html', report), await renderReport('html', { ...report, scenarios })]) {
    const targets = [...text.matchAll(/href="#([^"]*)"/g)].map(([, id]) => id);
    t.ok(targets.length > 0);
    const missing = targets.filter((id) => !text.includes(`id="${id}"`));
    t.same(missing, []);
  }
  const page = await renderReport('html', { ...report, scenarios });
  t.match(
    page,
    /<td class="passed" title="passed\n[^"]*"><a href="h\/[^"#]*\.ndjson" aria-label="[^"]*: passed">✓/,
    'a cell has its history',
  );
});

t.test('a second requirement that broke in a scenario is marked as what may follow from the first', async (t) => {
  const report = load('mixed');
  const [failed] = report.scenarios.filter(({ verdict }) => verdict === 'failed');
  const [violation] = failed?.violations ?? [];
  if (!failed || !violation) throw new Error('the fixture has no failure');
  const more = { ...failed, violations: [violation, { ...violation, requirement: 'IM-3-1' as const }] };
  t.match(
    await renderReport('pretty', { ...report, scenarios: [more] }, { detail: 'verbose' }),
    /may be a consequence of the above\n {2}IM-3-1 /,
  );
  t.notMatch(await renderReport('pretty', { ...report, scenarios: [failed] }, { detail: 'verbose' }), 'consequence');
});

t.test('a run that was broken off bails out', async (t) => {
  const text = await renderReport('tap', { ...load('green'), complete: false, exitCode: 130 });
  t.match(text, /\nBail out! interrupted: no verdict\n$/);
});

t.test('what is unproven is red, unless it was allowed', async (t) => {
  const report = load('mixed');
  const allowed = { ...report, selection: { only: [], skip: [], allowUnproven: true } };
  t.match(await renderReport('tap', report), /^not ok 8 - server\/durable/m);
  t.match(await renderReport('tap', allowed), /^ok 8 - server\/durable.* # SKIP unproven/m);
  t.match(await renderReport('junit', allowed), /<skipped message="the kit did not start/);
});

t.test('a badge never shows more than a run has shown', async (t) => {
  const green = load('green');
  const selection = { only: ['x'], skip: [], allowUnproven: false };
  const rows: [string, Report, string, string][] = [
    ['conforms', green, 'core, timed-redelivery, durable', 'brightgreen'],
    ['narrowed', { ...green, selection }, '2 selected passed', 'lightgrey'],
    ['known', { ...green, summary: { ...green.summary, knownFailures: 2 } }, ', 2 known failures', 'yellow'],
    ['failures', load('mixed'), '5 failed', 'red'],
    ['stale', { ...green, exitCode: 1, summary: { ...green.summary, staleBaseline: ['a'] } }, 'stale baseline', 'red'],
    ['warnings', { ...green, exitCode: 1, summary: { ...green.summary, warnings: 1 } }, '1 warning', 'orange'],
    ['undecided', load('unproven'), 'not decided', 'lightgrey'],
    ['unreachable', load('unreachable'), 'no verdict', 'lightgrey'],
  ];
  for (const [name, report, message, color] of rows) {
    const badge = JSON.parse(await renderReport('badge', report)) as Record<string, unknown>;
    t.match(badge, { schemaVersion: 1, label: 'im.ran.v1', message, color }, name);
  }
});

t.test('JUnit tells requirements and flaky marks as properties', async (t) => {
  const text = await renderReport('junit', load('mixed'));
  const of = (id: string) => new RegExp(`name="${id}"[\\s\\S]*?</properties>`).exec(text)?.[0] ?? '';
  t.match(of('server/core/no-subprotocol'), '<property name="flaky" value="true"/>');
  t.match(of('server/core/body-fidelity'), '<property name="broken" value="IM-2-10"/>');
  t.match(of('server/core/foreign-ack'), '<property name="known-failure" value="true"/>');
  t.match(text, /<testsuite [^>]*>\s*<properties>\s*<property name="kit" value="/, 'the schema wants them first');
});

t.test('outcome in plain words', async (t) => {
  const green = load('green');
  const summary = green.summary;
  const rows: [string, Report, string][] = [
    ['all classes', green, 'conforms to im.ran.v1 core, timed-redelivery, durable'],
    ['failures', load('mixed'), 'does not conform to im.ran.v1 core'],
    [
      'narrowed',
      { ...green, selection: { only: ['x'], skip: [], allowUnproven: false } },
      '2 selected scenarios passed',
    ],
    ['known', { ...green, summary: { ...summary, knownFailures: 2 } }, 'nothing new failed'],
    ['allowed', { ...green, summary: { ...summary, unproven: 2 } }, '2 scenarios unproven, as allowed'],
    ['stale', { ...green, exitCode: 1, summary: { ...summary, staleBaseline: ['a'] } }, 'the baseline is stale'],
    ['warnings', { ...green, exitCode: 1, summary: { ...summary, warnings: 2 } }, 'but 2 warnings count, as asked'],
    ['undecided', load('unproven'), 'not decided'],
    ['unreachable', load('unreachable'), 'no verdict: nothing was tested'],
    ['interrupted', { ...green, complete: false, exitCode: 130 }, 'interrupted: no verdict'],
  ];
  for (const [name, report, words] of rows) t.match(outcomeOf(report).sentence, words, name);
});

t.test('a kit that was too slow asks for time, and not for a bug report', async (t) => {
  const mixed = load('mixed');
  const scenarios = mixed.scenarios.map((one) =>
    one.verdict === 'error'
      ? { ...one, because: { code: 'kit-stalled' as const, stalledMs: 900, requirements: ['IM-2-3'] } }
      : one,
  );
  t.match(outcomeOf(mixed).next.join('\n'), /please report them/);
  const { next } = outcomeOf({ ...mixed, scenarios });
  t.match(next.join('\n'), /a quieter machine/);
  t.notMatch(next.join('\n'), /please report them/);
});

t.test(
  'what is alike is told once: how long the kit stood still, and the same real bug under two causes',
  async (t) => {
    const mixed = load('mixed');
    const [failed] = mixed.scenarios.filter(({ verdict }) => verdict === 'failed');
    const [cause] = mixed.causes;
    if (failed === undefined || cause === undefined) throw new Error('the fixture has no failure');
    const slow = [300, 900].map((stalledMs) => ({
      ...failed,
      id: `server/core/slow#${stalledMs}`,
      verdict: 'error' as const,
      because: { code: 'kit-stalled' as const, stalledMs, requirements: ['IM-2-3'] },
      reason: `too slow to judge: the kit itself stood still for ${stalledMs} ms`,
    }));
    const seenIn = Array.from({ length: 9 }, (_, index) => `a/b#${index}`);
    const causes = [cause, { ...cause, requirement: 'IM-2-10' as const }].map((one) => ({ ...one, seenIn }));
    const report = { ...mixed, causes, scenarios: [...mixed.scenarios, ...slow] };
    const text = await renderReport('pretty', report);
    t.match(text, /stood still, and[\s\S]*server\/core\/slow#300, server\/core\/slow#900/);
    t.equal(text.match(/the kit itself stood still/g)?.length, 1);
    t.same(text.match(/issues\/\d/g), ['issues/0', 'issues/1']);
    t.match(text.replace(/\n */g, ' '), 'and 7 more: --verbose names them');
    const verbose = await renderReport('pretty', report, { detail: 'verbose' });
    t.ok(seenIn.every((bug) => verbose.includes(`issues/${bug.slice(4)}`)));
  },
);

t.test('a server that fails in every way is still told on a few screens', async (t) => {
  const mixed = load('mixed');
  const [failed] = mixed.scenarios.filter(({ verdict }) => verdict === 'failed');
  const [cause] = mixed.causes;
  if (failed === undefined || cause === undefined) throw new Error('the fixture has no failure');
  const many = (name: string, number: number, more: (index: number) => Partial<ScenarioResult>): ScenarioResult[] =>
    Array.from({ length: number }, (_, index) => ({ ...failed, id: `server/core/${name}#${index}`, ...more(index) }));
  const broken = many('broken', 600, () => ({}));
  const scenarios = [
    ...broken,
    ...many('undecided', 60, (index) => ({ verdict: 'inconclusive', reason: `step ${index} was not reached` })),
    ...many('slow', 60, (index) => ({ verdict: 'error', reason: `the kit could not do ${index}` })),
    ...many('flaky', 60, (index) => ({
      ...{ verdict: 'passed', violations: [], attempts: 2 },
      firstAttempt: { verdict: 'failed', reason: 'late', requirements: ['IM-2-3'], history: `h/${index}.ndjson` },
    })),
  ];
  const example = broken[0]?.id ?? '';
  const causes = Array.from({ length: 12 }, () => ({ ...cause, example, scenarios: broken.map(({ id }) => id) }));
  const report = { ...mixed, causes, scenarios };
  const text = await renderReport('pretty', report, { historyOf });
  t.ok(text.split('\n').length <= 85, `${text.split('\n').length} lines`);
  t.match(text, 'and 57 for other reasons: --verbose tells them');
  t.match(text, /FLAKY \(60\)\n {2}passed when .*: late\n {4}server\/core\/flaky#0, /);
  t.match(await renderReport('pretty', report, { detail: 'verbose' }), 'step 59 was not reached');
});

t.test('text of a subject is made inert', async (t) => {
  const rows: [string, string][] = [
    ['plain <b>&amp; ümlaut 漢字 😀', 'plain <b>&amp; ümlaut 漢字 😀'],
    ['\u001b[31m', '\\u{001b}[31m'],
    ['a\nb\r\tc\u0000', 'a\\nb\\r\\tc\\u{0000}'],
    ['\u009b\u007f', '\\u{009b}\\u{007f}'],
    ['\u202eevil\u2066', '\\u{202e}evil\\u{2066}'],
    ['\ud800x', '\\u{d800}x'],
    ['\u{e0041}\ufeff\u2028\uffff', '\\u{e0041}\\u{feff}\\u{2028}\\u{ffff}'],
  ];
  for (const [text, expected] of rows) t.equal(inert(text), expected);
  const text = '\u007f\u202e\u{e0041}';
  t.equal(JSON.parse(inertJson(JSON.stringify(text))), text);
});

t.test('colour', async (t) => {
  const rows: [string, boolean, Record<string, string>, boolean][] = [
    ['a terminal', true, {}, true],
    ['a pipe', false, {}, false],
    ['NO_COLOR', true, { NO_COLOR: '1' }, false],
    ['empty NO_COLOR', true, { NO_COLOR: '' }, true],
    ['FORCE_COLOR in a pipe', false, { FORCE_COLOR: '1' }, true],
    ['FORCE_COLOR=0', true, { FORCE_COLOR: '0' }, false],
    ['dumb terminal', true, { TERM: 'dumb' }, false],
  ];
  for (const [name, isTTY, env, expected] of rows) t.equal(wantsColour({ isTTY, env }), expected, name);
  const paint = paintFor({ isTTY: true, env: {} });
  t.equal(paint('red', 'x'), '\u001b[31mx\u001b[39m');
  t.match(await renderReport('pretty', load('mixed'), { paint }), '\u001b[31mCAUSE 1');
});

t.test('words', async (t) => {
  t.same(
    [duration(0.4), duration(999), duration(12_340), duration(125_000)],
    ['0 ms', '999 ms', '12.3 s', '2 min 5 s'],
  );
  t.equal(names(['a', 'b', 'c'], 2), 'a, b and 1 more');
  t.same(wrap('aa bb cccccc d', 5), ['aa bb', 'cccccc', 'd']);
  t.equal(bugLink('o/r#1'), 'https://github.com/o/r/issues/1');
  t.equal(bugLink('CVE-2020-1'), 'https://nvd.nist.gov/vuln/detail/CVE-2020-1');
});
