import type { Scenario } from '../../script/index.js';
import { loadScenarios } from '../../verbs/index.js';
import type { RunOptions } from '../options.js';
import { select } from './selection.js';
import { takeShard } from './shard.js';

/** Scenarios of the kit that the options choose, without a subject. Throws a usage KitError. */
export const listScenarios = ({
  role = 'server',
  dialect,
  // A server of another protocol describes itself to nobody.
  classes = dialect && ['core'],
  only,
  skip,
  shard,
}: Pick<RunOptions, 'role' | 'classes' | 'only' | 'skip' | 'dialect' | 'shard'>): Scenario[] => {
  const chosen = select(
    loadScenarios().filter((scenario) => scenario.role === role),
    classes,
    only,
    skip,
  );
  return shard === undefined ? chosen : takeShard(chosen, shard);
};
