import picomatch from 'picomatch';
import { CLIENT_CLASSES, type ClientClass, type ServerClass, SINGLE_CLASSES } from '../../schemas/index.js';
import { KitError } from '../../src/errors.js';
import { claimedOf, type Selection } from './kit-run.js';
import { entryOf, type RunRecord } from './record.js';
import { roleOf, type Variant } from './variant.js';

/** What a variant passes again and again, and what it passes once. */
export const USUAL_CLASSES: readonly ServerClass[] = ['core', 'timed-redelivery', 'durable'];
export const EVERY_CLASS: readonly ServerClass[] = SINGLE_CLASSES;
/** What a cluster plays: the classes of one node are played by the others. */
export const OF_CLUSTERS: readonly ServerClass[] = ['core', 'timed-redelivery', 'durable', 'replicated'];
/** What a client plays: whatever it claims of these. */
export const OF_CLIENTS: readonly ClientClass[] = CLIENT_CLASSES;

/** The same runs of each of these variants. */
export interface Series extends Selection {
  runs: number;
}

export interface Plan {
  variants: readonly Variant[];
  series: readonly Series[];
  burners: number;
  build: string;
  /** Runs that were judged by another build of the kit count, too. */
  anyBuild: boolean;
}

/** One run that is still to be made. */
export interface Planned extends Selection {
  variant: Variant;
  run: number;
}

/** Throws a usage KitError when no variant has such an id. */
export const chooseVariants = (variants: readonly Variant[], globs: readonly string[]): Variant[] => {
  if (globs.length === 0) return [...variants];
  const matches = picomatch([...globs]);
  const chosen = variants.filter(({ id }) => matches(id));
  if (chosen.length > 0) return chosen;
  const known = variants.map(({ id }) => id).join(', ');
  throw new KitError('usage', `no variant matches ${globs.join(', ')}`, `Choose among ${known}.`);
};

const same = (a: readonly string[], b: readonly string[]): boolean => a.join() === b.join();

/** Those of its role that claim any of its classes. What is asked of several nodes is asked of clusters, and of nobody else. */
export const variantsOf = ({ variants }: Plan, { role, classes }: Series): Variant[] =>
  variants.filter(
    (variant) =>
      roleOf(variant) === role &&
      (variant.cluster !== undefined) === (classes as readonly string[]).includes('replicated') &&
      claimedOf(variant, classes).length > 0,
  );

/** The records that count for a variant and a series, in the order in which they were made. */
export const countedFor = (plan: Plan, series: Series, variant: Variant, records: readonly RunRecord[]): RunRecord[] =>
  records.filter(
    (record) =>
      record.variant === variant.id &&
      record.entry === entryOf(variant) &&
      (plan.anyBuild || record.build === plan.build) &&
      record.burners >= plan.burners &&
      same(record.classes, series.classes) &&
      same(record.only, series.only) &&
      (record.shards ?? 1) === series.shards,
  );

/** What is missing, so that all variants are equally far at any time: who interrupts has something of each. */
export const missingRuns = (plan: Plan, records: readonly RunRecord[]): Planned[] => {
  const missing: (Planned & { round: number })[] = [];
  for (const series of plan.series) {
    const { runs, ...selection } = series;
    for (const variant of variantsOf(plan, series)) {
      const { length } = countedFor(plan, series, variant, records);
      for (let run = length + 1; run <= runs; run++) {
        // The many classes that are asked for once take their turn in the middle.
        const round = runs === 1 ? 1.5 : run;
        missing.push({ ...selection, variant, run, round });
      }
    }
  }
  return missing.sort((a, b) => a.round - b.round).map(({ round: _, ...planned }) => planned);
};
