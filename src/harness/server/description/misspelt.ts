import { DescriptionSchema } from '../../../../schemas/index.js';
import { KitError } from '../../../errors.js';

/** So many letters may be wrong. */
const MOST_WRONG = 2;
/** Shorter names have too many neighbours. */
const SHORTEST = 5;

/** How many letters must change, come or go to make one word of the other. */
const distance = (one: string, other: string): number => {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let i = 1; i <= one.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= other.length; j += 1) {
      const change = (row[j - 1] ?? 0) + (one[i - 1] === other[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[other.length] ?? 0;
};

const meantBy = (given: string, known: readonly string[]): string | undefined =>
  known.includes(given) || given.length < SHORTEST
    ? undefined
    : known.find((name) => distance(given.toLowerCase(), name.toLowerCase()) <= MOST_WRONG);

const { limits, timers } = DescriptionSchema.properties;
const PARTS: readonly [part: string | undefined, known: readonly string[]][] = [
  [undefined, Object.keys(DescriptionSchema.properties)],
  ['limits', Object.keys(limits.properties)],
  ['timers', Object.keys(timers.properties)],
];

/**
 * Members that nobody knows are ignored, as the specification asks; one that is nearly a known one is a slip, and would
 * make the kit test something else than was meant. Throws a usage KitError for it.
 */
export const checkSpelling = (value: unknown, where: string): void => {
  if (typeof value !== 'object' || value === null) return;
  for (const [part, known] of PARTS) {
    const members: unknown = part === undefined ? value : (value as Record<string, unknown>)[part];
    if (typeof members !== 'object' || members === null) continue;
    for (const given of Object.keys(members)) {
      const meant = meantBy(given, known);
      if (meant === undefined || Object.hasOwn(members, meant)) continue;
      const name = (word: string) => (part === undefined ? word : `${part}.${word}`);
      throw new KitError(
        'usage',
        `The description ${where} has a member "${name(given)}", which means nothing. Did you mean "${name(meant)}"?`,
        'Correct its name, or give the description with --describe FILE.',
      );
    }
  }
};

/** Throws a usage KitError when `metrics` leads to another origin: its numbers would be those of somebody else. */
export const checkMetricsPath = (metrics: string | undefined): void => {
  if (metrics === undefined || !/^([a-z][a-z0-9+.-]*:|\/\/)/i.test(metrics)) return;
  throw new KitError(
    'usage',
    `The description names metrics "${metrics}", which is a URL; it must be a path on the origin of the server (section 6.2).`,
    'Declare a path such as /metrics, or give the description with --describe FILE.',
  );
};
