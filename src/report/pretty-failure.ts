import type { ScenarioResult, Violation } from '../../schemas/index.js';
import type { Paint } from './paint.js';
import { bugLink, groupBy, wrap } from './words.js';

/** More than this of one requirement, or of one trace, tells a person nothing new; the JSON report has all. */
const MAX_PER_REQUIREMENT = 3;
const MAX_TRACE_LINES = 24;

const LABEL_WIDTH = 10;

const labelled = (label: string, text: string, paint: Paint, width: number): string[] =>
  wrap(text, width - LABEL_WIDTH - 4).map(
    (line, index) => `    ${paint('dim', (index === 0 ? label : '').padEnd(LABEL_WIDTH))}${line}`,
  );

const traceLines = (trace: readonly string[], paint: Paint): string[] => {
  if (trace.length === 0) return [];
  const shown = trace.length <= MAX_TRACE_LINES ? trace : trace.slice(0, MAX_TRACE_LINES);
  const left = trace.length - shown.length;
  return [
    `    ${paint('dim', 'packets')}`,
    ...shown.map((line) => `      ${line}`),
    ...(left > 0 ? [paint('dim', `      and ${left} more lines`)] : []),
  ];
};

const violationLines = (violation: Violation, paint: Paint, width: number): string[] => [
  ...labelled('what', violation.message, paint, width),
  ...labelled('expected', violation.expected, paint, width),
  ...labelled('seen', violation.seen, paint, width),
  ...(violation.where === undefined ? [] : labelled('where', violation.where, paint, width)),
  ...traceLines(violation.trace, paint),
];

const requirementLines = (violations: readonly Violation[], paint: Paint, width: number): string[] =>
  groupBy(violations, (violation) => violation.requirement).flatMap(([id, members]) => {
    const [first] = members;
    if (first === undefined) return [];
    const left = members.length - MAX_PER_REQUIREMENT;
    return [
      ...wrap(`${id} (${first.level}) ${first.sentence}`, width - 2).map((line) => `  ${paint('cyan', line)}`),
      ...members.slice(0, MAX_PER_REQUIREMENT).flatMap((member) => violationLines(member, paint, width)),
      ...(left > 0 ? [paint('dim', `    and ${left} more of ${id} in this scenario`)] : []),
    ];
  });

const footer = (result: ScenarioResult, paint: Paint): string[] => [
  ...result.seenIn.map((bug) => `  ${paint('dim', 'seen in'.padEnd(LABEL_WIDTH))}${bugLink(bug)}`),
  ...(result.history === undefined ? [] : [`  ${paint('dim', 'history'.padEnd(LABEL_WIDTH))}${result.history}`]),
  `  ${paint('dim', 'replay'.padEnd(LABEL_WIDTH))}${result.replay}`,
];

const again = (result: ScenarioResult): string => (result.attempts > 1 ? ` (${result.attempts} attempts)` : '');

/** Everything a person needs to find the fault of one failed scenario. */
export const failureLines = (result: ScenarioResult, paint: Paint, width: number): string[] => [
  `${paint('red', 'FAILED')} ${paint('bold', result.id)}${again(result)}`,
  `  ${result.title}`,
  ...(result.reason === undefined ? [] : wrap(result.reason, width - 2).map((line) => `  ${line}`)),
  ...requirementLines(result.violations, paint, width),
  ...footer(result, paint),
];

/** A SHOULD that was not met: shorter than a failure, for it does not decide the verdict. */
export const warningLines = (result: ScenarioResult, paint: Paint, width: number): string[] =>
  result.warnings.length === 0
    ? []
    : [
        '',
        `${paint('yellow', 'WARNING')} ${paint('bold', result.id)}`,
        `  ${result.title}`,
        ...requirementLines(result.warnings, paint, width),
        `  ${paint('dim', 'replay'.padEnd(LABEL_WIDTH))}${result.replay}`,
      ];
