import type { Cause, Report, ScenarioResult } from '../../schemas/index.js';
import { inertReport } from './inert.js';
import { isFlaky, newFailures, outcomeOf } from './outcome.js';
import { violationOf } from './pretty-causes.js';
import { vanishWords } from './vanish-words.js';
import { count, firstAttemptWords, groupBy, names, repetitionWords } from './words.js';

/** GitHub shows ten annotations of a kind for a step, and drops the others without a word. */
const MAX_ANNOTATIONS = 10;

interface Annotation {
  kind: 'error' | 'warning';
  title: string;
  lines: readonly string[];
}

const escapeData = (text: string): string =>
  text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');

const escapeProperty = (text: string): string => escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');

const commandOf = ({ kind, title, lines }: Annotation): string =>
  `::${kind} title=${escapeProperty(title)}::${escapeData(lines.join('\n'))}`;

const causeAnnotation = (cause: Cause, results: ReadonlyMap<string, ScenarioResult>): Annotation => {
  const result = results.get(cause.example);
  const violation = result && violationOf(result, cause);
  const vanished = vanishWords(cause);
  return {
    kind: 'error',
    title: `${cause.requirement} (${cause.level}): ${count(cause.scenarios.length, 'failure')}`,
    lines: [
      cause.sentence,
      ...(vanished === '' ? [] : [vanished]),
      ...(violation === undefined
        ? []
        : [
            `${cause.example}: ${violation.message}`,
            `expected: ${violation.expected}`,
            `seen: ${violation.seen}`,
            ...(violation.where === undefined ? [] : [`where: ${violation.where}`]),
          ]),
      ...(result === undefined ? [] : [`replay: ${result.replay}`]),
      ...(cause.scenarios.length > 1 ? [`also: ${names(cause.scenarios.filter((id) => id !== cause.example))}`] : []),
    ],
  };
};

const errors = (report: Report): Annotation[] => {
  const results = new Map(report.scenarios.map((result) => [result.id, result]));
  const all = report.causes.map((cause) => causeAnnotation(cause, results));
  const { sentence, missing } = outcomeOf(report);
  const rest = report.causes.slice(MAX_ANNOTATIONS - 1).map(({ requirement }) => requirement);
  if (all.length > MAX_ANNOTATIONS) {
    const more: Annotation = { kind: 'error', title: count(rest.length, 'more cause'), lines: [names(rest, 30)] };
    return [...all.slice(0, MAX_ANNOTATIONS - 1), more];
  }
  // What is red although no scenario failed must not look green.
  if (all.length > 0 || report.exitCode === 0) return all;
  const why = [...missing, ...report.problems];
  return [{ kind: 'error', title: `im-conformance: ${sentence}`, lines: why.length > 0 ? why : [sentence] }];
};

const undecided = (report: Report): Annotation[] =>
  (['error', 'inconclusive', 'unproven'] as const).flatMap((verdict): Annotation[] => {
    const results = report.scenarios.filter((result) => result.verdict === verdict);
    if (results.length === 0 || (verdict === 'unproven' && report.exitCode === 0)) return [];
    const reasons = groupBy(results, ({ reason }) => reason ?? 'no reason was recorded');
    const title = verdict === 'error' ? count(results.length, 'error') : count(results.length, 'scenario');
    return [
      {
        kind: 'warning',
        title: verdict === 'error' ? `${title} of the kit itself` : `${title} ${verdict}`,
        lines: reasons.slice(0, 5).map(([reason, members]) => `${reason}: ${names(members.map(({ id }) => id))}`),
      },
    ];
  });

const flaky = (report: Report): Annotation[] => {
  const results = report.scenarios.filter(isFlaky);
  if (results.length === 0) return [];
  const words = (result: ScenarioResult): string =>
    firstAttemptWords(result) ?? repetitionWords(result) ?? 'passed when it was tried again';
  const lines = results.slice(0, 5).map((result) => `${result.id}: ${words(result)}`);
  return [{ kind: 'warning', title: `${results.length} flaky`, lines }];
};

/** A SHOULD that was not met, once for each requirement. */
const warnings = (report: Report): Annotation[] =>
  groupBy(
    report.scenarios.flatMap(({ id, warnings: all }) => all.map((warning) => ({ id, warning }))),
    ({ warning }) => warning.requirement,
  ).map(([requirement, members]) => ({
    kind: 'warning',
    title: `${requirement} (${members[0]?.warning.level ?? 'SHOULD'}): ${count(members.length, 'warning')}`,
    lines: [
      members[0]?.warning.sentence ?? '',
      members[0]?.warning.message ?? '',
      `in: ${names([...new Set(members.map(({ id }) => id))])}`,
    ],
  }));

/** Workflow commands of GitHub, one a line: an error for each cause, a warning for what else should be looked at. */
export const annotationLines = (original: Report): string[] => {
  const report = inertReport(original);
  const others = [...undecided(report), ...flaky(report), ...warnings(report)].slice(0, MAX_ANNOTATIONS);
  return [...errors(report), ...others].map(commandOf);
};

/** What later steps of a workflow can ask for, `name=value` a line. */
export const outputLines = (original: Report, exitCode: number): string[] => {
  const report = inertReport(original);
  const { summary } = report;
  const values: Readonly<Record<string, string | number>> = {
    verdict: outcomeOf(report).sentence,
    'exit-code': exitCode,
    passed: summary.passed,
    failed: newFailures(report).length,
    causes: report.causes.length,
    'known-failures': summary.knownFailures,
    inconclusive: summary.inconclusive,
    unproven: summary.unproven,
    errors: summary.errors,
    flaky: report.scenarios.filter(isFlaky).length,
    warnings: summary.warnings,
  };
  return Object.entries(values).map(([name, value]) => `${name}=${value}`);
};
