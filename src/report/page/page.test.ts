import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import t, { type Test } from 'tap';
import type { HistoryEvent, Report, ScenarioResult } from '../../../schemas/index.js';
import { readHistory } from '../../history/index.js';
import { packageRoot } from '../../package-root.js';
import { renderReport } from '../index.js';
import { type Look, skipWithoutBrowser as skip, useBrowser } from '../testing/browser.js';

/** Twice the most that the page may need, for a machine that does other things as well. */
const OPENS_WITHIN_MS = 4_000;
const MAX_BYTES = 10_000_000;

const mixed = JSON.parse(
  readFileSync(join(packageRoot, 'src', 'report', 'fixtures', 'mixed.report.json'), 'utf8'),
) as Report;
const FAILED = 'server/core/msg-n#cell-0';
const history = [...readHistory(join(packageRoot, 'conformance', 'histories', 'bad-accepted-and-never-pushed.ndjson'))];
/** What a subject may put into a history: markup, and the end of a script. */
const HOSTILE = '</script><img src=x onerror="document.title=\'hacked\'"><script>document.title="hacked"</script>';
const hostile = history.map(
  (event): HistoryEvent => (event.kind === 'got' ? { ...event, packet: { ...event.packet, body: HOSTILE } } : event),
);

const options = {
  historyOf: (id: string) => (id === FAILED ? hostile : history),
  stepsOf: () => [
    { step: '1', text: `alice: { sends: m1, body: '${HOSTILE}' }` },
    { step: '2.2', text: 'bob: { gets: msg:N, of: m1 }' },
  ],
};

const opener = useBrowser(t);

/** The page of a report, opened as a person opens it. */
const open = async (t: Test, report: Report, look: Look = {}, found: object = options): Promise<Page> =>
  opener(t, await renderReport('html', report, found), look);

t.test('a person sees the verdict, the causes, and a failure as a picture beside its script', { skip }, async (t) => {
  const page = await open(t, mixed);
  t.equal(await page.locator('h1').innerText(), 'does not conform to im.ran.v1 core');
  t.match(await page.locator('.counts').innerText(), /5 failed|6 failed/);
  const headings = await page.locator('h2').allInnerTexts();
  t.equal(headings[0], '5 failures, 2 causes');
  const article = page.locator(`article[id="detail-${FAILED}"]`);
  t.match((await article.locator('svg text').allTextContents()).join(' '), /never came|never pushed/);
  t.equal(await article.locator('svg .imd-missing').count(), 1, 'the packet that never came');
  t.match(await article.locator('li.missed').innerText(), /^2\.2 .*missed$/);
  const [script, picture] = [
    await article.locator('.beside ol').boundingBox(),
    await article.locator('svg').boundingBox(),
  ];
  t.ok(script !== null && picture !== null && script.x + script.width <= picture.x, 'beside each other');
  t.ok(await page.locator('.matrix td.failed a').first().isVisible());
  t.match(await page.locator('tr[id="IM-4.2-9"]').innerText(), /re-sent/, 'the sentence of a requirement');
});

t.test('text of a subject stays text', { skip }, async (t) => {
  const page = await open(t, mixed);
  await page.locator(`[id="history-${FAILED}"] summary`).click();
  await page.locator(`[id="history-${FAILED}"] table.events`).waitFor();
  t.match(await page.locator(`[id="history-${FAILED}"]`).innerText(), '<img src=x');
  t.equal(await page.locator('img').count(), 0);
  t.match(await page.title(), /^im-conformance/);
});

