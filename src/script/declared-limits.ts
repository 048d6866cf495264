import type { Description } from '../../schemas/index.js';
import { KitError } from '../errors.js';
import { fillTree, placesIn, type Resolve } from '../template.js';
import { actionSteps } from './actions.js';
import { demandOf } from './demand.js';
import type { Step } from './model.js';
import type { Source } from './source.js';
import type { Action } from './vocabulary.js';

/** Limits of the subject that a script may count with: `m1..m{maxInboxMessages}`, `{maxInFlight+1}`. */
export const COUNTED_LIMITS = ['maxInFlight', 'maxInboxMessages'] as const;
type Limits = Readonly<Partial<Record<(typeof COUNTED_LIMITS)[number], number>>>;

const isLimit = (name: string): name is keyof Limits => (COUNTED_LIMITS as readonly string[]).includes(name);

const limitOf =
  (limits: Limits): Resolve =>
  ({ name }) => {
    if (!isLimit(name)) return undefined;
    const limit = limits[name];
    if (limit !== undefined) return limit;
    throw new KitError('usage', `the script counts with ${name}, which the server does not declare`, 'Declare it.');
  };

/** An action with the limits of this subject in place. Throws a KitError when the subject does not declare one. */
export const fillLimits = (action: Action, { limits = {} }: Description): Action =>
  fillTree(action, limitOf(limits)) as Action;

/** Any numbers will do to check whether labels are known; with these, a range of `limit-9` still has a member. */
const STAND_INS: Limits = { maxInFlight: 20, maxInboxMessages: 40 };
export const fillStandIns = (action: Action): Action => fillTree(action, limitOf(STAND_INS)) as Action;

/** A script that counts with a limit must ask for it: on a server that declares none it does not apply. */
export const checkLimits = (source: Source, steps: readonly Step[], requires: readonly string[]): void => {
  const required = new Set(requires.map((entry) => demandOf(entry).member));
  for (const { path, action } of actionSteps(steps)) {
    const place = placesIn(action).find(({ name }) => isLimit(name) && !required.has(`limits.${name}`));
    if (place === undefined) continue;
    const at = ['script', Number(path.split('.')[0]) - 1];
    throw source.fault(at, `${place.text} is used without being required`, `Write requires: [limits.${place.name}].`);
  }
};
