import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, truncateSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { KitError } from '../../src/errors.js';
import { packageRoot } from '../../src/package-root.js';
import { hashOf, type RunRecord } from './record.js';

const filesBelow = (folder: string, ending: string): string[] =>
  readdirSync(join(packageRoot, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .sort()
    .map((name) => join(folder, name));

/**
 * Names the code and the scripts that decide a verdict, kit and reference alike. What only shows a verdict is
 * left out: a new word in a report makes no measurement worthless.
 */
export const currentBuild = (): string => {
  const code = filesBelow('dist/src', '.js').filter((name) => !name.startsWith(join('dist', 'src', 'report')));
  const scripts = [...filesBelow('conformance/server', '.yaml'), ...filesBelow('conformance/client', '.yaml')];
  const files = [...code, ...filesBelow('dist/schemas', '.js'), ...scripts];
  return hashOf(files.map((name) => `${name}\n${readFileSync(join(packageRoot, name), 'utf8')}`).join('\n'));
};

/** As much of a record as the figures need: what was cut short or written by somebody else must not be added up. */
const isRecord = (value: unknown): value is RunRecord => {
  if (typeof value !== 'object' || value === null) return false;
  const record = value as Partial<Record<keyof RunRecord, unknown>>;
  const texts = [record.variant, record.entry, record.build, record.kit, record.seed, record.endedAt];
  const numbers = [record.burners, record.run, record.wallMs, record.judged, record.retried, record.notApplicable];
  const lists = [record.classes, record.only, record.inconclusive, record.tooSlow, record.falseAlarms];
  return (
    texts.every((text) => typeof text === 'string') &&
    numbers.every((number) => typeof number === 'number') &&
    [record.load, record.shards].every((value) => ['number', 'undefined'].includes(typeof value)) &&
    lists.every(Array.isArray)
  );
};

const parsed = (line: string): unknown => {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
};

const unusable = (file: string, cause: unknown): KitError => {
  const code = (cause as NodeJS.ErrnoException).code ?? 'unusable';
  return new KitError('usage', `${file} cannot be used (${code})`, 'Name a file with --results that can be written.', {
    cause,
  });
};

/** All records of a file. A last line that an interruption tore is no record. Throws a usage KitError. */
export const readRecords = (file: string): RunRecord[] => {
  if (!existsSync(file)) return [];
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw unusable(file, cause);
  }
  const lines = text.split('\n').slice(0, -1);
  return lines.map((line, index) => {
    const value = parsed(line);
    if (isRecord(value)) return value;
    throw new KitError('usage', `${file}:${index + 1}: is no record of a run`, 'Remove that line, or the file.');
  });
};

/** Makes sure that a run of minutes can be noted at its end. Throws a usage KitError. */
export const prepareResults = (file: string): void => {
  try {
    mkdirSync(dirname(file), { recursive: true });
    appendFileSync(file, '');
  } catch (cause) {
    throw unusable(file, cause);
  }
};

/** Adds one record, so that whatever happens next costs no more than one run. */
export const appendRecord = (file: string, record: RunRecord): void => {
  prepareResults(file);
  const text = readFileSync(file);
  const whole = text.lastIndexOf('\n') + 1;
  if (whole < text.length) truncateSync(file, whole);
  appendFileSync(file, `${JSON.stringify(record)}\n`);
};
