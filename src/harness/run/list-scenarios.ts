import type { Scenario } from '../../script/index.js';
import { loadScenarios } from '../../verbs/index.js';
import type { RunOptions } from '../options.js';
import { select } from './selection.js';

/** Scenarios of the kit that the options choose, without a subject. Throws a usage KitError. */
export const listScenarios = ({
  role = 'server',
  classes,
  only,
  skip,
}: Pick<RunOptions, 'role' | 'classes' | 'only' | 'skip'>): Scenario[] =>
  select(
    loadScenarios().filter((scenario) => scenario.role === role),
    classes,
    only,
    skip,
  );
