import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Report, ScenarioResult, Verdict } from '../../../schemas/index.js';
import { packageRoot } from '../../package-root.js';
import { skipWithoutBrowser as skip, useBrowser } from '../testing/browser.js';
import { compareReports } from './compare.js';
import { renderComparisonPage } from './compare-page.js';

const mixed = JSON.parse(
  readFileSync(join(packageRoot, 'src', 'report', 'fixtures', 'mixed.report.json'), 'utf8'),
) as Report;
const [failed] = mixed.scenarios.filter(({ verdict }) => verdict === 'failed') as [ScenarioResult];
const HOSTILE = '</script><img src=x onerror="document.title=\'hacked\'"><script>document.title="hacked"</script>';

const { command: _, ...subject } = mixed.subject;

/** A run of one server in which each scenario came out as said. */
const run = (verdicts: Record<string, Verdict>, url = 'ws://127.0.0.1:9001/'): Report => ({
  ...mixed,
  subject: { ...subject, url, ...(url.startsWith('node') ? { command: url } : {}) },
  scenarios: Object.entries(verdicts).map(([id, verdict]) => {
    const { violations, ...rest } = failed;
    return {
      ...rest,
      id: `server/core/${id}`,
      verdict,
      attempts: 1,
      violations: verdict === 'failed' ? violations : [],
    };
  }),
});

const before = run({ kept: 'passed', lost: 'passed', mended: 'failed' });
const after = run({ kept: 'passed', lost: 'failed', mended: 'passed', [`new ${HOSTILE}`]: 'failed' });
const twoRuns = () =>
  renderComparisonPage(
    compareReports([
      { name: 'yesterday', report: before },
      { name: `today ${HOSTILE}`, report: after },
    ]),
  );
const threeServers = () =>
  renderComparisonPage(
    compareReports(['a', 'b', 'c'].map((name) => ({ name, report: run({ kept: 'passed' }, `ws://${name}:1/`) }))),
  );
const opener = useBrowser(t);

t.test('two runs: a person sees what broke first, and why', { skip }, async (t) => {
  const page = await opener(t, twoRuns());
  t.match(await page.locator('h1').innerText(), /1 broken, 1 fixed, 1 new/);
  const headings = await page.locator('h2').allInnerTexts();
  t.match(headings[0], /^Broken.*1$/i, 'what broke stands first');
  await page.locator('a', { hasText: 'server/core/lost' }).click();
  const row = page.locator('[id="server/core/lost"]');
  t.match(await row.locator('td').allInnerTexts(), [/server\/core\/lost/, /./, 'passed', 'failed']);
  const seen = 'document.getElementById("server/core/lost").getBoundingClientRect().top < innerHeight';
  t.equal(await page.evaluate(seen), true, 'a link leads to its row');
  await row.locator('summary').click();
  t.match(await row.innerText(), /B: IM-/, 'and the row says why');
  t.same(await page.locator('table').first().locator('th[scope=col]').allInnerTexts(), ['A', 'B']);
});

t.test('three servers stand side by side', { skip }, async (t) => {
  const page = await opener(t, threeServers());
  const head = page.locator('[aria-label=reports] table');
  const row = await head.locator('tr', { hasText: 'subject' }).first().locator('td').allInnerTexts();
  t.same(row, ['ws://a:1/', 'ws://b:1/', 'ws://c:1/']);
  t.equal(await page.locator('[id="server/core/kept"] td.passed').count(), 3);
});

t.test('text of a subject stays text; search, filter, narrow, dark, and without script', { skip }, async (t) => {
  const page = await opener(t, twoRuns());
  t.equal(await page.locator('img').count(), 0);
  t.match(await page.title(), /^im-conformance/);
  t.match(await page.locator('main').innerText(), '<img src=x');
  await page.locator('#words').fill('mended');
  t.equal(await page.locator('tr[data-verdict]:visible').count(), 1);
  const long = run({ lost: 'passed' }, `node dist/${'a-long-name/'.repeat(9)}server.js`);
  const reports = [long, long].map((report, index) => ({ name: `${index}`, report }));
  const narrow = await opener(t, renderComparisonPage(compareReports(reports)), {
    viewport: { width: 400, height: 800 },
    colorScheme: 'dark',
  });
  t.equal(await narrow.evaluate('document.documentElement.scrollWidth <= 400'), true, 'no wider than the window');
  t.equal(await narrow.evaluate('getComputedStyle(document.body).backgroundColor'), 'rgb(20, 24, 31)');
  const plain = await opener(t, twoRuns(), { javaScriptEnabled: false });
  t.ok(await plain.locator('[id="server/core/lost"] td.failed').isVisible());
  t.notOk(await plain.locator('#tools').isVisible(), 'no search that does nothing');
});

t.test('what a screen reader needs: one h1, names of tables, heads with a scope', { skip }, async (t) => {
  const page = await opener(t, threeServers());
  t.equal(await page.locator('html[lang=en] h1').count(), 1);
  t.equal(await page.locator('th:not([scope])').count(), 0);
  t.equal(await page.locator('[tabindex="0"][role=region]:not([aria-label])').count(), 0);
});
