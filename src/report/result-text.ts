import type { Report, ScenarioResult } from '../../schemas/index.js';
import { inertReport, inertResult } from './inert.js';
import { outcomeOf } from './outcome.js';
import { type Paint, plainPaint } from './paint.js';
import { failureLines } from './pretty-failure.js';
import { wrap } from './words.js';

/** How a text for people is set. */
export interface TextOptions {
  /** Colours of a terminal. Default: none. */
  paint?: Paint;
  /** Columns. Default: 110. */
  width?: number;
}

const WIDTH = 110;

const undecidedLines = (result: ScenarioResult, paint: Paint, width: number): string[] => [
  `${paint('yellow', result.verdict.toUpperCase())} ${paint('bold', result.id)}`,
  `  ${result.title}`,
  ...wrap(result.reason ?? 'no reason was recorded', width - 2).map((line) => `  ${line}`),
  `  ${paint('dim', 'replay')}    ${result.replay}`,
];

/**
 * One result as a terminal shows it: of a failure the requirement with its sentence, what was expected and seen, where
 * the message vanished, the packets, and the line that replays it. What a subject wrote is made harmless. Several lines,
 * without a line end at the end.
 */
export const resultText = (result: ScenarioResult, { paint = plainPaint, width = WIDTH }: TextOptions = {}): string => {
  const shown = inertResult(result);
  const lines =
    shown.verdict === 'failed'
      ? failureLines(shown, paint, width)
      : shown.verdict === 'passed'
        ? [`${paint('green', 'PASSED')} ${paint('bold', shown.id)}`, `  ${shown.title}`]
        : undecidedLines(shown, paint, width);
  return lines.join('\n');
};

/** What a whole report comes to, as a terminal says it at its end: the verdict, why, and what to do. Several lines. */
export const outcomeText = (report: Report): string => {
  const shown = inertReport(report);
  const { sentence, missing, next } = outcomeOf(shown);
  return [
    sentence,
    ...missing.map((line) => `  because: ${line}`),
    ...shown.problems.map((line) => `  problem: ${line}`),
    ...next.map((line) => `  next: ${line}`),
  ].join('\n');
};
