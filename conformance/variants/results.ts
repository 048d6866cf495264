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
 * Names the code and the scripts that decide a verdict, kit and reference server alike. What only shows a verdict is
 * left out: a new word in a report makes no measurement worthless.
 */
export const currentBuild = (): string => {
  const code = filesBelow('dist/src', '.js').filter((name) => !name.startsWith(join('dist', 'src', 'report')));
  const files = [...code, ...filesBelow('dist/schemas', '.js'), ...filesBelow('conformance/server', '.yaml')];
  return hashOf(files.map((name) => `${name}\n${readFileSync(join(packageRoot, name), 'utf8')}`).join('\n'));
};

/** All records of a file. A last line that an interruption tore is no record. Throws a usage KitError. */
export const readRecords = (file: string): RunRecord[] => {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.slice(0, -1).map((line, index) => {
    try {
      return JSON.parse(line) as RunRecord;
    } catch (cause) {
      throw new KitError('usage', `${file}:${index + 1}: is no record of a run`, 'Remove that line, or the file.', {
        cause,
      });
    }
  });
};

/** Adds one record, so that whatever happens next costs no more than one run. */
export const appendRecord = (file: string, record: RunRecord): void => {
  mkdirSync(dirname(file), { recursive: true });
  const text = existsSync(file) ? readFileSync(file) : Buffer.alloc(0);
  const whole = text.lastIndexOf('\n') + 1;
  if (whole < text.length) truncateSync(file, whole);
  appendFileSync(file, `${JSON.stringify(record)}\n`);
};
