import type { DurationSpec } from '../../schemas/index.js';
import { factsOf } from './actions.js';
import { durationMs } from './durations.js';
import { expandLabels } from './labels.js';
import type { Step } from './model.js';
import type { DeclaredTimers, Vocabulary } from './vocabulary.js';

/** A guess; what matters is only that a scenario with many messages is known to be long. */
const MESSAGE_MS = 0.1;
const MANY_MESSAGES = 50_000;

/** How long it takes to send so many. How many a subject's own limit stands for is known later; it may be very many. */
export const messagesWaitMs = (labels: string | string[]): number =>
  MESSAGE_MS * ([labels].flat().some((label) => label.includes('{')) ? MANY_MESSAGES : expandLabels(labels).length);

/**
 * Whether a bound is about a timer of the subject, so that waiting for it is no choice. `answerWithinMs` is none: a
 * subject may answer at once.
 */
export const isTimed = (spec: DurationSpec): boolean => typeof spec === 'string' && !spec.endsWith('answerWithinMs');

/** A bound within which something must come: only a timer of the subject makes the script wait for it. */
export const boundWaitMs = (within: DurationSpec | undefined, timers: DeclaredTimers): number =>
  within !== undefined && isTimed(within) ? durationMs(within, timers) : 0;

const stepWaitMs = (step: Step, timers: DeclaredTimers, vocabulary: Vocabulary): number => {
  if (step.kind === 'waits') return durationMs(step.duration, timers);
  if (step.kind === 'together') return Math.max(0, ...step.steps.map((one) => stepWaitMs(one, timers, vocabulary)));
  return factsOf(step, vocabulary).waitMs(step.action, timers);
};

/** What a script will have to wait for, in milliseconds, as far as the script itself tells: enough to start the longest first. */
export const declaredWaitMs = (steps: readonly Step[], timers: DeclaredTimers, vocabulary: Vocabulary): number =>
  steps.reduce((sum, step) => sum + stepWaitMs(step, timers, vocabulary), 0);
