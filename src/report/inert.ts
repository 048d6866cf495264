import type { Report, ScenarioResult } from '../../schemas/index.js';

/**
 * What a terminal, a log viewer or an XML parser could take for a command, or show as something else: control
 * characters, direction marks, invisible characters, line separators, lone surrogates and noncharacters.
 */
const ACTIVE = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029\ufdd0-\ufdef\ufffe\uffff]/gu;

const NAMED: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

const visible = (character: string): string =>
  NAMED[character] ?? `\\u{${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}}`;

/** Makes text of a subject harmless: one line, every active character as a visible escape such as `\u{001b}`. */
export const inert = (text: string): string => text.replace(ACTIVE, visible);

/** Escapes the same characters inside JSON text, as `\u001b`: the parsed value stays exactly what it was. */
export const inertJson = (json: string): string =>
  json.replace(ACTIVE, (character) =>
    character === '\n'
      ? character
      : [...Array(character.length).keys()]
          .map((index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`)
          .join(''),
  );

const deep = (value: unknown): unknown => {
  if (typeof value === 'string') return inert(value);
  if (Array.isArray(value)) return value.map(deep);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [inert(key), deep(member)]));
};

/** A copy of the report in which every text is inert. Every report for people starts with it. */
export const inertReport = (report: Report): Report => deep(report) as Report;

/** The same of one result. */
export const inertResult = (result: ScenarioResult): ScenarioResult => deep(result) as ScenarioResult;
