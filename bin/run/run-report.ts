import { basename } from 'node:path';
import { defined } from '../../src/defined.js';
import { KitError } from '../../src/errors.js';
import { EXIT } from '../../src/harness/options.js';
import { compareReports, renderComparison, renderComparisonPage } from '../../src/report/compare/index.js';
import { paintFor } from '../../src/report/index.js';
import { historyFinder, readReport } from './read-report.js';
import { checkWritable, writeReports, writeStdout } from './report-targets.js';
import { writeAtomically } from './write-atomically.js';

/** More columns than that fit on no page. */
const MAX_REPORTS = 20;

const terminalWidth = (): number | undefined => (process.stdout.isTTY === true ? process.stdout.columns : undefined);

/** One report is shown as its run showed it. */
const showOne = async (file: string, page: string | undefined): Promise<void> => {
  const report = readReport(file);
  const { stepsFinder } = await import('./step-texts.js');
  const historyOf = historyFinder([{ name: file, report }]);
  const targets = page === undefined ? [] : [{ format: 'html' as const, file: page }];
  const writing = defined({ width: terminalWidth(), historyOf, stepsOf: stepsFinder() });
  const [fault] = await writeReports([...targets, { format: 'pretty' }], report, writing);
  if (fault !== undefined) throw new KitError('usage', fault, 'Name a file that can be written.');
};

const showSeveral = async (files: readonly string[], page: string | undefined): Promise<void> => {
  if (files.length > MAX_REPORTS) {
    throw new KitError('usage', `${files.length} reports do not fit side by side`, `Name ${MAX_REPORTS} at most.`);
  }
  const names = files.map((file) => basename(file, '.json'));
  const told = names.map((name, index) =>
    names.indexOf(name) === names.lastIndexOf(name) ? name : (files[index] ?? ''),
  );
  const comparison = compareReports(
    files.map((file, index) => ({ name: told[index] ?? file, report: readReport(file) })),
  );
  if (page !== undefined) writeAtomically(page, renderComparisonPage(comparison));
  const paint = paintFor({ isTTY: process.stdout.isTTY === true, env: process.env });
  const written = page === undefined ? '' : `written: ${page}\n`;
  await writeStdout(renderComparison(comparison, defined({ paint, width: terminalWidth() })) + written);
};

/**
 * The `report` command. It only shows: the exit code is 0 whatever the reports say. Throws a usage KitError for what is
 * no report, and for a page that cannot be written.
 */
export const runReport = async (
  files: readonly string[],
  { html }: Readonly<Record<string, unknown>>,
): Promise<number> => {
  const page = html as string | undefined;
  if (page !== undefined) checkWritable(page);
  const [first] = files;
  if (files.length === 1 && first !== undefined) await showOne(first, page);
  else await showSeveral(files, page);
  return EXIT.conforms;
};
