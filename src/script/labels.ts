import { KitError } from '../errors.js';

/** The label under which a script asks for the answer to a frame that it wrote with `{rid}`. */
export const RAW_LABEL = 'raw';

/** The label of an id that no message of the scenario has. */
export const UNKNOWN_LABEL = 'unknown';

const RANGE_LIMIT = 100_000;

const split = (label: string): { stem: string; number: number | undefined } => {
  const match = /^(.*?)([0-9]+)$/.exec(label);
  return match ? { stem: match[1] as string, number: Number(match[2]) } : { stem: label, number: undefined };
};

const expandOne = (text: string): string[] => {
  const [first, last, ...rest] = text.split('..');
  if (last === undefined) return [text];
  const from = split(first as string);
  const to = split(last);
  const bad = rest.length > 0 || from.number === undefined || to.number === undefined || from.stem !== to.stem;
  if (bad || (to.number as number) < (from.number as number)) {
    throw new KitError(
      'usage',
      `"${text}" is not a range of labels`,
      'Write it as m1..m64: the same stem, then a number.',
    );
  }
  const length = (to.number as number) - (from.number as number) + 1;
  if (length > RANGE_LIMIT) {
    throw new KitError('usage', `"${text}" names ${length} messages`, `Use at most ${RANGE_LIMIT}.`);
  }
  return Array.from({ length }, (_, i) => `${from.stem}${(from.number as number) + i}`);
};

/** The labels that a step names: `m1`, `m1..m64`, or a list of both. */
export const expandLabels = (messages: string | readonly string[]): string[] =>
  typeof messages === 'string' ? expandOne(messages) : messages.flatMap(expandOne);

/** The labels of an option that may be left out: none then. */
export const labelsOf = (messages: string | readonly string[] | undefined): string[] =>
  messages === undefined ? [] : expandLabels(messages);
