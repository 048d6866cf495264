import type { DurationSpec, Timers } from '../../schemas/index.js';
import { durationMs } from './durations.js';
import { expandLabels } from './labels.js';
import type { Step } from './model.js';

/** Guesses; what matters is only that a scenario with many restarts or messages is known to be long. */
const RESTART_MS = 200;
const MESSAGE_MS = 0.1;
const MANY_MESSAGES = 50_000;

/** How many a subject's own limit stands for is known later; it may be very many. */
const messagesOf = (labels: string | string[]): number =>
  [labels].flat().some((label) => label.includes('{')) ? MANY_MESSAGES : expandLabels(labels).length;

/**
 * Whether a bound is about a timer of the subject, so that waiting for it is no choice. `answerWithinMs` is none: a
 * subject may answer at once.
 */
export const isTimed = (spec: DurationSpec): boolean => typeof spec === 'string' && !spec.endsWith('answerWithinMs');

const stepWaitMs = (step: Step, timers: Timers): number => {
  switch (step.kind) {
    case 'waits':
      return durationMs(step.duration, timers);
    case 'together':
      return Math.max(0, ...step.steps.map((one) => stepWaitMs(one, timers)));
    case 'server':
      if (step.action.verb === 'restarts') return RESTART_MS;
      if (step.action.verb === 'freezes') return durationMs(step.action.freezes, timers);
      return 'afterMs' in step.action ? Number(step.action.afterMs ?? 0) : 0;
    case 'client':
      if (step.action.verb === 'getsNo') return durationMs(step.action.for, timers);
      if (step.action.verb === 'sends') return MESSAGE_MS * messagesOf(step.action.sends);
      if (step.action.verb === 'disconnects') return Number(step.action.afterMs ?? 0);
      if (step.action.verb === 'gets' || step.action.verb === 'drops') {
        return step.action.within !== undefined && isTimed(step.action.within)
          ? durationMs(step.action.within, timers)
          : 0;
      }
      return 0;
  }
};

/** What a script will have to wait for, in milliseconds, as far as the script itself tells: enough to start the longest first. */
export const declaredWaitMs = (steps: readonly Step[], timers: Timers): number =>
  steps.reduce((sum, step) => sum + stepWaitMs(step, timers), 0);
