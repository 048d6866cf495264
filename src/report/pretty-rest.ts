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

/** Results that share a reason are listed under it: forty lines of the same reason hide the one that differs. */
const grouped = (title: string, results: readonly ScenarioResult[], writing: Writing): string[] => {
  if (results.length === 0) return [];
  const { paint, width } = writing;
  const groups = groupBy(results, reasonOf);
  return [
    '',
    `${paint('yellow', title)} (${results.length})`,
    ...groups.flatMap(([reason, members]) => [
      ...wrap(reason, width - 2).map((line) => `  ${line}`),
      ...idLines(
        '',
        members.map(({ id }) => id),
        writing,
      ),
    ]),
  ];
};

/** Passed only when tried again, or failed only now and then: neither green nor red is the whole truth. */
const flakyLines = (report: Report, { paint, width }: Writing): string[] => {
  const flaky = report.scenarios.filter(isFlaky);
  if (flaky.length === 0) return [];
  const words = (result: ScenarioResult): string => {
    const again = repetitionWords(result) ?? 'passed when it was tried again, alone';
    const first = firstAttemptWords(result);
    return first === undefined ? again : `${again}; ${shortIds(first)}`;
  };
  return [
    '',
    `${paint('yellow', 'FLAKY')} (${flaky.length})`,
    ...flaky.flatMap((result) => wrap(`${result.id}: ${words(result)}`, width - 2).map((line) => `  ${line}`)),
  ];
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
  ...grouped('ERROR OF THE KIT', withVerdict(report, 'error'), writing),
  ...grouped('INCONCLUSIVE', withVerdict(report, 'inconclusive'), writing),
  ...grouped('UNPROVEN', withVerdict(report, 'unproven'), writing),
  ...flakyLines(report, writing),
  ...(writing.detail === 'verbose' ? [] : warningLines(report, writing)),
  ...baselineLines(report, writing),
  ...problemLines(report, writing),
];
