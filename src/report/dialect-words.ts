import type { Report } from '../../schemas/index.js';
import { names } from './words.js';

/** `31 of 63 MUST judged`: through a dialect nothing more can be said. Undefined: there was no dialect. */
export const judgedWords = ({ judged }: Report): string | undefined =>
  judged && `${judged.must} of ${judged.ofMust} MUST judged`;

/** The verdict of a run through a dialect: it never says that a server conforms. */
export const dialectSentence = (report: Report): string | undefined => {
  const judged = judgedWords(report);
  if (judged === undefined) return undefined;
  const failed = report.scenarios.filter(({ verdict, knownFailure }) => verdict === 'failed' && !knownFailure);
  const broken = new Set(failed.flatMap(({ violations }) => violations.map(({ requirement }) => requirement)));
  if (broken.size > 0) return `broken: ${names([...broken])}; ${judged}`;
  if (report.exitCode !== 0) return undefined;
  return `no loss or doubling found; ${judged}`;
};

const listed = (title: string, items: readonly string[]): string[] =>
  items.length === 0 ? [] : [`${title}: ${items.join(', ')}`];

/** What stands at the head of a report through a dialect, one sentence each. */
export const dialectLines = ({ subject: { dialect } }: Report): string[] =>
  dialect === undefined
    ? []
    : [
        `through the dialect ${dialect.name}: what rests on something that this protocol does not have is not judged`,
        ...listed('packets that it does not have', dialect.absent),
        ...listed('made up by the kit', dialect.madeUp),
        ...dialect.cannotPromise.map((sentence) => `it cannot promise: ${sentence}`),
      ];
