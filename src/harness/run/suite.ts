import type { ScenarioResult } from '../../../schemas/index.js';
import { defined } from '../../defined.js';
import type { KitError } from '../../errors.js';
import type { Ledger } from '../../ledger/index.js';
import type { KeptWith, RunHooks, RunOptions } from '../options.js';
import type { Instance, Prepared } from '../tested.js';
import type { Baseline } from './baseline.js';
import type { Pace } from './pace.js';
import { type Repetition, repetitionName } from './repetitions.js';
import { isCertain } from './retries.js';
import type { StallMeter } from './stall-meter.js';

/** What one run of the kit knows and has found so far. */
export interface Suite {
  options: RunOptions;
  hooks: RunHooks;
  signal: AbortSignal;
  prepared: Prepared;
  ledger: Ledger;
  /** By the name of the repetition. */
  results: Map<string, ScenarioResult>;
  running: Set<string>;
  /** How much there is to do, and how fast it goes. */
  pace: Pace;
  /** Where and when each was played last, by `performance.now()`. */
  windows: Map<string, { instance: Instance; from: number; to: number }>;
  baseline: Baseline;
  /** Repetitions of all scenarios together. */
  total: number;
  runId: string;
  played: number;
  stalls: StallMeter;
  /** What went wrong outside any scenario, with the remedy. */
  problems: Set<string>;
  /** A history could not be written. */
  historyLost: boolean;
  /** What was lent to a scenario cannot be used again. */
  seatLost: boolean;
}

/** The command that plays this alone. The first repetition needs no name, unless a config file asks for more of them. */
export const replayOf = (
  { role, replayArguments, seed, repeat = 1 }: RunOptions,
  { id, repetition }: Repetition,
): string => {
  const words = ['npx im-conformance', ...(role === 'client' ? ['client'] : []), ...replayArguments, '--seed', seed];
  if (repetition > 1 || repeat > 1) words.push('--repetition', String(repetition));
  return [...words, '--only', `'${id}'`].join(' ');
};

/** Tells the caller how far the run is. */
export const progress = ({ hooks, results, running, total, pace }: Suite): void => {
  if (hooks.onProgress === undefined) return;
  const all = [...results.values()];
  const failed = all.filter((result) => result.verdict === 'failed' && !result.knownFailure && isCertain(result));
  const retrying = all.filter((result) => !isCertain(result) && result.verdict !== 'not-applicable');
  hooks.onProgress({
    ...{ done: results.size, total, running: [...running], failed: failed.length, retrying: retrying.length },
    ...defined({ leftMs: pace.leftMs(performance.now()) }),
  });
};

/** Only where repetitions were asked for, and only of what was played. */
const timesPlayed = (
  { options: { repeat, repetition } }: Suite,
  played: Repetition,
  { verdict }: ScenarioResult,
): Pick<ScenarioResult, 'repetitions'> => {
  if (repeat === undefined && repetition === undefined) return {};
  if (verdict === 'not-applicable' || verdict === 'unproven') return {};
  const { repetition: shown } = played;
  return { repetitions: { played: 1, failed: verdict === 'failed' ? [shown] : [], shown } };
};

/** What is left of an attempt when another one counts. */
const attemptOf = ({ verdict, reason, violations, history }: ScenarioResult): ScenarioResult['firstAttempt'] => {
  const [first] = violations;
  return {
    verdict,
    reason: reason ?? (first === undefined ? verdict : `${first.requirement}: ${first.message}`),
    requirements: [...new Set(violations.map(({ requirement }) => requirement))],
    ...defined({ history }),
  };
};

/** Keeps a result; one of an earlier attempt is replaced, and what it came to is noted. */
export const keep = (
  suite: Suite,
  repetition: Repetition,
  result: ScenarioResult,
  { certain = isCertain(result), ...played }: Partial<KeptWith> = {},
): void => {
  const knownFailure = suite.baseline.knows(result);
  const before = suite.results.get(repetitionName(repetition));
  const isLater = before !== undefined && result.attempts > Math.max(1, before.attempts);
  const kept: ScenarioResult = {
    ...result,
    ...defined({ firstAttempt: isLater ? attemptOf(before) : undefined }),
    ...timesPlayed(suite, repetition, result),
    knownFailure,
  };
  suite.results.set(repetitionName(repetition), kept);
  suite.pace.note(repetitionName(repetition));
  suite.hooks.onResult?.(kept, { certain, ...played });
};

/** Several lines as one. */
export const oneLine = (text: string): string => text.replaceAll(/\s*\n\s*/g, ' / ');

/** An error and its remedy as one line. */
export const sentenceOf = ({ message, remedy }: KitError): string =>
  oneLine(`${message.replace(/\.$/, '')}. ${remedy}`);
