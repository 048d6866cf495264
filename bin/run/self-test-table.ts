import { isPerfect } from '../../conformance/mutants/self-test.js';
import type { MutantResult, SelfTest } from '../../schemas/index.js';
import { inert, type Paint } from '../../src/report/index.js';
import { count, duration, wrap } from '../../src/report/words.js';

/** Two spaces between columns. */
const GAP = 2;
/** A sentence in a narrower column cannot be read. */
const MIN_FAULT_WIDTH = 30;

const isMeasured = ({ subtle, runs, caught }: MutantResult): boolean =>
  subtle !== undefined || runs > 2 || (caught > 0 && caught < runs);

/** With fewer runs a share says nothing. */
const MIN_RUNS_OF_A_SHARE = 10;

/** `18 of 20 (90 %)`: how often a run caught it. Empty where every one does. */
export const chance = (result: MutantResult): string => {
  const { caught, runs } = result;
  if (!isMeasured(result)) return '';
  return `${caught} of ${runs}${runs < MIN_RUNS_OF_A_SHARE ? '' : ` (${Math.round((100 * caught) / runs)} %)`}`;
};

const HEADINGS = ['mutant', 'fault', 'requirement', 'caught by', 'runs that caught it'] as const;
const FAULT_COLUMN = 1;

const cellsOf = (result: MutantResult): string[] => [
  result.id,
  result.fault,
  result.requirement,
  result.by.length === 0 ? 'NOTHING' : result.by.join(' '),
  chance(result),
];

/** One row as lines: the sentence is broken where it does not fit, the other columns are as wide as they need. */
const rowLines = (cells: readonly string[], widths: readonly number[]): string[] => {
  const columns = cells.map((cell, i) => (i === FAULT_COLUMN ? wrap(cell, widths[i] ?? 0) : [cell]));
  const height = Math.max(...columns.map((lines) => lines.length));
  return Array.from({ length: height }, (_, line) =>
    columns
      .map((lines, i) => (lines[line] ?? '').padEnd((widths[i] ?? 0) + GAP))
      .join('')
      .trimEnd(),
  );
};

const tableLines = (results: readonly MutantResult[], paint: Paint, columns: number): string[] => {
  const headings = results.some(isMeasured) ? HEADINGS : HEADINGS.slice(0, -1);
  const rows = results.map((result) => cellsOf(result).slice(0, headings.length));
  const widths = headings.map((heading, i) => Math.max(heading.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const others = widths.reduce((sum, width, i) => sum + GAP + (i === FAULT_COLUMN ? 0 : width), 0);
  widths[FAULT_COLUMN] = Math.min(widths[FAULT_COLUMN] ?? 0, Math.max(MIN_FAULT_WIDTH, columns - others));
  return [
    ...rowLines(headings, widths).map((line) => paint('bold', line)),
    ...rows.flatMap((row, i) =>
      rowLines(row, widths).map((line) => (results[i]?.right === 0 ? paint('red', line) : line)),
    ),
  ];
};

const survivorLines = ({ id, fault, survived }: MutantResult, paint: Paint): string[] =>
  survived === undefined
    ? []
    : [
        '',
        `${paint('red', 'SURVIVED')} ${paint('bold', id)}: ${fault}`,
        `  expected  ${survived.expected}`,
        ...(survived.seen === '' ? ['nothing ran'] : survived.seen.split('\n')).map(
          (line, i) => `  ${i === 0 ? 'seen    ' : '        '}  ${inert(line)}`,
        ),
      ];

const misledLines = ({ id, requirement, right, misled }: MutantResult, paint: Paint): string[] =>
  right > 0 || misled === undefined
    ? []
    : [
        '',
        `${paint('red', 'MISLED')} ${paint('bold', id)}: breaks ${requirement}, and ${misled.join(', ')} is accused first`,
      ];

/** Never rounded up to a perfect score. */
const share = (some: number, all: number): string => `${all === 0 ? 0 : Math.floor((1_000 * some) / all) / 10} %`;

/** `70 of 73 mutants caught (95.9 %), 69 accused of their fault first (94.5 %)`. */
export const scoreOf = ({ mutants }: Pick<SelfTest, 'mutants'>): string => {
  const all = mutants.length;
  const caught = mutants.filter((mutant) => mutant.caught > 0).length;
  const right = mutants.filter((mutant) => mutant.right > 0).length;
  const caughtText = `${caught} of ${count(all, 'mutant')} caught (${share(caught, all)})`;
  return `${caughtText}, ${right} accused of their fault first (${share(right, all)})`;
};

/** `servers 410 of 412, clients 79 of 79`: those that were accused of their fault first; empty where all play one role. */
const byRole = ({ mutants }: Pick<SelfTest, 'mutants'>): string => {
  const isClient = ({ caughtBy }: MutantResult): boolean => caughtBy.startsWith('client/');
  const clients = mutants.filter(isClient);
  const servers = mutants.filter((one) => !isClient(one));
  if (clients.length === 0 || servers.length === 0) return '';
  const rightOf = (some: readonly MutantResult[]): string =>
    `${some.filter(({ right }) => right > 0).length} of ${some.length}`;
  return `; servers ${rightOf(servers)}, clients ${rightOf(clients)}`;
};

/** What is missing on this machine, and what could not be tested without it. */
const untestedLines = (untested: SelfTest['untested']): string[] =>
  [...new Set(untested.map(({ why }) => why))].map((reason) => {
    const ids = untested.filter(({ why }) => why === reason).map(({ id }) => id);
    return `not tested: ${ids.join(', ')}: ${reason}`;
  });

/** The result for a person: the table, each survivor with what was expected and seen, and the score. */
export const selfTestText = (result: SelfTest, paint: Paint, columns: number): string => {
  const { control, mutants, untested, complete, durationMs } = result;
  const controlled = result.whole
    ? 'whole runs'
    : `the subject without a fault passed ${count(control.passed, 'scenario')}`;
  return `${[
    ...tableLines(mutants, paint, columns),
    ...mutants.flatMap((mutant) => [...survivorLines(mutant, paint), ...misledLines(mutant, paint)]),
    ...(control.problems.length === 0 ? [] : ['', paint('red', 'THE SUBJECT WITHOUT A FAULT')]),
    ...control.problems.map((problem) => `  ${inert(problem)}`),
    '',
    ...untestedLines(untested).map((line) => paint('yellow', line)),
    paint(
      isPerfect(result) ? 'green' : 'red',
      `${scoreOf(result)}${byRole(result)}; ${controlled}; ${duration(durationMs)}`,
    ),
    ...(complete ? [] : [paint('yellow', 'interrupted: mutants are missing')]),
  ].join('\n')}\n`;
};
