import { defined } from '../../src/defined.js';
import { mergeReports } from '../../src/harness/run/merge-reports.js';
import { tell } from '../failure.js';
import { updateBaseline } from './baseline-file.js';
import { historyFinder, readReport } from './read-report.js';
import { reportTargets } from './report-targets.js';
import { writeAll } from './write-all.js';

/**
 * The `merge-reports` command: writes the reports of the run of which these are the shards. Returns its exit code; throws
 * a usage KitError for reports that do not belong together.
 */
export const runMergeReports = async (
  files: readonly string[],
  options: Readonly<Record<string, unknown>>,
): Promise<number> => {
  const targets = reportTargets((options.report as string[] | undefined) ?? [], process.stdout.isTTY === true);
  const reports = files.map((name) => ({ name, report: readReport(name) }));
  const merged = mergeReports(reports);
  const renewed = options.updateBaseline as string | undefined;
  const report = renewed === undefined ? merged : updateBaseline(merged, renewed, tell);
  const { stepsFinder } = await import('./step-texts.js');
  return writeAll(
    targets,
    report,
    defined({
      width: process.stdout.isTTY === true ? process.stdout.columns : undefined,
      detail: options.verbose === true ? ('verbose' as const) : options.quiet === true ? ('quiet' as const) : undefined,
      historyOf: historyFinder(reports),
      stepsOf: stepsFinder(),
    }),
  );
};