t.test('search, filter, a history as a table and as a file', { skip }, async (t) => {
  const page = await open(t, mixed);
  const rows = page.locator('tr[data-verdict]:visible');
  t.equal(await rows.count(), mixed.scenarios.length);
  await page.locator('#words').fill('msg-n cell');
  t.equal(await rows.count(), 3);
  t.equal(await page.locator('#shown').innerText(), '3 scenarios');
  await page.locator('#words').fill('');
  await page.locator('select').selectOption('passed');
  t.equal(await rows.count(), mixed.scenarios.filter(({ verdict }) => verdict === 'passed').length);
  await page.locator('select').selectOption('');
  const details = page.locator(`[id="history-${FAILED}"]`);
  await details.locator('summary').focus();
  await page.keyboard.press('Enter');
  await details.locator('table.events').waitFor();
  t.equal(await details.locator('tbody tr').count(), hostile.length, 'with the keyboard alone');
  const [download] = await Promise.all([page.waitForEvent('download'), details.locator('a[download]').click()]);
  t.match(download.suggestedFilename(), /\.ndjson$/);
  const text = readFileSync(await download.path(), 'utf8');
  t.same(
    text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
    hostile,
  );
});

t.test('dark, narrow, without script, and on paper', { skip }, async (t) => {
  const backgroundOf = (page: Page) => page.evaluate('getComputedStyle(document.body).backgroundColor');
  t.equal(await backgroundOf(await open(t, mixed, { colorScheme: 'dark' })), 'rgb(20, 24, 31)');
  const narrow = await open(t, mixed, { viewport: { width: 400, height: 800 } });
  t.equal(
    await narrow.evaluate('document.documentElement.scrollWidth <= 400'),
    true,
    'nothing is wider than the window',
  );
  const plain = await open(t, mixed, { javaScriptEnabled: false });
  t.ok(await plain.locator(`article[id="detail-${FAILED}"] svg`).isVisible());
  t.notOk(await plain.locator('#tools').isVisible(), 'no search that does nothing');
  await plain.locator('summary', { hasText: 'everything that happened' }).first().click();
  t.match(await plain.locator(`article[id="detail-${FAILED}"] details pre`).innerText(), /msg:R/);
  const paper = await open(t, mixed, { colorScheme: 'dark' });
  await paper.emulateMedia({ media: 'print' });
  t.notOk(await paper.locator('nav').isVisible());
});

t.test('what a screen reader needs: a language, a title, one h1, names of tables and pictures', { skip }, async (t) => {
  const page = await open(t, mixed);
  t.equal(await page.locator('html[lang=en]').count(), 1);
  t.equal(await page.locator('h1').count(), 1);
  t.equal(await page.locator('th:not([scope])').count(), 0);
  t.equal(await page.locator('svg:not([aria-label])').count(), 0);
  t.equal(await page.locator('[tabindex="0"][role=region]:not([aria-label])').count(), 0);
  await page.keyboard.press('Tab');
  t.equal(await page.evaluate('document.activeElement.className'), 'skip');
});

t.test('200 scenarios with 50,000 events open at once and stay below 10 MB', { skip }, async (t) => {
  const [failed] = mixed.scenarios.filter(({ id }) => id === FAILED);
  if (failed === undefined) throw new Error('the fixture has no failure');
  const scenarios = Array.from(
    { length: 200 },
    (_, index): ScenarioResult => ({ ...failed, id: `server/core/many#${index}` }),
  );
  const causes = mixed.causes
    .slice(0, 1)
    .map((cause) => ({ ...cause, example: 'server/core/many#0', scenarios: scenarios.map(({ id }) => id) }));
  const [head, ...events] = history;
  const many = Array.from({ length: 50 }, () => events)
    .flat()
    .slice(0, 249);
  const historyOf = () => (head === undefined ? many : [head, ...many]);
  const report = { ...mixed, scenarios, causes };
  const bytes = Buffer.byteLength(await renderReport('html', report, { ...options, historyOf }));
  t.ok(bytes < MAX_BYTES, `${bytes} bytes`);
  const page = await open(t, report, {}, { ...options, historyOf });
  const ms = (await page.evaluate('performance.getEntriesByType("navigation")[0].loadEventEnd')) as number;
  t.ok(ms < OPENS_WITHIN_MS, `opened in ${Math.round(ms)} ms`);
  const filtered = (await page.evaluate(
    '(() => { const from = performance.now(); words.value = "many#17"; words.dispatchEvent(new Event("input")); document.body.offsetHeight; return performance.now() - from; })()',
  )) as number;
  t.ok(filtered < 1_000, `filtered in ${Math.round(filtered)} ms`);
});
