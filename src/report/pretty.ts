import type { MatrixCell, Report, ScenarioResult } from '../../schemas/index.js';
import { inertReport } from './inert.js';
import { matrixLines, matrixSummary } from './matrix-table.js';
import { knownFailures, narrowed, newFailures, outcomeOf, requirementCoverage } from './outcome.js';
import { type Paint, plainPaint } from './paint.js';
import { briefFailureLines, failureLines, warningLines } from './pretty-failure.js';
import { count, duration, groupBy, wrap } from './words.js';

const WIDTH = 110;

const head = (report: Report, paint: Paint): string[] => {
  const { subject, kit } = report;
  const what = subject.embedded ? 'the embedded reference server, as no url was given' : subject.url;
  return [
    `${paint('bold', `im-conformance ${kit.version}`)} tested ${what}`,
    paint('dim', `classes ${subject.classes.join(', ') || 'none'} · seed ${kit.seed} · ${report.startedAt}`),
  ];
};

/** The first few failures of each requirement in full: the packets of twenty of the same kind hide the other kinds. */
const FULL_PER_REQUIREMENT = 3;

const failures = (results: readonly ScenarioResult[], paint: Paint): string[] => {
  const told = new Map<string, number>();
  return results.flatMap((result) => {
    const requirement = result.violations[0]?.requirement ?? '';
    const before = told.get(requirement) ?? 0;
    told.set(requirement, before + 1);
    const lines = before < FULL_PER_REQUIREMENT ? failureLines : briefFailureLines;
    return ['', ...lines(result, paint, WIDTH)];
  });
};

/** Results that share a reason are listed under it: forty lines of the same reason hide the one that differs. */
const grouped = (title: string, results: readonly ScenarioResult[], paint: Paint): string[] => {
  if (results.length === 0) return [];
  const groups = groupBy(results, (result) => result.reason ?? 'no reason was recorded');
  return [
    '',
    `${paint('yellow', title)} (${results.length})`,
    ...groups.flatMap(([reason, members]) => [
      ...wrap(reason, WIDTH - 2).map((line) => `  ${line}`),
      ...members.slice(0, 12).map(({ id }) => paint('dim', `    ${id}`)),
      ...(members.length > 12 ? [paint('dim', `    and ${members.length - 12} more`)] : []),
    ]),
  ];
};

const withVerdict = (report: Report, verdict: ScenarioResult['verdict']): ScenarioResult[] =>
  report.scenarios.filter((result) => result.verdict === verdict);

const baselineLines = (report: Report, paint: Paint): string[] => {
  const known = knownFailures(report);
  const stale = report.summary.staleBaseline;
  return [
    ...(known.length === 0 ? [] : ['', `${paint('yellow', 'KNOWN FAILURES')} (${known.length})`]),
    ...known.map(({ id }) => `  ${id}`),
    ...(stale.length === 0 ? [] : ['', `${paint('red', 'STALE BASELINE')} (${stale.length}): these pass now`]),
    ...stale.map((id) => `  ${id}`),
  ];
};

const summaryLine = (report: Report): string => {
  const { summary } = report;
  const parts: [number, string][] = [
    [newFailures(report).length, 'failed'],
    [summary.knownFailures, 'known to fail'],
    [summary.inconclusive, 'inconclusive'],
    [summary.unproven, 'unproven'],
    [summary.errors, 'error of the kit'],
    [summary.notApplicable, 'not applicable'],
  ];
  const shown = parts.filter(([number]) => number > 0).map(([number, word]) => `${number} ${word}`);
  const warnings = summary.warnings > 0 ? [count(summary.warnings, 'warning')] : [];
  return `${[`${summary.passed} passed`, ...shown, ...warnings].join(', ')} in ${duration(summary.durationMs)}`;
};

const ALARMING: ReadonlySet<MatrixCell['verdict']> = new Set(['failed', 'inconclusive', 'error', 'unproven']);

/** What was covered; the matrix as a table only where something in it is not as it should be. */
const coverageLines = (report: Report, paint: Paint): string[] => {
  if (report.matrix.length === 0 || narrowed(report)) return [];
  const alarming = report.matrix.some(({ verdict }) => ALARMING.has(verdict));
  return [
    ...(alarming ? ['', paint('yellow', 'FAULT MATRIX'), ...matrixLines(report, paint)] : []),
    '',
    `requirements: ${requirementCoverage(report)}`,
    `fault matrix: ${matrixSummary(report)}`,
  ];
};

const verdictLines = (report: Report, paint: Paint): string[] => {
  const { sentence, missing, next } = outcomeOf(report);
  const coverage = coverageLines(report, paint);
  const colour = report.exitCode === 0 ? 'green' : report.exitCode === 1 ? 'red' : 'yellow';
  return [
    ...(coverage.length === 0 ? [''] : coverage),
    paint('bold', summaryLine(report)),
    paint(colour, sentence),
    ...missing.map((line) => `  because: ${line}`),
    ...next.map((line) => paint('dim', `  next: ${line}`)),
  ];
};

/** The report for a person at a terminal: nothing about what passed, everything about what did not. */
export const renderPretty = (original: Report, paint: Paint = plainPaint): string => {
  const report = inertReport(original);
  return `${[
    ...head(report, paint),
    ...failures(newFailures(report), paint),
    ...report.scenarios.flatMap((result) => warningLines(result, paint, WIDTH)),
    ...grouped('ERROR OF THE KIT', withVerdict(report, 'error'), paint),
    ...grouped('INCONCLUSIVE', withVerdict(report, 'inconclusive'), paint),
    ...grouped('UNPROVEN', withVerdict(report, 'unproven'), paint),
    ...baselineLines(report, paint),
    ...(report.problems.length === 0 ? [] : ['', paint('red', 'PROBLEMS')]),
    ...report.problems.flatMap((problem) => wrap(problem, WIDTH - 2).map((line) => `  ${line}`)),
    ...verdictLines(report, paint),
  ].join('\n')}\n`;
};
