import type { Report, ScenarioResult } from '../../schemas/index.js';
import { isFlaky, knownFailures } from './outcome.js';
import { idLines, type Writing } from './pretty-causes.js';
import { shortIds } from './pretty-failure.js';
import { firstAttemptWords, groupBy, repetitionWords, wrap } from './words.js';

const withVerdict = (report: Report, verdict: ScenarioResult['verdict']): ScenarioResult[] =>
  report.scenarios.filter((result) => result.verdict === verdict);

/** How long the kit stood still differs from one scenario to the next, and is no reason of its own. */
const reasonOf = ({ because, reason }: ScenarioResult): string => {
  if (because?.code !== 'kit-stalled') return reason ?? 'no reason was recorded';
  return 'too slow to judge: the kit itself stood still, and what was seen may come from that. Give it a quieter machine, or lower --concurrency and --instances.';
};

/** So many reasons are told; what is rare stands with them in --verbose. */
const REASONS = 3;

/** Results that share a reason are listed under it: forty lines of the same reason hide the one that differs. */
const grouped = (
  title: string,
  results: readonly ScenarioResult[],
  reason: (result: ScenarioResult) => string,
  writing: Writing,
): string[] => {
  if (results.length === 0) return [];
  const { paint, width, detail } = writing;
  const groups = groupBy(results, reason).sort(([, a], [, b]) => b.length - a.length);
  // A line that says "1 more" is as long as what it hides.
  const shown = detail === 'verbose' || groups.length <= REASONS + 1 ? groups : groups.slice(0, REASONS);
  const left = groups.slice(shown.length).reduce((sum, [, members]) => sum + members.length, 0);
  return [
    '',
    `${paint('yellow', title)} (${results.length})`,
    ...shown.flatMap(([text, members]) => [
      ...wrap(text, width - 2).map((line) => `  ${line}`),
      ...idLines(
        '',
        members.map(({ id }) => id),
        writing,
      ),
    ]),
    ...(left > 0 ? [paint('dim', `  and ${left} for other reasons: --verbose tells them`)] : []),
  ];
};

/** Passed only when tried again, or failed only now and then: neither green nor red is the whole truth. */
const flakyWords = (result: ScenarioResult, detail: Writing['detail']): string => {
  const again = repetitionWords(result) ?? 'passed when it was tried again, alone';
  const { firstAttempt } = result;
  if (firstAttempt === undefined) return again;
  // Each has a history of its own, which would keep like ones apart.
  const { history: _, ...alike } = firstAttempt;
  const first = firstAttemptWords({ firstAttempt: detail === 'verbose' ? firstAttempt : alike });
  return `${again}; ${shortIds(first ?? '')}`;
};

/** A SHOULD that was not met does not decide the verdict: a requirement with its scenarios is enough. */
const warningLines = (report: Report, writing: Writing): string[] => {
  const { paint, width } = writing;
  const all = report.scenarios.flatMap(({ id, warnings }) => warnings.map((warning) => ({ id, warning })));
  if (all.length === 0) return [];
  return [
    '',
    `${paint('yellow', 'WARNINGS')} (${all.length})`,
    ...groupBy(all, ({ warning }) => warning.requirement).flatMap(([requirement, members]) => {
      const { level, sentence, message } = members[0]?.warning ?? { level: 'SHOULD', sentence: '', message: '' };
      return [
        ...wrap(`${requirement} (${level}) ${sentence}`, width - 2).map((line) => `  ${paint('cyan', line)}`),
        ...wrap(message, width - 4).map((line) => `    ${line}`),
        ...idLines('', [...new Set(members.map(({ id }) => id))], writing),
      ];
    }),
  ];
};

const baselineLines = (report: Report, { paint }: Writing): string[] => {
  const known = knownFailures(report);
  const stale = report.summary.staleBaseline;
  return [
    ...(known.length === 0 ? [] : ['', `${paint('yellow', 'KNOWN FAILURES')} (${known.length})`]),
    ...known.map(({ id }) => `  ${id}`),
    ...(stale.length === 0 ? [] : ['', `${paint('red', 'STALE BASELINE')} (${stale.length}): these fail no more`]),
    ...stale.map((id) => `  ${id}`),
  ];
};

const problemLines = ({ problems }: Report, { paint, width }: Writing): string[] => [
  ...(problems.length === 0 ? [] : ['', paint('red', 'PROBLEMS')]),
  ...problems.flatMap((problem) => wrap(problem, width - 2).map((line) => `  ${line}`)),
];

/** What was not tested, what is flaky, warnings, and what is wrong around the scenarios. */
export const restLines = (report: Report, writing: Writing): string[] => [
  ...grouped('ERROR OF THE KIT', withVerdict(report, 'error'), reasonOf, writing),
  ...grouped('INCONCLUSIVE', withVerdict(report, 'inconclusive'), reasonOf, writing),
  ...grouped('UNPROVEN', withVerdict(report, 'unproven'), reasonOf, writing),
  ...grouped('FLAKY', report.scenarios.filter(isFlaky), (result) => flakyWords(result, writing.detail), writing),
  ...(writing.detail === 'verbose' ? [] : warningLines(report, writing)),
  ...baselineLines(report, writing),
  ...problemLines(report, writing),
];
