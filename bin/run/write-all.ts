import type { Report } from '../../schemas/index.js';
import { EXIT } from '../../src/harness/options.js';
import { tell } from '../failure.js';
import { tellGithub } from './github.js';
import { type ReportTarget, type Writing, writeReports } from './report-targets.js';

/** Writes all reports. Returns the exit code: a report that was asked for and is not there is a usage error. */
export const writeAll = async (targets: readonly ReportTarget[], report: Report, writing: Writing): Promise<number> => {
  const faults = await writeReports(targets, report, writing);
  for (const fault of faults) tell(fault);
  const exitCode = faults.length > 0 ? EXIT.usage : report.exitCode;
  const { stream: _, ...options } = writing;
  await tellGithub(report, exitCode, options);
  return exitCode;
};
