import type { Description } from '../../schemas/index.js';
import { KitError } from '../errors.js';
import type { Step } from './model.js';
import type { Source } from './source.js';

/** Limits of the subject that a script may count with: `m1..m{maxInboxMessages}`, `{maxInFlight+1}`. */
export const COUNTED_LIMITS = ['maxInFlight', 'maxInboxMessages'] as const;
type Limits = Readonly<Partial<Record<(typeof COUNTED_LIMITS)[number], number>>>;

const PLACEHOLDER = new RegExp(`\\{(${COUNTED_LIMITS.join('|')})([+-][0-9]+)?\\}`, 'g');

const fillText = (text: string, limits: Limits): string | number => {
  const filled = text.replaceAll(PLACEHOLDER, (_, name: keyof Limits, more: string | undefined) => {
    const limit = limits[name];
    if (limit === undefined) {
      throw new KitError('usage', `the script counts with ${name}, which the server does not declare`, 'Declare it.');
    }
    return String(limit + Number(more ?? 0));
  });
  return filled !== text && /^[0-9]+$/.test(filled) ? Number(filled) : filled;
};

/** Replaces the limits in every text below a value. A text that is nothing but a limit becomes a number. */
const fill = (value: unknown, limits: Limits): unknown => {
  if (typeof value === 'string') return value.includes('{max') ? fillText(value, limits) : value;
  if (Array.isArray(value)) return value.map((item) => fill(item, limits));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fill(item, limits)]));
};

/** An action with the limits of this subject in place. Throws a KitError when the subject does not declare one. */
export const fillLimits = <A extends object>(action: A, { limits = {} }: Description): A => fill(action, limits) as A;

/** Any numbers will do to check whether labels are known; with these, a range of `limit-9` still has a member. */
const STAND_INS: Limits = { maxInFlight: 20, maxInboxMessages: 40 };
export const fillStandIns = <A extends object>(action: A): A => fill(action, STAND_INS) as A;

/** A script that counts with a limit must ask for it: on a server that declares none it does not apply. */
export const checkLimits = (source: Source, steps: readonly Step[], requires: readonly string[]): void => {
  const required = new Set(requires.map((entry) => entry.split(' ')[0]));
  for (const step of steps) {
    if (step.kind === 'together') checkLimits(source, step.steps, requires);
    if (step.kind !== 'client' && step.kind !== 'server') continue;
    for (const [text, name] of JSON.stringify(step.action).matchAll(PLACEHOLDER)) {
      if (required.has(`limits.${name}`)) continue;
      const at = ['script', Number(step.path.split('.')[0]) - 1];
      throw source.fault(at, `${text} is used without being required`, `Write requires: [limits.${name}].`);
    }
  }
};
