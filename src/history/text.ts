/** A time of the history for people: `1,040 ms`, `12.3 ms`. */
export const ms = (at: number): string =>
  at < 100 ? `${Math.round(at * 10) / 10} ms` : `${Math.round(at).toLocaleString('en-US')} ms`;

/** An event that is known by its line in the history alone: its time is told by whoever reads the history again. */
export interface EventReference {
  readonly line: number;
}

type Part = string | EventReference;

/** Words for people, in which events may be named whose time has been forgotten. */
export type Text = string | readonly Part[];

/** Puts texts together: a template that keeps the references of its parts. */
export const text = (strings: TemplateStringsArray, ...values: readonly (Text | number | EventReference)[]): Text => {
  const parts: Part[] = [];
  const add = (part: Part): void => {
    const last = parts.at(-1);
    if (typeof part === 'string' && typeof last === 'string') parts[parts.length - 1] = last + part;
    else parts.push(part);
  };
  for (const [i, string] of strings.entries()) {
    add(string);
    const value = values[i];
    if (value === undefined) continue;
    if (typeof value === 'number') add(String(value));
    else if (typeof value === 'string' || 'line' in value) add(value);
    else for (const part of value) add(part);
  }
  return parts.length === 1 && typeof parts[0] === 'string' ? parts[0] : parts;
};

/** Texts one after the other. */
export const joined = (texts: readonly Text[], between: string): Text =>
  texts.reduce((before, next) => (before === '' ? next : text`${before}${between}${next}`), '');

/** The lines that a text refers to. */
export const linesNamedIn = (words: Text): number[] =>
  typeof words === 'string' ? [] : words.flatMap((part) => (typeof part === 'string' ? [] : part.line));

/** The text as a sentence: `at 12 ms` where the time of an event is known, else `on line 7`. */
export const sentenceOf = (words: Text, timeOf: (line: number) => number | undefined = () => undefined): string => {
  if (typeof words === 'string') return words;
  const told = (line: number): string => {
    const at = timeOf(line);
    return at === undefined ? `on line ${line}` : `at ${ms(at)}`;
  };
  return words.map((part) => (typeof part === 'string' ? part : told(part.line))).join('');
};
