import type { Report, ScenarioResult } from '../../../schemas/index.js';
import { EXIT } from '../options.js';

/** Counts of the report. */
export const summarize = (
  results: readonly ScenarioResult[],
  staleBaseline: string[],
  durationMs: number,
): Report['summary'] => {
  const count = (verdict: ScenarioResult['verdict']) =>
    results.filter((result) => result.verdict === verdict && !result.knownFailure).length;
  return {
    passed: count('passed'),
    failed: count('failed'),
    inconclusive: count('inconclusive'),
    notApplicable: count('not-applicable'),
    unproven: count('unproven'),
    errors: count('error'),
    warnings: results.reduce((sum, result) => sum + result.warnings.length, 0),
    knownFailures: results.filter((result) => result.knownFailure).length,
    staleBaseline,
    durationMs: Math.round(durationMs),
  };
};

/** Exit code of a run that came to its end. Nonconforming comes before undecided. */
export const exitCodeOf = (summary: Report['summary'], allowUnproven: boolean, unprovenClasses: number): number => {
  if (summary.failed > 0 || summary.staleBaseline.length > 0) return EXIT.nonconforming;
  const { notApplicable, durationMs: _, staleBaseline: __, ...others } = summary;
  // A run in which nothing was played shows nothing, whatever was chosen.
  if (notApplicable > 0 && Object.values(others).every((number) => number === 0)) return EXIT.undecided;
  const unproven = allowUnproven ? 0 : summary.unproven + unprovenClasses;
  if (summary.inconclusive > 0 || summary.errors > 0 || unproven > 0) return EXIT.undecided;
  return EXIT.conforms;
};

/** Warnings count only where the caller said so. What has a worse exit code keeps it. */
export const withWarningsCounted = (report: Report): Report => {
  const counts = report.selection?.failOn === 'warning' && report.summary.warnings > 0 && report.complete;
  const lesser = report.exitCode === EXIT.conforms || report.exitCode === EXIT.undecided;
  return counts && lesser ? { ...report, exitCode: EXIT.nonconforming } : report;
};
