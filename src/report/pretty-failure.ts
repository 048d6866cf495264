import type { ScenarioResult, Violation } from '../../schemas/index.js';
import type { Paint } from './paint.js';
import { bugLink, count, groupBy, repetitionWords, wrap } from './words.js';

/** More than this of one requirement, or of one trace, tells a person nothing new; the JSON report has all. */
const MAX_PER_REQUIREMENT = 3;
const MAX_TRACE_LINES = 24;

const LABEL_WIDTH = 10;

/** A word in the margin, and the text beside it. */
export const labelled = (label: string, text: string, paint: Paint, width: number): string[] =>
  wrap(text, width - LABEL_WIDTH - 4).map(
    (line, index) => `    ${paint('dim', (index === 0 ? label : '').padEnd(LABEL_WIDTH))}${line}`,
  );

/** A person tells ids apart by their ends; the other reports have them whole. */
export const shortIds = (line: string): string =>
  // A long word without a digit is no id: it is the name of a metric, or a code.
  line.replace(/[A-Za-z0-9_-]{24,}/g, (id) => (/\d/.test(id) ? `${id.slice(0, 4)}…${id.slice(-6)}` : id));

/** The packets concerned, as far as anybody reads them. */
export const packetLines = ({ trace }: Violation, paint: Paint): string[] => {
  if (trace.length === 0) return [];
  // A line that says "1 more" is as long as the one that it hides.
  const shown = trace.length <= MAX_TRACE_LINES + 1 ? trace : trace.slice(0, MAX_TRACE_LINES);
  const left = trace.length - shown.length;
  return [
    `    ${paint('dim', 'packets')}`,
    ...shown.map((line) => `      ${shortIds(line)}`),
    ...(left > 0 ? [paint('dim', `      and ${count(left, 'more line')}`)] : []),
  ];
};

/** Where the message vanished or doubled. */
export const placeLines = ({ where }: Violation, paint: Paint, width: number): string[] =>
  where === undefined ? [] : labelled('where', shortIds(where), paint, width);

/** The first of a requirement with its packets: those of the others would tell the same story. */
const violationLines = (violation: Violation, first: boolean, paint: Paint, width: number): string[] => [
  ...labelled('what', shortIds(violation.message), paint, width),
  ...labelled('expected', shortIds(violation.expected), paint, width),
  ...labelled('seen', shortIds(violation.seen), paint, width),
  ...placeLines(violation, paint, width),
  ...(first ? packetLines(violation, paint) : []),
];

const requirementLines = (violations: readonly Violation[], paint: Paint, width: number): string[] =>
  groupBy(violations, (violation) => violation.requirement).flatMap(([id, members], index) => {
    const [first] = members;
    if (first === undefined) return [];
    const left = members.length - MAX_PER_REQUIREMENT;
    return [
      // A reader who begins with a consequence looks for the fault in the wrong place.
      ...(index === 1 ? [paint('dim', '  what follows may be a consequence of the above')] : []),
      ...wrap(`${id} (${first.level}) ${first.sentence}`, width - 2).map((line) => `  ${paint('cyan', line)}`),
      ...members.slice(0, MAX_PER_REQUIREMENT).flatMap((member, i) => violationLines(member, i === 0, paint, width)),
      ...(left > 0 ? [paint('dim', `    and ${left} more of ${id} in this scenario`)] : []),
    ];
  });

const footer = (result: ScenarioResult, paint: Paint): string[] => [
  ...result.seenIn.map((bug) => `  ${paint('dim', 'seen in'.padEnd(LABEL_WIDTH))}${bugLink(bug)}`),
  ...(result.history === undefined ? [] : [`  ${paint('dim', 'history'.padEnd(LABEL_WIDTH))}${result.history}`]),
  `  ${paint('dim', 'replay'.padEnd(LABEL_WIDTH))}${result.replay}`,
];

/** How often it was tried, where that was more than once. */
export const again = (result: ScenarioResult): string => {
  const facts = [...(result.attempts > 1 ? [`${result.attempts} attempts`] : []), repetitionWords(result) ?? []].flat();
  return facts.length === 0 ? '' : ` (${facts.join('; ')})`;
};

/** Everything a person needs to find the fault of one failed scenario. */
export const failureLines = (result: ScenarioResult, paint: Paint, width: number): string[] => [
  `${paint('red', 'FAILED')} ${paint('bold', result.id)}${again(result)}`,
  `  ${result.title}`,
  ...(result.reason === undefined ? [] : wrap(result.reason, width - 2).map((line) => `  ${line}`)),
  ...requirementLines(result.violations, paint, width),
  ...footer(result, paint),
];

/** A failure like others that were told in full before: only what it adds. */
export const briefFailureLines = (result: ScenarioResult, paint: Paint, width: number): string[] => [
  `${paint('red', 'FAILED')} ${paint('bold', result.id)}${again(result)}`,
  ...groupBy(result.violations, (violation) => violation.requirement).flatMap(([id, [first]]) =>
    wrap(`${id} ${first?.message ?? ''}`, width - 2).map((line) => `  ${line}`),
  ),
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
