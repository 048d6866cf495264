import { defined } from '../defined.js';
import { KitError } from '../errors.js';
import type { OptionSpec } from '../options/option-spec.js';
import { OPTIONS, specOf } from '../options/option-table.js';

/** Options that only a command line has: what they tell, a program has as events and as a report. */
export const CLI_ONLY: ReadonlySet<string> = new Set([
  'list',
  'requirements',
  'report',
  'trace',
  'verbose',
  'quiet',
  'watch',
  'update-baseline',
  // A program says `role` for what a command line says by its command, and names the sides of a client as classes.
  'role',
]);

/** Names that are plural in a program, because their values are lists. */
const PLURAL: Readonly<Record<string, string>> = { class: 'classes', header: 'headers' };

/** `max-wait` as a program calls it: `maxWait`. */
export const fieldOf = (name: string): string =>
  PLURAL[name] ?? name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());

const URL_SPEC: OptionSpec = { name: 'url', group: 'subject', kind: 'text', help: 'WebSocket URL of the server' };

/** What a program can give, by the names of its fields. */
export const FIELDS: ReadonlyMap<string, OptionSpec> = new Map(
  [URL_SPEC, ...OPTIONS.filter(({ name }) => !CLI_ONLY.has(name))].map((spec) => [fieldOf(spec.name), spec]),
);

/** What a sentence for the command line says, with the names that a program knows. */
const inWordsOfPrograms = (text: string): string =>
  text.replaceAll(/--([a-z][a-z-]*[a-z])/g, (whole, name: string) => {
    if (name === 'list') return 'scenarios()';
    return specOf(name) === undefined || CLI_ONLY.has(name) ? whole : fieldOf(name);
  });

/** The same error for a program: it names options as the program wrote them. */
export const forPrograms = (cause: unknown): unknown => {
  if (!(cause instanceof KitError)) return cause;
  const { code, message, remedy, field } = cause;
  return new KitError(code, inWordsOfPrograms(message), inWordsOfPrograms(remedy), {
    ...defined({ cause: cause.cause, field: field === undefined ? undefined : fieldOf(field) }),
  });
};
