import type { MatrixCell, Report, ScenarioResult, Violation } from '../../schemas/index.js';
import { inertReport } from './inert.js';
import { html, Markup } from './markup.js';
import { CELL_SIGNS, MATRIX_ROWS, matrixSummary } from './matrix-table.js';
import { narrowed, outcomeOf, requirementCoverage } from './outcome.js';
import { bugLink, count, cut, duration, repetitionWords } from './words.js';

const STYLE = `
:root { color-scheme: light dark; }
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 76rem; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
table { border-collapse: collapse; } td, th { border: 1px solid #8886; padding: .2rem .5rem; text-align: left; vertical-align: top; }
.matrix td { text-align: center; } .wide { overflow-x: auto; }
.passed { background: #2a92; } .failed { background: #d226; } .inconclusive, .error, .unproven { background: #da25; }
a { color: inherit; } .matrix a { display: block; text-decoration: none; }
pre { overflow-x: auto; background: #8881; padding: .5rem; } code { overflow-wrap: anywhere; } dt { font-weight: 600; }`;

/** Each name of the path is escaped: a scenario's own has a `#`. */
const historyOf = ({ history }: ScenarioResult): string | undefined =>
  history?.split('/').map(encodeURIComponent).join('/');

const historyLink = (result: ScenarioResult): Markup | undefined => {
  const history = historyOf(result);
  return history === undefined ? undefined : html`<a href="${history}">history</a>`;
};

const needsDetail = ({ verdict, warnings }: ScenarioResult): boolean =>
  !['passed', 'not-applicable'].includes(verdict) || warnings.length > 0;

/** What a reader of a cell wants: what went wrong, which leads on to the history; else the history; else the scenario. */
const targetOf = (result: ScenarioResult): string =>
  needsDetail(result) ? `#detail-${result.id}` : (historyOf(result) ?? `#${result.id}`);

const cellMarkup = (report: Report, cell: MatrixCell): Markup => {
  const { sign, meaning } = CELL_SIGNS[cell.verdict];
  const result = report.scenarios.find(({ id, verdict }) => verdict === cell.verdict && cell.scenarios.includes(id));
  const title = [meaning, ...cell.scenarios, ...(cell.why === undefined ? [] : [cell.why])].join('\n');
  const inner = result === undefined ? html`${sign}` : html`<a href="${targetOf(result)}">${sign}</a>`;
  return html`<td class="${cell.verdict}" title="${title}">${inner}</td>`;
};

const matrixSection = (report: Report): Markup | undefined => {
  if (report.matrix.length === 0 || narrowed(report)) return undefined;
  const faults = [...new Set(report.matrix.map(({ fault }) => fault))];
  const receivers = new Set(report.matrix.map(({ receiver }) => receiver)).size;
  const legend = Object.values(CELL_SIGNS).map(({ sign, meaning }) => `${sign} ${meaning}`);
  return html`<h2>Fault matrix</h2>
<p>${matrixSummary(report)}. Each cell leads to its failure, or to its history where histories are kept (--history). ${legend.join(', ')}.</p>
<div class="wide"><table class="matrix"><tr><th>packet</th><th>receiver</th>${faults.map((fault) => html`<th>${fault}</th>`)}</tr>
${MATRIX_ROWS.map(
  ({ packet, receiver, first }) =>
    html`<tr>${first ? html`<th rowspan="${receivers}">${packet}</th>` : undefined}<th>${receiver}</th>${report.matrix
      .filter((cell) => cell.packet === packet && cell.receiver === receiver)
      .map((cell) => cellMarkup(report, cell))}</tr>\n`,
)}</table></div>`;
};

const violationMarkup = (violation: Violation): Markup => html`<h4>${violation.requirement} (${violation.level})</h4>
<p>${violation.sentence}</p>
<dl><dt>what</dt><dd>${violation.message}</dd><dt>expected</dt><dd>${violation.expected}</dd><dt>seen</dt><dd>${violation.seen}</dd>
${violation.where === undefined ? undefined : html`<dt>where</dt><dd>${violation.where}</dd>`}</dl>
${violation.trace.length === 0 ? undefined : html`<pre>${violation.trace.join('\n')}</pre>`}`;

/** What did not pass, whole: a person reads here what the table only marks. */
const detail = (result: ScenarioResult): Markup => {
  const { shown, rest } = cut([...result.violations, ...result.warnings], 'violation');
  return html`<h3 id="detail-${result.id}">${result.id}</h3>
<p>${result.title}: ${result.verdict}${result.reason === undefined ? undefined : html`, ${result.reason}`}</p>
${
  result.repetitions === undefined
    ? undefined
    : html`<p>${repetitionWords(result)}</p>
`
}${shown.map(violationMarkup)}${rest.map((line) => html`<p>${line}</p>`)}
${result.seenIn.map((bug) => html`<p>seen in <a href="${bugLink(bug)}">${bug}</a></p>`)}
<p>replay: <code>${result.replay}</code> ${historyLink(result)}</p>
`;
};

const scenarioRow = (result: ScenarioResult): Markup => {
  const verdict = needsDetail(result) ? html`<a href="#detail-${result.id}">${result.verdict}</a>` : result.verdict;
  return html`<tr id="${result.id}"><td>${result.id}</td><td>${result.title}</td><td class="${result.verdict}">${verdict}</td><td>${duration(result.durationMs)}</td><td>${historyLink(result)}</td></tr>\n`;
};

const requirementRow = (row: Report['requirements'][number]): Markup =>
  html`<tr><td>${row.id}</td><td>${row.level}</td><td>${row.class}</td><td class="${row.verdict}">${row.verdict}</td><td>${count(row.exercised, 'time')} in ${count(row.scenarios.length, 'scenario')}</td></tr>\n`;

const list = (title: string, lines: readonly string[]): Markup | undefined =>
  lines.length === 0 ? undefined : html`<p>${title}:</p><ul>${lines.map((line) => html`<li>${line}</li>`)}</ul>`;

/** The report as one page that needs nothing else: no script, no picture, no address but the links that a reader follows. */
export const renderHtml = (original: Report): string => {
  const report = inertReport(original);
  const { sentence, missing, next } = outcomeOf(report);
  const details = report.scenarios.filter(needsDetail);
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>im-conformance: ${sentence}</title><style>${new Markup(STYLE)}</style></head><body>
<h1>${sentence}</h1>
<p>im-conformance ${report.kit.version} tested ${report.subject.url}, classes ${report.subject.classes.join(', ')}, seed ${report.kit.seed}, ${report.startedAt}, in ${duration(report.summary.durationMs)}.</p>
${list('Because', missing)}${list('Next', next)}${list('Problems', report.problems)}
${matrixSection(report)}
${details.length === 0 ? undefined : html`<h2>What did not pass</h2>`}${details.map(detail)}
<h2>Requirements</h2><p>${requirementCoverage(report)}.</p>
<div class="wide"><table><tr><th>requirement</th><th>level</th><th>class</th><th>verdict</th><th>exercised</th></tr>
${report.requirements.map(requirementRow)}</table></div>
<h2>Scenarios</h2>
<div class="wide"><table><tr><th>scenario</th><th>title</th><th>verdict</th><th>time</th><th>history</th></tr>
${report.scenarios.map(scenarioRow)}</table></div>
</body></html>
`.html;
};
