import type { DurationSpec } from '../../schemas/index.js';
import { KitError } from '../errors.js';

const wrong = (spec: string): KitError =>
  new KitError('usage', `"${spec}" is not a duration`, 'Write milliseconds, or for example "2 x redeliverAfterMs".');

/** Milliseconds of a duration of the script: a number, or the sum of multiples of timers that the subject declares. */
export const durationMs = (spec: DurationSpec, timers: Readonly<Record<string, number>>): number => {
  if (typeof spec === 'number') return spec;
  return spec
    .split(' + ')
    .map((term) => {
      const [, multiple = '1', name] = /^(?:([0-9.]+) x )?([A-Za-z]+)$/.exec(term) ?? [];
      const timer = timers[name ?? ''];
      if (timer === undefined || Number.isNaN(Number(multiple))) throw wrong(spec);
      return Number(multiple) * timer;
    })
    .reduce((sum, ms) => sum + ms, 0);
};
