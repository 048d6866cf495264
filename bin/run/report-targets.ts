import { closeSync, openSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import type { Report } from '../../schemas/index.js';
import { defined } from '../../src/defined.js';
import { KitError } from '../../src/errors.js';
import { didYouMean } from '../../src/nearest.js';
import {
  type Paint,
  paintFor,
  REPORT_FORMATS,
  type RenderOptions,
  type ReportFormat,
  renderReport,
} from '../../src/report/index.js';
import type { TapStream } from './tap-stream.js';
import { writeAtomically } from './write-atomically.js';

/** One report that the caller wants; without a file it goes to stdout. */
export interface ReportTarget {
  format: ReportFormat;
  file?: string;
}

const parseTarget = (text: string): ReportTarget => {
  const [, name = '', file] = /^([^=]*)(?:=(.*))?$/s.exec(text) ?? [];
  const format = REPORT_FORMATS.find((known) => known === name);
  if (format === undefined) {
    const remedy = `${didYouMean(name, REPORT_FORMATS)}Use ${REPORT_FORMATS.join(', ')}.`;
    throw new KitError('usage', `there is no report format "${name}"`, remedy);
  }
  if (file === '') throw new KitError('usage', `--report ${text} names no file`, `Write --report ${name}=FILE.`);
  return defined({ format, file });
};

/** Opening is the only true test; it leaves an empty file, which the report fills in any case. */
export const checkWritable = (file: string): void => {
  try {
    closeSync(openSync(file, 'a'));
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unwritable';
    const remedy = code === 'ENOENT' ? 'Make its folder first.' : 'Name a file that can be written.';
    throw new KitError('usage', `cannot write the report ${file} (${code})`, remedy, { cause });
  }
};

/**
 * Parses `FORMAT[=FILE]` values and checks that each can be written. Where all go to files, stdout keeps the summary for
 * people; where none is named, `forPeople` says whether people read it, or a program. Throws a usage KitError.
 */
export const reportTargets = (values: readonly string[], forPeople: boolean): ReportTarget[] => {
  if (values.length === 0) return [{ format: forPeople ? 'pretty' : 'tap' }];
  const targets = values.map(parseTarget);
  if (targets.every(({ file }) => file !== undefined)) targets.push({ format: 'pretty' });
  if (targets.filter(({ file }) => file === undefined).length > 1) {
    throw new KitError('usage', 'only one report can go to stdout', 'Give the others a file: --report FORMAT=FILE.');
  }
  const files = targets.flatMap(({ file }) => (file === undefined ? [] : [resolve(file)]));
  const twice = files.find((file, index) => files.indexOf(file) !== index);
  if (twice !== undefined) {
    throw new KitError('usage', `two reports cannot go to one file, ${twice}`, 'Give each report its own file.');
  }
  for (const file of files) checkWritable(file);
  return targets;
};

const unwritable = (cause: NodeJS.ErrnoException): KitError => {
  const message = `cannot write to the standard output (${cause.code ?? cause.message})`;
  return new KitError('usage', message, 'Make room there, or send the output somewhere else.', { cause });
};

/** Writes to stdout and waits until it is out. A reader that has gone away (`| head -1`) is no fault. */
export const writeStdout = (text: string): Promise<void> =>
  new Promise((done, fail) => {
    const quietEnd = (error: NodeJS.ErrnoException | null | undefined): void => {
      if (error && error.code !== 'EPIPE') fail(unwritable(error));
      else done();
    };
    process.stdout.once('error', quietEnd);
    process.stdout.write(text, (error) => {
      // An error is told to its listeners after this: of a reader that has gone away nobody else must hear.
      if (!error) process.stdout.off('error', quietEnd);
      quietEnd(error);
    });
  });

/** A page links to the histories from where it lies, not from where the kit was started. */
const seenFrom = (file: string, report: Report): Report => ({
  ...report,
  scenarios: report.scenarios.map((result) =>
    result.history === undefined ? result : { ...result, history: relative(dirname(file), result.history) },
  ),
});

/** What reports are written with: see `RenderOptions`. A stream that was begun takes the place of the TAP on stdout. */
export interface Writing extends Omit<RenderOptions, 'paint' | 'written'> {
  stream?: TapStream;
}

/** Writes one report into its file, at once and as a whole. */
export const writeFileTarget = async (
  { format, file }: ReportTarget,
  report: Report,
  options: RenderOptions,
): Promise<void> => {
  if (file === undefined) return;
  const seen = format === 'html' ? seenFrom(file, report) : report;
  writeAtomically(file, await renderReport(format, seen, options));
};

const unwrittenText = (format: ReportFormat, error: unknown): string =>
  `the ${format} report could not be written: ${error instanceof Error ? error.message : String(error)}`;

/**
 * Writes every report, those in files first: the one for people says where they are. Returns one sentence for each
 * that could not be written, so that one broken disk does not cost the other reports.
 */
export const writeReports = async (
  targets: readonly ReportTarget[],
  report: Report,
  { stream, ...options }: Writing = {},
): Promise<string[]> => {
  const paint: Paint = paintFor({ isTTY: process.stdout.isTTY === true, env: process.env });
  const faults: string[] = [];
  const written: string[] = [];
  const inOrder = [...targets].sort((a, b) => Number(a.file === undefined) - Number(b.file === undefined));
  for (const { format, file } of inOrder) {
    try {
      if (file === undefined && format === 'tap' && stream?.begun === true) await stream.end(report);
      else if (file === undefined)
        await writeStdout(await renderReport(format, report, { ...options, paint, written }));
      else {
        const { width: _, ...whole } = options;
        await writeFileTarget({ format, file }, report, whole);
        written.push(`${format} report: ${file}`);
      }
    } catch (error) {
      faults.push(unwrittenText(format, error));
    }
  }
  return faults;
};
