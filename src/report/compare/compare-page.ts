import { worstOf } from '../../../schemas/index.js';
import { html, type Markup } from '../markup.js';
import { newFailures, outcomeOf } from '../outcome.js';
import { PAGE_END, pageHead, TOOLS } from '../page/frame.js';
import { duration } from '../words.js';
import { type Column, type ComparedScenario, type Comparison, isWorthARow } from './compare.js';
import { changeWords, comparisonSentence, DIFFERENCE_TITLES, stateWords, versionNote } from './difference-words.js';

const toneOf = ({ report }: Column): string =>
  report.exitCode === 0 ? 'passed' : report.exitCode === 1 ? 'failed' : 'inconclusive';

const columnsTable = (columns: readonly Column[]): Markup => {
  const cells = (title: string, of: (column: Column) => Markup | string | number) =>
    html`<tr><th scope="row">${title}</th>${columns.map((column) => html`<td>${of(column)}</td>`)}</tr>\n`;
  return html`<div class="wide" tabindex="0" role="region" aria-label="reports"><table><thead><tr><td></td>${columns.map(({ letter }) => html`<th scope="col">${letter}</th>`)}</tr></thead><tbody>
${cells('report', ({ name }) => name)}${cells('subject', ({ subject }) => subject)}${cells('verdict', (column) => html`<span class="mark ${toneOf(column)}">${outcomeOf(column.report).sentence}</span>`)}
${cells('passed', ({ report }) => report.summary.passed)}${cells('failed', ({ report }) => newFailures(report).length)}${cells('known to fail', ({ report }) => report.summary.knownFailures)}
${cells('inconclusive, unproven, error', ({ report: { summary } }) => summary.inconclusive + summary.unproven + summary.errors)}${cells('causes', ({ report }) => report.causes.map(({ requirement, scenarios }) => `${requirement} (${scenarios.length})`).join(', '))}
${cells('classes', ({ report }) => report.subject.classes.join(', '))}${cells('kit, seed', ({ report: { kit } }) => `${kit.version}, ${kit.seed}`)}${cells('when', ({ report }) => `${report.startedAt}, in ${duration(report.summary.durationMs)}`)}
</tbody></table></div>`;
};

const differenceSections = ({ difference }: Comparison): Markup[] =>
  DIFFERENCE_TITLES.flatMap(([kind, title, bad]) => {
    const scenarios = difference?.[kind] ?? [];
    if (scenarios.length === 0) return [];
    const items = scenarios.map(
      (scenario) =>
        html`<li class="ids"><a href="#${scenario.id}">${scenario.id}</a> <span class="soft">${changeWords(scenario)}</span></li>\n`,
    );
    return [
      html`<h2 id="${kind}">${title} <span class="mark ${bad ? 'failed' : 'passed'}">${scenarios.length}</span></h2><ul>${items}</ul>\n`,
    ];
  });

const whyMarkup = ({ results }: ComparedScenario, columns: readonly Column[]): Markup | undefined => {
  const lines = results.flatMap((result, index) => {
    const [violation] = result?.violations ?? [];
    const why = violation === undefined ? result?.reason : `${violation.requirement}: ${violation.message}`;
    return why === undefined ? [] : [html`<li>${columns[index]?.letter}: ${why}</li>`];
  });
  return lines.length === 0 ? undefined : html`<details><summary>why</summary><ul>${lines}</ul></details>`;
};

const scenarioRow = (scenario: ComparedScenario, columns: readonly Column[]): Markup => {
  const { id, title, states, flaky } = scenario;
  const worst = worstOf(states.flatMap((state) => (state === 'absent' ? [] : [state]))) ?? 'not-applicable';
  const cell = (index: number): Markup => {
    const state = states[index] ?? 'absent';
    const mark = flaky[index] === true ? html` <span class="mark flaky">flaky</span>` : undefined;
    return html`<td class="${state}">${stateWords(state)}${mark}</td>`;
  };
  return html`<tr id="${id}" data-verdict="${worst}" data-flaky="${flaky.includes(true) ? 'yes' : 'no'}" data-search="${id} ${title} ${states.join(' ')}"><td class="id">${id}${whyMarkup(scenario, columns)}</td><td class="narrow-off">${title}</td>${columns.map((_, index) => cell(index))}</tr>\n`;
};

const heads = (columns: readonly Column[]): Markup[] =>
  columns.map(({ letter, name }) => html`<th scope="col" title="${name}">${letter}</th>`);

const scenariosTable = ({ columns, scenarios }: Comparison): Markup => {
  const first = scenarios.filter(isWorthARow);
  const rest = scenarios.filter((scenario) => !isWorthARow(scenario));
  return html`<h2 id="scenarios">Scenarios</h2><p>What differs, or is not green, stands first.</p>
${TOOLS}<div class="wide" tabindex="0" role="region" aria-label="scenarios"><table><thead><tr><th scope="col">scenario</th><th scope="col" class="narrow-off">what it tests</th>${heads(columns)}</tr></thead><tbody>
${[...first, ...rest].map((scenario) => scenarioRow(scenario, columns))}</tbody></table></div>`;
};

const requirementsTable = ({ columns, requirements }: Comparison): Markup => {
  const rows = requirements.filter(({ states }) => new Set(states).size > 1 || states[0] === 'failed');
  const same = requirements.length - rows.length;
  return html`<h2 id="requirements">Requirements</h2><p>${rows.length} differ or broke; ${same} are alike in all reports.</p>
<div class="wide" tabindex="0" role="region" aria-label="requirements"><table><thead><tr><th scope="col">requirement</th><th scope="col">level</th>${heads(columns)}</tr></thead><tbody>
${rows.map(({ id, level, states }) => html`<tr><td>${id}</td><td>${level}</td>${states.map((state) => html`<td class="${state}">${stateWords(state)}</td>`)}</tr>\n`)}</tbody></table></div>`;
};

/** The comparison as one page that needs nothing else, like that of a single report. */
export const renderComparisonPage = (comparison: Comparison): string => {
  const sentence = comparisonSentence(comparison);
  const note = versionNote(comparison);
  return html`${pageHead(sentence)}
<header><div class="verdict"><h1>${sentence}</h1>${note === undefined ? undefined : html`<p>${note}</p>`}</div>
${columnsTable(comparison.columns)}</header>
<main id="main">
${differenceSections(comparison)}
${scenariosTable(comparison)}
${requirementsTable(comparison)}
</main>${PAGE_END}
`.html;
};
