import type { Report } from '../../schemas/index.js';
import { judgedWords } from './dialect-words.js';
import { inertJson, inertReport } from './inert.js';
import { narrowed, newFailures } from './outcome.js';
import { count } from './words.js';

/** More names than this make a badge that is longer than the line that it stands in. */
const MAX_NAMES = 3;

const ok = (report: Report): string => {
  const { classes } = report.subject;
  const which = classes.length <= MAX_NAMES ? classes.join(', ') : `${classes.length} classes`;
  return report.summary.knownFailures > 0 ? `${which}, ${count(report.summary.knownFailures, 'known failure')}` : which;
};

const faceOf = (report: Report): [message: string, color: string] => {
  const failed = newFailures(report).length;
  // Part of the suite shows no conformance, whatever came of it.
  if (report.exitCode === 0 && narrowed(report)) return [`${report.summary.passed} selected passed`, 'lightgrey'];
  const judged = judgedWords(report);
  if (report.exitCode === 0 && judged !== undefined) return [`nothing found, ${judged}`, 'green'];
  if (report.exitCode === 0) return [ok(report), report.summary.knownFailures > 0 ? 'yellow' : 'brightgreen'];
  if (report.exitCode === 1 && failed > 0) return [`${failed} failed`, 'red'];
  if (report.exitCode === 1 && report.summary.staleBaseline.length > 0) return ['stale baseline', 'red'];
  if (report.exitCode === 1) return [count(report.summary.warnings, 'warning'), 'orange'];
  return [report.complete ? 'not decided' : 'no verdict', 'lightgrey'];
};

/** The verdict as JSON for an endpoint of shields.io, which draws the badge. */
export const renderBadge = (original: Report): string => {
  const report = inertReport(original);
  const [message, color] = faceOf(report);
  return inertJson(
    `${JSON.stringify({ schemaVersion: 1, label: report.subject.dialect ? 'loss and doubling' : 'im.ran.v1', message, color })}\n`,
  );
};
