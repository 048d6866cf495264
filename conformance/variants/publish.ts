import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { KitError } from '../../src/errors.js';
import { packageRoot } from '../../src/package-root.js';
import { type Figures, rowsOf } from './figures.js';
import { countedFor, type Plan, type Series, variantsOf } from './plan.js';
import type { RunRecord } from './record.js';

/** The figures that are committed. */
export const publishedFile: string = join(packageRoot, 'conformance', 'variants', 'false-alarms.json');

/** What has figures of its own: servers of one node, clusters, clients. */
const KINDS = ['server', 'cluster', 'client'] as const;
export type Kind = (typeof KINDS)[number];

const kindOf = ({ role, classes }: Series): Kind =>
  role === 'server' && (classes as readonly string[]).includes('replicated') ? 'cluster' : role;

/** What is published of the runs of one kind. */
export interface Measured {
  /** Day of the last run, YYYY-MM-DD. */
  day: string;
  kit: string;
  /** Builds of the kit that judged. */
  builds: string[];
  /** Of the machine. */
  cores: number;
  /** The lowest and the highest load average at the end of a run: from the number of cores on, all of them were busy. */
  load: [number, number];
  /** `shards`: each run played one of so many parts of the scenarios; undefined: all of them. */
  series: { classes: string[]; runs: number; shards?: number; rows: PublishedRow[] }[];
}

/** The committed file from which `docs/how-the-kit-is-tested.md` takes its figures. A kind that was not measured is missing. */
export type Published = Partial<Record<Kind, Measured>>;

export interface PublishedRow extends Pick<Figures, 'runs' | 'judged' | 'retried' | 'inconclusive' | 'tooSlow'> {
  variant: string;
  differs: string;
  falseAlarms: number;
}

/** What the runs of these series add up to. undefined: there is none. */
const measuredOf = (plan: Plan, records: readonly RunRecord[]): Measured | undefined => {
  const counted = plan.series.flatMap((series) =>
    variantsOf(plan, series).flatMap((variant) => countedFor(plan, series, variant, records)),
  );
  const last = counted
    .map(({ endedAt }) => endedAt)
    .sort()
    .at(-1);
  const [first] = counted;
  const loads = counted.flatMap(({ load }) => load ?? []);
  if (last === undefined || first === undefined) return undefined;
  return {
    day: last.slice(0, 10),
    kit: first.kit,
    builds: [...new Set(counted.map(({ build }) => build))],
    cores: availableParallelism(),
    load: [Math.min(...loads), Math.max(...loads)],
    series: plan.series.map((series) => ({
      classes: [...series.classes],
      runs: series.runs,
      ...(series.shards === 1 ? {} : { shards: series.shards }),
      rows: rowsOf({ ...plan, series: [series] }, records).map(({ variant: { id, differs }, figures }) => ({
        variant: id,
        differs,
        runs: figures.runs,
        judged: figures.judged,
        falseAlarms: figures.falseAlarms.length,
        inconclusive: figures.inconclusive,
        tooSlow: figures.tooSlow,
        retried: figures.retried,
      })),
    })),
  };
};

/** The kinds of which the plan has runs. Throws a usage KitError when there is no run to tell of. */
export const publishedOf = (plan: Plan, records: readonly RunRecord[]): Published => {
  const parts = KINDS.flatMap((kind) => {
    const measured = measuredOf({ ...plan, series: plan.series.filter((series) => kindOf(series) === kind) }, records);
    return measured === undefined ? [] : [[kind, measured]];
  });
  if (parts.length > 0) return Object.fromEntries(parts);
  throw new KitError('usage', 'there are no runs to publish', 'Run npm run false-alarms first.');
};

const count = (number: number): string => number.toLocaleString('en');

const sumOf = (rows: readonly PublishedRow[], name: 'runs' | 'judged' | 'falseAlarms' | 'inconclusive' | 'tooSlow') =>
  rows.reduce((sum, row) => sum + row[name], 0);

const cells = (row: Omit<PublishedRow, 'variant' | 'differs'>): string =>
  `${count(row.runs)} | ${count(row.judged)} | ${count(row.falseAlarms)} | ${count(row.inconclusive)} | ${count(row.tooSlow)}`;

const HEAD = [
  '| variant | what it does in its own way | runs | scenarios judged | false alarms | inconclusive | too slow to judge |',
  '|---|---|---|---|---|---|---|',
];

/** A variant without a run has shown nothing, and says so. */
const notPlayed = (rows: readonly PublishedRow[]): string[] => {
  const names = rows.filter(({ runs }) => runs === 0).map(({ variant }) => `\`${variant}\``);
  return names.length === 0 ? [] : ['', `Not played in this series yet: ${names.join(', ')}.`];
};

/** Who reads of twenty runs must know when they were runs of a part. */
const shardLines = (shards: number | undefined): string[] =>
  shards === undefined
    ? []
    : [`The scenarios were divided into ${shards} parts, and each run played another one of them.`, ''];

const seriesLines = ({ classes, shards, rows }: Measured['series'][number]): string[] => {
  const total = {
    runs: sumOf(rows, 'runs'),
    judged: sumOf(rows, 'judged'),
    falseAlarms: sumOf(rows, 'falseAlarms'),
    inconclusive: sumOf(rows, 'inconclusive'),
    tooSlow: sumOf(rows, 'tooSlow'),
    retried: 0,
  };
  return [
    `Classes ${classes.map((name) => `\`${name}\``).join(', ')}:`,
    '',
    ...shardLines(shards),
    ...HEAD,
    ...rows.filter(({ runs }) => runs > 0).map((row) => `| \`${row.variant}\` | ${row.differs} | ${cells(row)} |`),
    `| all | | ${cells(total)} |`,
    ...notPlayed(rows),
  ];
};

/** The figures of one kind as lines of Markdown. */
export const falseAlarmTables = (published: Published, kind: Kind): string[] => {
  const measured = published[kind];
  if (measured === undefined) return ['Not measured yet.'];
  const { day, kit, builds, cores, load, series } = measured;
  const [lowest, highest] = load;
  return [
    `Measured until ${day} with version ${kit} (build ${builds.join(', ')}) on a machine with ${cores} cores,`,
    `at load averages of ${lowest} to ${highest}.`,
    ...series.flatMap((one) => ['', ...seriesLines(one)]),
  ];
};

/** What was published last. */
export const readPublished = (): Published => JSON.parse(readFileSync(publishedFile, 'utf8')) as Published;
