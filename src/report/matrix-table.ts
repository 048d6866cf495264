import { MATRIX_FAULTS, MATRIX_PACKETS, MATRIX_RECEIVERS, type MatrixCell, type Report } from '../../schemas/index.js';
import type { Paint, Style } from './paint.js';

interface Sign {
  sign: string;
  colour: Style;
  meaning: string;
}

/** How each verdict of a cell looks: one character, so that three of them stand side by side. */
export const CELL_SIGNS: Readonly<Record<MatrixCell['verdict'], Sign>> = {
  passed: { sign: '✓', colour: 'green', meaning: 'passed' },
  failed: { sign: '✗', colour: 'red', meaning: 'failed' },
  inconclusive: { sign: '?', colour: 'yellow', meaning: 'inconclusive' },
  error: { sign: '!', colour: 'yellow', meaning: 'error of the kit' },
  unproven: { sign: 'u', colour: 'yellow', meaning: 'unproven' },
  'not-applicable': { sign: 'n', colour: 'dim', meaning: 'not applicable' },
  excused: { sign: '-', colour: 'dim', meaning: 'no scenario can play it' },
  'not-played': { sign: '·', colour: 'dim', meaning: 'not played' },
};

/** Packets down, and for each of them the states of the receiver. */
export const MATRIX_ROWS = MATRIX_PACKETS.flatMap((packet) =>
  MATRIX_RECEIVERS.map((receiver, index) => ({ packet, receiver, first: index === 0 })),
);

const LABEL_WIDTH = 7;

/** `disconnect-before` takes two lines of the head. */
const headOf = (fault: string): [string, string] => {
  const [first = '', second = ''] = fault.split('-');
  return [first, second];
};

const columns = MATRIX_FAULTS.map((fault) => {
  const head = headOf(fault);
  return { fault, head, width: Math.max(...head.map(({ length }) => length), MATRIX_RECEIVERS.length) };
});

/** The table for a terminal: packets down, faults across, in each cell one character for each state of the receiver. */
export const matrixLines = (report: Report, paint: Paint): string[] => {
  const heads = [0, 1].map((line) =>
    [''.padEnd(LABEL_WIDTH), ...columns.map(({ head, width }) => (head[line] ?? '').padEnd(width))]
      .join('  ')
      .trimEnd(),
  );
  const rows = MATRIX_PACKETS.map((packet) =>
    [
      packet.padEnd(LABEL_WIDTH),
      ...columns.map(({ fault, width }) => {
        const signs = report.matrix
          .filter((cell) => cell.packet === packet && cell.fault === fault)
          .map(({ verdict }) => CELL_SIGNS[verdict]);
        const padding = ' '.repeat(width - signs.length);
        return `${signs.map(({ sign, colour }) => paint(colour, sign)).join('')}${padding}`;
      }),
    ]
      .join('  ')
      .trimEnd(),
  );
  const seen = new Set(report.matrix.map(({ verdict }) => verdict));
  const legend = Object.entries(CELL_SIGNS)
    .filter(([verdict]) => seen.has(verdict as MatrixCell['verdict']))
    .map(([, { sign, meaning }]) => `${sign} ${meaning}`);
  return [
    ...[...heads, ...rows].map((line) => `  ${line}`),
    paint('dim', `  each cell: receiver ${MATRIX_RECEIVERS.join(', ')}; ${legend.join(', ')}`),
  ];
};

/** `195 of 198 cells passed, 3 excused`. */
export const matrixSummary = ({ matrix }: Report): string => {
  const counted = Object.keys(CELL_SIGNS).map(
    (verdict) => [verdict, matrix.filter((cell) => cell.verdict === verdict).length] as const,
  );
  const [passed, ...others] = counted;
  const rest = others
    .filter(([, count]) => count > 0)
    .map(([verdict, count]) => `${count} ${verdict.replace('-', ' ')}`);
  return [`${passed?.[1] ?? 0} of ${matrix.length} cells passed`, ...rest].join(', ');
};
