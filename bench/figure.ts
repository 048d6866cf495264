/** One measured number, with what it should reach. */
export interface Figure {
  name: string;
  value: number;
  unit: 'ratio' | '%' | 'ms' | 's' | 'min' | 'bytes' | 'MB' | 'packages' | 'per second';
  /** Absent: told for comparison only. */
  target?: { atMost: number } | { atLeast: number };
  /** How the number came about. */
  detail: string;
}

export const reached = ({ value, target }: Figure): boolean | undefined => {
  if (!target) return undefined;
  return 'atMost' in target ? value <= target.atMost : value >= target.atLeast;
};

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
};

const digitsOf = (value: number): number => (Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2);

const numberText = (value: number): string =>
  value.toLocaleString('en', { minimumFractionDigits: digitsOf(value), maximumFractionDigits: digitsOf(value) });

const valueText = ({ value, unit }: Figure): string =>
  unit === 'ratio' ? numberText(value) : `${unit === 'packages' ? value : numberText(value)} ${unit}`;

const targetText = ({ target }: Figure): string => {
  if (!target) return '';
  return 'atMost' in target ? `≤ ${target.atMost}` : `≥ ${target.atLeast}`;
};

const verdictText = (figure: Figure): string => {
  const verdict = reached(figure);
  return verdict === undefined ? '' : verdict ? 'reached' : 'not reached';
};

/** The figures as lines of aligned columns. */
export const table = (figures: readonly Figure[]): string => {
  const head = ['figure', 'value', 'target', '', 'how'];
  const rows = figures.map((figure) => [
    figure.name,
    valueText(figure),
    targetText(figure),
    verdictText(figure),
    figure.detail,
  ]);
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => (row[column] ?? '').length)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column === 1 ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd();
  return [head, ...rows].map((row) => `${line(row)}\n`).join('');
};
