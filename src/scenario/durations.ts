import type { DurationSpec, TimerName, Timers } from '../../schemas/index.js';
import { KitError } from '../errors.js';

/** Milliseconds of a duration of the script: a number, or a multiple of a timer that the subject declares. */
export const durationMs = (spec: DurationSpec, timers: Timers): number => {
  if (typeof spec === 'number') return spec;
  const match = /^(?:([0-9.]+) x )?([A-Za-z]+)$/.exec(spec);
  const timer = timers[match?.[2] as TimerName];
  const factor = match?.[1] === undefined ? 1 : Number(match[1]);
  if (timer === undefined || Number.isNaN(factor)) {
    throw new KitError(
      'usage',
      `"${spec}" is not a duration`,
      'Write milliseconds, or for example "2 x redeliverAfterMs".',
    );
  }
  return factor * timer;
};
