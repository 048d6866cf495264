import type { MatrixCell, Report, ScenarioResult } from '../../schemas/index.js';
import { dialectLines } from './dialect-words.js';
import { inertReport } from './inert.js';
import { matrixLines, matrixSummary } from './matrix-table.js';
import type { RenderOptions } from './options.js';
import { isFlaky, narrowed, newFailures, outcomeOf, requirementCoverage } from './outcome.js';
import { causesLines, traceLines, type Writing, writingOf } from './pretty-causes.js';
import { briefFailureLines, failureLines, warningLines } from './pretty-failure.js';
import { restLines } from './pretty-rest.js';
import { count, duration, wrap } from './words.js';

const head = (report: Report, { paint, width }: Writing): string[] => {
  const { subject, kit } = report;
  const what = subject.embedded ? 'the embedded reference server, as no url was given' : subject.url;
  const facts = [`classes ${subject.classes.join(', ') || 'none'}`, `seed ${kit.seed}`, report.startedAt];
  return [
    ...wrap(`im-conformance ${kit.version} tested ${what}`, width).map((line) => paint('bold', line)),
    ...wrap(facts.join(' · '), width).map((line) => paint('dim', line)),
    ...dialectLines(report).flatMap((line) => wrap(line, width)),
  ];
};

/** The first few failures of each requirement in full: the packets of twenty of the same kind hide the other kinds. */
const FULL_PER_REQUIREMENT = 3;

const failures = (results: readonly ScenarioResult[], { paint, width }: Writing): string[] => {
  const told = new Map<string, number>();
  return results.flatMap((result) => {
    const requirement = result.violations[0]?.requirement ?? '';
    const before = told.get(requirement) ?? 0;
    told.set(requirement, before + 1);
    const lines = before < FULL_PER_REQUIREMENT ? failureLines : briefFailureLines;
    return ['', ...lines(result, paint, width)];
  });
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
    [report.scenarios.filter(isFlaky).length, 'flaky'],
  ];
  const shown = parts.filter(([number]) => number > 0).map(([number, word]) => `${number} ${word}`);
  const warnings = summary.warnings > 0 ? [count(summary.warnings, 'warning')] : [];
  return `${[`${summary.passed} passed`, ...shown, ...warnings].join(', ')} in ${duration(summary.durationMs)}`;
};

const ALARMING: ReadonlySet<MatrixCell['verdict']> = new Set(['failed', 'inconclusive', 'error', 'unproven']);

/** What was covered; the matrix as a table only where it is wanted and something in it is not as it should be. */
const coverageLines = (report: Report, { paint, width, detail }: Writing): string[] => {
  if (narrowed(report) || report.scenarios.length === 0) return [];
  const alarming = detail === 'verbose' && report.matrix.some(({ verdict }) => ALARMING.has(verdict));
  return [
    ...(alarming ? ['', paint('yellow', 'FAULT MATRIX'), ...matrixLines(report, paint)] : []),
    '',
    ...wrap(`requirements: ${requirementCoverage(report)}`, width),
    ...(report.matrix.length === 0 ? [] : wrap(`fault matrix: ${matrixSummary(report)}`, width)),
  ];
};

const verdictLines = (report: Report, writing: Writing): string[] => {
  const { paint, width, detail, written = [] } = writing;
  const { sentence, missing, next } = outcomeOf(report);
  // A page that was written already needs no advertising.
  const page = newFailures(report).length > 0 && !written.some((line) => line.startsWith('html'));
  const more = page ? ['--report html=FILE shows every failure with its script and a picture of its packets'] : [];
  const coverage = detail === 'quiet' ? [] : coverageLines(report, writing);
  const colour = report.exitCode === 0 ? 'green' : report.exitCode === 1 ? 'red' : 'yellow';
  const indented = (label: string, line: string): string[] =>
    wrap(line, width - 2 - label.length).map((part, i) => `  ${i === 0 ? label : ' '.repeat(label.length)}${part}`);
  return [
    ...(coverage.length === 0 ? [''] : coverage),
    ...wrap(summaryLine(report), width).map((line) => paint('bold', line)),
    ...wrap(sentence, width).map((line) => paint(colour, line)),
    ...missing.flatMap((line) => indented('because: ', line)),
    ...written.map((line) => `  written: ${line}`),
    ...(detail === 'quiet'
      ? []
      : [...next, ...more].flatMap((line) => indented('next: ', line).map((part) => paint('dim', part)))),
  ];
};

/** The report for a person at a terminal: nothing about what passed; of what did not, causes with one example in full. */
export const renderPretty = (original: Report, options: RenderOptions = {}): string => {
  const report = inertReport(original);
  const writing = writingOf(options);
  const { detail, paint, width } = writing;
  const failed = newFailures(report);
  const scenarios = detail === 'verbose' ? failures(failed, writing) : [];
  const warnings = detail === 'verbose' ? report.scenarios.flatMap((result) => warningLines(result, paint, width)) : [];
  return `${[
    ...(detail === 'quiet' ? [] : head(report, writing)),
    ...scenarios,
    ...warnings,
    ...(detail === 'quiet' ? [] : [...causesLines(report, failed.length, writing), ...restLines(report, writing)]),
    ...traceLines(report, writing),
    ...verdictLines(report, writing),
  ].join('\n')}\n`;
};
