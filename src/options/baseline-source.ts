import { existsSync } from 'node:fs';
import { KitError } from '../errors.js';
import type { Settings } from './settings.js';
import { readText } from './text-file.js';

/** A line of a baseline: what stands before the comment, and the comment with the space before it. */
export interface BaselineLine {
  text: string;
  comment: string;
}

/** A `#` inside an id names a cell: only one at the start of a line or after a space begins a comment. */
const lineOf = (line: string): BaselineLine => {
  const at = line.search(/(?:^|\s+)#/);
  return at < 0 ? { text: line.trim(), comment: '' } : { text: line.slice(0, at).trim(), comment: line.slice(at) };
};

export const baselineLines = (content: string): BaselineLine[] => content.split(/\r?\n/).map(lineOf);

/** The file of a baseline. Throws a usage KitError where it cannot be read. */
export const readBaseline = (file: string): string => readText(file, 'baseline', 'baseline');

const textsOf = (lines: readonly BaselineLine[]): string[] => lines.flatMap(({ text }) => (text === '' ? [] : [text]));

/** The ids of `--judged FILE`, one a line. */
export const judgedIn = (file: string): string[] =>
  textsOf(baselineLines(readText(file, 'list of what must be judged', 'judged')));

/**
 * The entries of `--baseline`, or of `--update-baseline` where its file is there already; a program may give the lines
 * themselves. Throws a usage KitError.
 */
export const baselineEntries = (settings: Settings): string[] | undefined => {
  const fixed = settings.baseline as string | string[] | undefined;
  const renewed = settings['update-baseline'] as string | undefined;
  if (fixed !== undefined && renewed !== undefined) {
    const message = '--baseline and --update-baseline exclude each other';
    throw new KitError('usage', message, '--update-baseline FILE reads the file, too.', { field: 'update-baseline' });
  }
  if (Array.isArray(fixed)) return textsOf(fixed.map(lineOf));
  if (renewed !== undefined && !existsSync(renewed)) return [];
  const file = fixed ?? renewed;
  return file === undefined ? undefined : textsOf(baselineLines(readBaseline(file)));
};
