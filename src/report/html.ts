import { type Cause, type Report, type ScenarioResult, VERDICTS } from '../../schemas/index.js';
import { loadLedger } from '../ledger/index.js';
import { dialectLines } from './dialect-words.js';
import { inertReport } from './inert.js';
import { html, type Markup, prose } from './markup.js';
import type { RenderOptions } from './options.js';
import { isFlaky, narrowed, outcomeOf } from './outcome.js';
import { Articles, needsDetail, requirementLink } from './page/failure.js';
import { PAGE_END, pageHead, TOOLS } from './page/frame.js';
import { Histories } from './page/histories.js';
import { matrixSection, requirementsSection, scenariosSection } from './page/tables.js';
import { vanishWords } from './vanish-words.js';
import { bugLink, count, duration } from './words.js';

const list = (title: string, lines: readonly string[]): Markup | undefined =>
  lines.length === 0 ? undefined : html`<p>${title}:</p><ul>${lines.map((line) => html`<li>${line}</li>`)}</ul>`;

/** How many results there are of each verdict, at a glance. */
const counts = ({ scenarios }: Report): Markup => {
  const flaky = scenarios.filter(isFlaky).length;
  const warned = scenarios.filter(({ warnings }) => warnings.length > 0).length;
  const each = VERDICTS.map((verdict) => [verdict, scenarios.filter((one) => one.verdict === verdict).length] as const);
  const shown = [...each, ['flaky', flaky] as const, ['warning', warned] as const].filter(([, number]) => number > 0);
  return html`<ul class="counts">${shown.map(([name, number]) => html`<li class="${name}">${number} ${name}</li>`)}</ul>`;
};

const link = (id: string): Markup => html`<a href="#detail-${id}">${id}</a>`;

/** So many ids of a cause are read; more of them would push the next cause off the screen. */
const OTHERS = 12;

const othersMarkup = (others: readonly string[]): Markup | undefined => {
  if (others.length === 0) return undefined;
  const links = others.map((id, index) => html`${index === 0 ? '' : ', '}${link(id)}`);
  return others.length <= OTHERS
    ? html`<p class="ids">Also failed: ${links}</p>`
    : html`<details class="ids"><summary>${others.length} more failed</summary><p>${links}</p></details>`;
};

const causeMarkup = (report: Report, cause: Cause): Markup => {
  const { requirement, level, sentence, scenarios, example, seenIn } = cause;
  const reason = loadLedger().byId.get(requirement)?.reason;
  const vanished = vanishWords(cause);
  return html`<section class="cause"><h3>${requirementLink(report, requirement)} (${level}): ${count(scenarios.length, 'failure')}${vanished === '' ? undefined : `; ${vanished}`}</h3>
<p>${prose(sentence)}</p>${reason === undefined ? undefined : html`<p class="soft">${prose(reason)}</p>`}
<p class="ids">Read this one first: ${link(example)}</p>
${othersMarkup(scenarios.slice(1))}
${seenIn.length === 0 ? undefined : html`<p>Seen in ${seenIn.map((bug, index) => html`${index === 0 ? '' : ', '}<a href="${bugLink(bug)}">${bug}</a>`)}</p>`}
</section>
`;
};

const causesSection = (report: Report): Markup | undefined => {
  const { causes } = report;
  if (causes.length === 0) return undefined;
  const failures = causes.reduce((sum, { scenarios }) => sum + scenarios.length, 0);
  return html`<h2 id="causes">${count(failures, 'failure')}, ${count(causes.length, 'cause')}</h2>
${causes.map((cause) => causeMarkup(report, cause))}`;
};

/** Failures in the order of their causes, the examples first; then all else that a person wants to read about. */
const inReadingOrder = ({ causes, scenarios }: Report): ScenarioResult[] => {
  const known = new Map(scenarios.map((result) => [result.id, result]));
  const ids = new Set(causes.flatMap((cause) => cause.scenarios));
  const failed = [...ids].flatMap((id) => known.get(id) ?? []);
  return [...failed, ...scenarios.filter((result) => needsDetail(result) && !ids.has(result.id))];
};

const navigation = (report: Report, detailed: boolean): Markup => {
  const places = [
    ...(report.causes.length > 0 ? ['causes'] : []),
    ...(report.matrix.length === 0 || narrowed(report) ? [] : ['matrix']),
    ...(detailed ? ['details'] : []),
    'scenarios',
    'requirements',
  ];
  return html`<nav aria-label="parts of the page"><ul>${places.map((place) => html`<li><a href="#${place}">${place}</a></li>`)}</ul></nav>`;
};

/**
 * The report as one page that needs nothing else: it opens from a disk, loads nothing and can be read without its script,
 * which searches, filters and shows histories as tables.
 */
export const renderHtml = (original: Report, options: RenderOptions = {}): string => {
  const report = inertReport(original);
  const { sentence, missing, next } = outcomeOf(report);
  const histories = new Histories(report, options.historyOf);
  const articles = new Articles(report, options, histories);
  const details = inReadingOrder(report);
  const tone = report.exitCode === 0 ? 'good' : report.exitCode === 1 ? 'bad' : 'odd';
  return html`${pageHead(sentence)}
<header><div class="verdict ${tone}"><h1>${sentence}</h1>${counts(report)}
<p>im-conformance ${report.kit.version} tested ${report.subject.url}, classes ${report.subject.classes.join(', ')}, seed ${report.kit.seed}, ${report.startedAt}, in ${duration(report.summary.durationMs)}.</p>${dialectLines(report).map((line) => html`<p>${line}</p>`)}</div>
${list('Because', missing)}${list('Problems', report.problems)}${list('Next', next)}</header>
${navigation(report, details.length > 0)}
<main id="main">
${causesSection(report)}
${matrixSection(report)}
${TOOLS}
${details.length === 0 ? undefined : html`<h2 id="details">What to look at</h2>`}${details.map((result) => articles.of(result))}
${scenariosSection(report, histories)}
${requirementsSection(report)}
</main>${PAGE_END}
`.html;
};
