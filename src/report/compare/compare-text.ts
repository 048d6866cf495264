import { CELL_SIGNS } from '../matrix-table.js';
import { newFailures, outcomeOf } from '../outcome.js';
import { type Paint, plainPaint } from '../paint.js';
import { count, wrap } from '../words.js';
import { type Column, type ComparedScenario, type Comparison, isWorthARow, type State } from './compare.js';
import { changeWords, comparisonSentence, DIFFERENCE_TITLES, versionNote } from './difference-words.js';

/** More than that nobody reads on a terminal; the page holds all. */
const MAX_ROWS = 60;

export interface CompareWriting {
  paint?: Paint;
  width?: number;
}

type Writing = Required<CompareWriting>;

const signOf = (state: State, flaky: boolean, paint: Paint): string => {
  if (state === 'absent') return ' ';
  const { sign, colour } = CELL_SIGNS[state];
  return flaky ? paint('yellow', '~') : paint(colour, sign);
};

const legend = (scenarios: readonly ComparedScenario[]): string => {
  const seen = new Set(scenarios.flatMap(({ states }) => states));
  const signs = Object.entries(CELL_SIGNS).flatMap(([verdict, { sign, meaning }]) =>
    seen.has(verdict as State) ? [`${sign} ${meaning}`] : [],
  );
  return [...signs, '~ flaky', ...(seen.has('absent') ? ['blank: not in the report'] : [])].join(', ');
};

const columnLines = (columns: readonly Column[], { paint, width }: Writing): string[] =>
  columns.flatMap(({ letter, name, report, subject }) => {
    const { passed } = report.summary;
    const numbers = `${passed} passed, ${newFailures(report).length} failed of ${count(report.scenarios.length, 'scenario')}`;
    const facts = `${name}: ${subject}, im-conformance ${report.kit.version}, ${report.startedAt}`;
    const lines = [facts, `${numbers}; ${outcomeOf(report).sentence}`].flatMap((line) => wrap(line, width - 4));
    return lines.map((line, index) => (index === 0 ? `${paint('bold', letter)}  ${line}` : `   ${line}`));
  });

const cutRows = (lines: readonly string[]): string[] =>
  lines.length <= MAX_ROWS ? [...lines] : [...lines.slice(0, MAX_ROWS), `  and ${lines.length - MAX_ROWS} more`];

const tableLines = ({ columns, scenarios, requirements }: Comparison, { paint }: Writing): string[] => {
  const rows = scenarios.filter(isWorthARow);
  const head = `  ${columns.map(({ letter }) => letter).join(' ')}`;
  const line = ({ id, states, flaky }: ComparedScenario): string =>
    `  ${states.map((state, index) => signOf(state, flaky[index] === true, paint)).join(' ')}  ${id}`;
  const broken = requirements.filter(({ states }) => states.includes('failed'));
  const quiet = scenarios.length - rows.length;
  return [
    '',
    paint('yellow', `SCENARIOS (${rows.length})`),
    ...(rows.length === 0 ? [] : [head, ...cutRows(rows.map(line)), `  ${legend(rows)}`]),
    `  ${count(quiet, 'scenario')} passed, or did not apply, wherever they were played`,
    '',
    paint('yellow', `REQUIREMENTS THAT BROKE (${broken.length})`),
    ...(broken.length === 0 ? [] : [head]),
    ...cutRows(
      broken.map(
        ({ id, level, states }) =>
          `  ${states.map((state) => signOf(state, false, paint)).join(' ')}  ${id} (${level})`,
      ),
    ),
  ];
};

const differenceLines = ({ difference }: Comparison, { paint, width }: Writing): string[] =>
  DIFFERENCE_TITLES.flatMap(([kind, title, bad]) => {
    const scenarios = difference?.[kind] ?? [];
    if (scenarios.length === 0) return [];
    const lines = scenarios.flatMap((scenario) => {
      const [first = '', ...rest] = wrap(`${scenario.id}  ${changeWords(scenario)}`, width - 4);
      return [`  ${first}`, ...rest.map((line) => `    ${line}`)];
    });
    return ['', `${paint(bad ? 'red' : 'yellow', title.toUpperCase())} (${scenarios.length})`, ...cutRows(lines)];
  });

/** The comparison for a person at a terminal. */
export const renderComparison = (comparison: Comparison, options: CompareWriting = {}): string => {
  const writing: Writing = { paint: options.paint ?? plainPaint, width: options.width ?? 110 };
  const note = versionNote(comparison);
  return `${[
    ...columnLines(comparison.columns, writing),
    ...(comparison.difference === undefined ? tableLines(comparison, writing) : differenceLines(comparison, writing)),
    '',
    ...(note === undefined ? [] : [`note: ${note}`]),
    ...wrap(comparisonSentence(comparison), writing.width),
  ].join('\n')}\n`;
};
