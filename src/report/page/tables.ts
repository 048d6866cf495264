import type { MatrixCell, Report, ScenarioResult } from '../../../schemas/index.js';
import { type Ledger, loadLedger } from '../../ledger/index.js';
import { html, type Markup, prose } from '../markup.js';
import { CELL_SIGNS, MATRIX_ROWS, matrixSummary } from '../matrix-table.js';
import { isFlaky, narrowed, requirementCoverage } from '../outcome.js';
import { count, duration } from '../words.js';
import { flakyMark, needsDetail } from './failure.js';
import type { Histories } from './histories.js';

/** Each name of the path is escaped: a scenario's own has a `#`. */
const historyFile = ({ history }: ScenarioResult): string | undefined =>
  history?.split('/').map(encodeURIComponent).join('/');

/** A table that scrolls by itself where the window is narrow, with the keyboard, too. */
const wide = (label: string, table: Markup): Markup =>
  html`<div class="wide" tabindex="0" role="region" aria-label="${label}">${table}</div>`;

/** What a reader of a cell wants: what went wrong; else the history; else the scenario. */
const targetOf = (result: ScenarioResult): string =>
  needsDetail(result) ? `#detail-${result.id}` : (historyFile(result) ?? `#${result.id}`);

const cellMarkup = (report: Report, cell: MatrixCell): Markup => {
  const { sign, meaning } = CELL_SIGNS[cell.verdict];
  const result = report.scenarios.find(({ id, verdict }) => verdict === cell.verdict && cell.scenarios.includes(id));
  const title = [meaning, ...cell.scenarios, ...(cell.why === undefined ? [] : [cell.why])].join('\n');
  const label = `${cell.packet}, ${cell.fault}, receiver ${cell.receiver}: ${meaning}`;
  const inner =
    result === undefined ? html`${sign}` : html`<a href="${targetOf(result)}" aria-label="${label}">${sign}</a>`;
  return html`<td class="${cell.verdict}" title="${title}">${inner}</td>`;
};

export const matrixSection = (report: Report): Markup | undefined => {
  if (report.matrix.length === 0 || narrowed(report)) return undefined;
  const faults = [...new Set(report.matrix.map(({ fault }) => fault))];
  const receivers = new Set(report.matrix.map(({ receiver }) => receiver)).size;
  const legend = Object.values(CELL_SIGNS).map(({ sign, meaning }) => `${sign} ${meaning}`);
  const table = html`<table class="matrix"><thead><tr><th scope="col">packet</th><th scope="col">receiver</th>${faults.map((fault) => html`<th scope="col">${fault}</th>`)}</tr></thead><tbody>
${MATRIX_ROWS.map(
  ({ packet, receiver, first }) =>
    html`<tr>${first ? html`<th scope="rowgroup" rowspan="${receivers}">${packet}</th>` : undefined}<th scope="row">${receiver}</th>${report.matrix
      .filter((cell) => cell.packet === packet && cell.receiver === receiver)
      .map((cell) => cellMarkup(report, cell))}</tr>\n`,
)}</tbody></table>`;
  return html`<h2 id="matrix">Fault matrix</h2>
<p>${matrixSummary(report)}. Each cell leads to its failure, or to its scenario. ${legend.join(', ')}.</p>
${wide('fault matrix', table)}`;
};

const requirementRow = (row: Report['requirements'][number], ledger: Ledger): Markup => {
  const { id, level, verdict, exercised, scenarios } = row;
  const known = ledger.byId.get(id);
  const reason = known?.reason === undefined ? undefined : html` <span class="soft">${prose(known.reason)}</span>`;
  return html`<tr id="${id}"><td>${id}</td><td class="narrow-off">${level}</td><td class="narrow-off">${row.class}</td><td class="${verdict}">${verdict}</td><td>${prose(known?.sentence ?? '')}${reason}</td><td class="narrow-off">${count(exercised, 'time')} in ${count(scenarios.length, 'scenario')}</td></tr>\n`;
};

export const requirementsSection = (report: Report): Markup => {
  const ledger = loadLedger();
  const table = html`<table><thead><tr><th scope="col">requirement</th><th scope="col" class="narrow-off">level</th><th scope="col" class="narrow-off">class</th><th scope="col">verdict</th><th scope="col">what it demands, and why</th><th scope="col" class="narrow-off">exercised</th></tr></thead><tbody>
${report.requirements.map((row) => requirementRow(row, ledger))}</tbody></table>`;
  return html`<h2 id="requirements">Requirements</h2><p>${requirementCoverage(report)}.</p>
${wide('requirements', table)}`;
};

const scenarioRow = (result: ScenarioResult, histories: Histories): Markup => {
  const { id, title, verdict, durationMs } = result;
  const detailed = needsDetail(result);
  const file = historyFile(result);
  const cell = detailed ? html`<a href="#detail-${id}">${verdict}</a>` : verdict;
  // A history stands where the rest of its scenario is told.
  const history = detailed ? undefined : histories.details(id);
  return html`<tr id="${id}" data-verdict="${verdict}" data-flaky="${isFlaky(result) ? 'yes' : 'no'}" data-search="${id} ${title} ${verdict}"><td class="id">${id}${file === undefined ? undefined : html` <a href="${file}">history</a>`}${history}</td><td>${title}</td><td class="${verdict}">${cell}${flakyMark(result)}</td><td class="narrow-off">${duration(durationMs)}</td></tr>\n`;
};

export const scenariosSection = (report: Report, histories: Histories): Markup => {
  const table = html`<table><thead><tr><th scope="col">scenario</th><th scope="col">what it tests</th><th scope="col">verdict</th><th scope="col" class="narrow-off">time</th></tr></thead><tbody>
${report.scenarios.map((result) => scenarioRow(result, histories))}</tbody></table>`;
  return html`<h2 id="scenarios">Scenarios</h2>
${wide('scenarios', table)}`;
};
