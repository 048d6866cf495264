import { existsSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { KitError } from '../errors.js';
import { didYouMean } from '../nearest.js';
import type { OptionSpec } from './option-spec.js';
import { OPTIONS, specOf } from './option-table.js';

/** Options by name: text, list of texts, number, true, or a description as an object (config file only). */
export type Settings = Readonly<Record<string, unknown>>;

const camelCase = (name: string): string => name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every((item) => typeof item === 'string');

const EXPECTED: Record<OptionSpec['kind'], string> = {
  text: 'text',
  list: 'text or a list of texts',
  switch: 'true or false',
  integer: 'an integer',
  headers: 'a map from header name to text',
  description: 'the name of a file, or a description itself',
};

const fits: Record<OptionSpec['kind'], (value: unknown) => boolean> = {
  text: (value) => typeof value === 'string',
  list: (value) => typeof value === 'string' || isTexts(value),
  switch: (value) => typeof value === 'boolean',
  integer: (value) => Number.isInteger(value),
  headers: (value) => isRecord(value) && Object.values(value).every((text) => typeof text === 'string'),
  description: (value) => typeof value === 'string' || isRecord(value),
};

const checkInteger = ({ name, range }: OptionSpec, value: number, place: string): number => {
  const [least, most] = range ?? [0, Number.MAX_SAFE_INTEGER];
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  const message = `${place} must be an integer from ${least} to ${most}`;
  throw new KitError('usage', message, 'Give a number in that range.', { field: name });
};

/** What only a program can give, beside what its kind says: a list of ids, of accounts, a report. */
export interface AlsoTaken {
  fits: (value: unknown) => boolean;
  /** Such as `the name of a file, or a list of ids`. */
  expected: string;
}

/** Checks one value of an option. `place` names it in errors. Throws a usage KitError. */
export const checkValue = (
  spec: Pick<OptionSpec, 'name' | 'kind' | 'range'>,
  value: unknown,
  place: string,
  also?: AlsoTaken,
): unknown => {
  const { kind, name } = spec;
  if (!fits[kind](value) && also?.fits(value) !== true) {
    const expected = also?.expected ?? EXPECTED[kind];
    throw new KitError('usage', `${place} must be ${expected}`, `Correct ${name}.`, { field: name });
  }
  if (kind === 'integer') checkInteger(spec as OptionSpec, value as number, place);
  return kind === 'list' && typeof value === 'string' ? [value] : value;
};

/** Checks the content of a config file against the table of options. `file` only names it in errors. */
export const checkConfig = (config: unknown, file: string): Settings => {
  if (!isRecord(config)) {
    throw new KitError(
      'usage',
      `${file} must hold a map of options`,
      'Write one option a line, such as `exec: node server.js`.',
    );
  }
  const settings: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(config)) {
    const spec = specOf(key);
    if (key !== 'url' && key !== '$schema' && spec === undefined) {
      const names = ['url', ...OPTIONS.map(({ name }) => name)];
      throw new KitError(
        'usage',
        `${file}: unknown option "${key}"`,
        `${didYouMean(key, names)}Use one of ${names.join(', ')}.`,
        { field: key },
      );
    }
    const checked = checkValue(spec ?? { name: key, kind: 'text' }, value, `${file}: "${key}"`);
    // For editors alone.
    if (key !== '$schema') settings[key] = checked;
  }
  return settings;
};

const firstLine = (cause: unknown): string =>
  (cause instanceof Error ? cause.message : String(cause)).split('\n')[0]?.replace(/:$/, '') ?? '';

/** A parser's error does not name the file. */
const loader =
  (parse: (text: string) => unknown) =>
  async (path: string, text: string): Promise<unknown> => {
    try {
      return await parse(text);
    } catch (cause) {
      const message = `cannot read the config file ${basename(path)}: ${firstLine(cause)}`;
      throw new KitError('usage', message, 'Correct its syntax.', { cause });
    }
  };

// Of a package that is CommonJS, what is joined into the bundle has a default export and no other.
const yaml = loader(async (text) => (await import('yaml')).default.parse(text));

/** YAML holds JSON, but a JSON file must be JSON. */
const loaders = { '.json': loader((text) => JSON.parse(text)), '.yaml': yaml, '.yml': yaml };

/** Reads the named config file, or the one in `folder` if there is one. Throws a usage KitError that names the file. */
export const readConfig = async (folder: string, named: string | undefined): Promise<Settings> => {
  const searchPlaces = ['json', 'yaml', 'yml'].map((ending) => `im-conformance.config.${ending}`);
  if (named === undefined && !searchPlaces.some((name) => existsSync(resolve(folder, name)))) return {};
  // Loaded only where there is something to read.
  const { default: finder } = await import('lilconfig');
  const reader = finder.lilconfig('im-conformance', { searchPlaces, loaders, stopDir: folder, cache: false });
  const name = named ?? 'im-conformance.config';
  if (named !== undefined && !/\.(json|ya?ml)$/.test(named)) {
    const remedy = 'Name a file that ends in .json, .yaml or .yml.';
    throw new KitError('usage', `${named} is not a config file`, remedy, { field: 'config' });
  }
  try {
    const found = await (named === undefined ? reader.search(folder) : reader.load(resolve(folder, named)));
    if (found === null || found.isEmpty === true) return {};
    return checkConfig(found.config, named ?? basename(found.filepath));
  } catch (cause) {
    if (cause instanceof KitError) throw cause;
    throw new KitError('usage', `cannot read the config file ${name}: ${firstLine(cause)}`, 'Check its name.', {
      cause,
      field: 'config',
    });
  }
};

const headersFrom = (lines: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    lines.map((line) => {
      const [, name, value] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):\s*(.*)$/.exec(line) ?? [];
      if (name !== undefined && value !== undefined) return [name, value];
      const remedy = "Write it as --header 'Name: value'.";
      throw new KitError('usage', `--header "${line}" is not a header`, remedy, { field: 'header' });
    }),
  );

/** Turns what commander parsed into settings. Only what the caller gave is in it. */
export const flagSettings = (values: Readonly<Record<string, unknown>>): Settings => {
  const settings: Record<string, unknown> = {};
  for (const spec of OPTIONS) {
    const value = values[camelCase(spec.name)];
    if (value === undefined) continue;
    if (spec.kind === 'integer') {
      // Without a value commander says true.
      settings[spec.name] = value === true ? spec.alone : checkInteger(spec, Number(value), `--${spec.name}`);
    } else if (spec.kind === 'headers') settings[spec.name] = headersFrom(value as string[]);
    else settings[spec.name] = value;
  }
  return settings;
};

/** Of each of these groups only one counts: one on the command line drops all that stand in the file. */
const ALTERNATIVES = [
  ['url', 'exec', 'wait', 'node-url'],
  ['repeat', 'repetition'],
];

/** Flags win over the config file, option by option. Another subject on the command line drops the one of the file. */
export const mergeSettings = (config: Settings, flags: Settings): Settings => {
  const dropped = ALTERNATIVES.filter((group) => group.some((name) => flags[name] !== undefined)).flat();
  const kept = Object.entries(config).filter(([key]) => !dropped.includes(key));
  return { ...Object.fromEntries(kept), ...flags };
};
