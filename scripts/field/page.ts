import { type ClassCell, mendedBy, type RedCell, type Row } from './results.js';

/** What a broken requirement costs a user, where its sentence does not say so at once. */
const LOSES: Readonly<Record<string, string>> = {
  'IM-2-3': 'the sender gets no answer and does not know whether its message was taken',
  'IM-2-8': 'one message is shown as two',
  'IM-3-1': 'a message that the sender was told is safe never arrives',
  'IM-3-2': 'a message that the sender was told is safe is gone after the process was killed',
  'IM-3-6': 'a message that was read and acked comes again, and is shown twice',
  'IM-4.2-7': 'a message does not come to a receiver who is connected',
  'IM-4.2-8': 'a message that waited does not come when its receiver connects',
};

const MANY_REASONS = 8;

const plural = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`;
const inCell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

/** What should have been judged and was not, such as on a machine that was too busy. */
const unsaid = ({ grey }: ClassCell): number =>
  grey.filter(({ reason }) => /^(error|inconclusive):/.test(reason)).reduce((sum, one) => sum + one.scenarios, 0);

const cellOf = (cell: ClassCell): string => {
  const { red, judged, ofMust, passed } = cell;
  const open = unsaid(cell);
  const figures = `${judged} of ${ofMust} MUST${open > 0 ? `; ${plural(open, 'scenario')} undecided` : ''}`;
  if (red.length > 0) return `**red**: ${plural(red.length, 'scenario')}; ${figures}`;
  return passed > 0 ? `green: ${figures}` : 'grey';
};

const nameOf = ({ server, version }: Row): string => `${server} ${version}`;
const configurationOf = ({ key, note, control }: Row): string =>
  key ?? (control ? 'control' : `Debian's default${note === undefined ? '' : `; ${note}`}`);

const table = (rows: readonly Row[]): string[] => {
  const classes = [...new Set(rows.flatMap((row) => row.classes.map((cell) => cell.class)))];
  return [
    `| server | configuration | spoken to as | ${classes.map((name) => `\`${name}\``).join(' | ')} |`,
    `|---|---|---|${classes.map(() => '---|').join('')}`,
    ...rows.map((row) => {
      const cells = classes.map((name) => {
        const cell = row.classes.find((one) => one.class === name);
        return cell === undefined ? '–' : cellOf(cell);
      });
      const names = [nameOf(row), configurationOf(row), `\`${row.protocol}\``];
      return `| ${[...names.map(inCell), ...cells].join(' | ')} |`;
    }),
  ];
};

const redLine = (row: Row, cell: RedCell, rows: readonly Row[]): string => {
  const { scenario, requirement, message, failed, of, history } = cell;
  const loses = LOSES[requirement] ?? message;
  const often = failed === of ? `${failed} of ${of} times` : `flaky, ${failed} of ${of} times`;
  const key = mendedBy(row, scenario, rows);
  const mended = key === undefined ? 'no run has shown a key that mends it' : `with \`${key}\` it passes`;
  const name = history === undefined ? `\`${scenario}\`` : `[\`${scenario}\`](${history})`;
  return `| ${name} | ${requirement} | ${inCell(loses)} | ${often} | ${inCell(mended)} |`;
};

const redTable = (row: Row, rows: readonly Row[]): string[] => {
  const red = row.classes.flatMap((cell) => cell.red);
  if (red.length === 0) return [];
  return [
    '',
    '| red | requirement | what a user loses | how often | mended |',
    '|---|---|---|---|---|',
    ...red.map((cell) => redLine(row, cell, rows)),
    '',
  ];
};

const greyLines = (row: Row): string[] =>
  row.classes.flatMap(({ class: name, grey }) => {
    if (grey.length === 0) return [];
    const shown = grey.slice(0, MANY_REASONS).map(({ reason, scenarios }) => `${scenarios} × ${reason}`);
    const left = grey.slice(MANY_REASONS).reduce((sum, { scenarios }) => sum + scenarios, 0);
    const rest = left > 0 ? `; ${left} for other reasons` : '';
    return [`- Grey in \`${name}\`: ${shown.join('; ')}${rest}.`];
  });

const section = (row: Row, rows: readonly Row[]): string[] => [
  `### ${nameOf(row)}, ${configurationOf(row)}, \`${row.protocol}\``,
  '',
  `Kit ${row.kit}, ${row.date}.${row.partial ? ' Only a part of the scenarios was chosen.' : ''}`,
  ...(row.exec === undefined ? [] : ['', '```sh', row.exec, '```']),
  ...redTable(row, rows),
  '',
  ...row.classes.map(
    ({ class: name, passed, judged, ofMust }) =>
      `- \`${name}\`: ${plural(passed, 'scenario')} passed; ${judged} of ${ofMust} MUST judged.`,
  ),
  ...greyLines(row),
  '',
];

/** The lines of the field page, from what runs have shown and nothing else. */
export const fieldLines = (rows: readonly Row[]): string[] => [
  ...table(rows),
  '',
  ...rows.flatMap((row) => section(row, rows)),
];
