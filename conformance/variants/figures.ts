import { countedFor, type Plan, type Series, variantsOf } from './plan.js';
import type { FalseAlarm, RunRecord } from './record.js';
import type { Variant } from './variant.js';

/** What the runs of one variant, or of all, add up to. */
export interface Figures {
  runs: number;
  judged: number;
  retried: number;
  inconclusive: number;
  tooSlow: number;
  wallMs: number;
  falseAlarms: (FalseAlarm & { variant: string; run: number; report: string })[];
}

export const figuresOf = (records: readonly RunRecord[]): Figures => {
  const sum = (number: (record: RunRecord) => number) => records.reduce((total, record) => total + number(record), 0);
  return {
    runs: records.length,
    judged: sum((record) => record.judged),
    retried: sum((record) => record.retried),
    inconclusive: sum((record) => record.inconclusive.length),
    tooSlow: sum((record) => record.tooSlow.length),
    wallMs: sum((record) => record.wallMs),
    falseAlarms: records.flatMap(({ falseAlarms, variant, run, report = '' }) =>
      falseAlarms.map((alarm) => ({ ...alarm, variant, run, report })),
    ),
  };
};

export interface Row {
  variant: Variant;
  series: Series;
  figures: Figures;
}

export const rowsOf = (plan: Plan, records: readonly RunRecord[]): Row[] =>
  plan.series.flatMap((series) =>
    variantsOf(plan, series).map((variant) => ({
      variant,
      series,
      figures: figuresOf(countedFor(plan, series, variant, records)),
    })),
  );

/** Of what applied to a variant this much must have been judged: a kit that never decides accuses nobody, either. */
const LEAST_JUDGED = 0.9;

/** The rows that show nothing because too little was judged, one sentence each. */
export const tooLittleJudged = (rows: readonly Row[]): string[] =>
  rows.flatMap(({ variant: { id }, figures: { runs, judged, inconclusive, tooSlow } }) => {
    const all = judged + inconclusive + tooSlow;
    if (runs === 0 || (judged > 0 && judged >= LEAST_JUDGED * all)) return [];
    return [`too little was judged: ${id}: ${judged} of ${all} scenarios in ${runs} runs`];
  });

export const durationText = (ms: number): string => {
  const minutes = Math.round(ms / 60_000);
  if (minutes < 1) return `${Math.round(ms / 1_000)} s`;
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
};

const HEAD = ['variant', 'runs', 'judged', 'false alarms', 'inconclusive', 'too slow', 'retried', 'wall'];

const cellsOf = (name: string, runs: string, figures: Figures): string[] => [
  name,
  runs,
  figures.judged.toLocaleString('en'),
  String(figures.falseAlarms.length),
  String(figures.inconclusive),
  String(figures.tooSlow),
  String(figures.retried),
  durationText(figures.wallMs),
];

const aligned = (lines: readonly string[][]): string[] => {
  const widths = HEAD.map((_, column) => Math.max(...lines.map((cells) => cells[column]?.length ?? 0)));
  return lines.map((cells) =>
    cells
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
};

const seriesName = ({ role, classes, only, shards }: Series): string =>
  [
    `${role}s`,
    `classes ${classes.join(', ')}`,
    ...(only.length === 0 ? [] : [`only ${only.join(', ')}`]),
    ...(shards === 1 ? [] : [`each run one of ${shards} parts`]),
  ].join(', ');

/** The table that the command prints, a part for each series. */
export const tableOf = (plan: Plan, records: readonly RunRecord[]): string =>
  plan.series
    .map((series) => {
      const rows = rowsOf({ ...plan, series: [series] }, records);
      const variants = variantsOf(plan, series);
      const all = figuresOf(variants.flatMap((variant) => countedFor(plan, series, variant, records)));
      const lines = rows.map(({ variant, figures }) => cellsOf(variant.id, `${figures.runs}/${series.runs}`, figures));
      const total = cellsOf('all', `${all.runs}/${series.runs * variants.length}`, all);
      return `${seriesName(series)}\n${aligned([HEAD, ...lines, total]).join('\n')}\n`;
    })
    .join('\n');
