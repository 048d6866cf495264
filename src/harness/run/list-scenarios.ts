import { drawKilled, killedOf, meansKilled, type Scenario } from '../../script/index.js';
import { loadScenarios } from '../../verbs/index.js';
import type { RunOptions } from '../options.js';
import type { Prepared } from '../tested.js';
import { randomOf } from './random.js';
import { matcher, select } from './selection.js';
import { takeShard } from './shard.js';

type Globs = Pick<RunOptions, 'only' | 'skip'>;

/** What is said of the scenarios as they are written, and what of those that are killed in between. */
const partsOf = ({ only, skip }: Globs): { written: Globs; killed: Globs } => ({
  written: { only: only.filter((glob) => !meansKilled(glob)), skip: skip.filter((glob) => !meansKilled(glob)) },
  killed: { only: only.filter(meansKilled), skip: skip.filter(meansKilled) },
});

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
  const all = loadScenarios().filter((scenario) => scenario.role === role);
  const { written, killed } = partsOf({ only, skip });
  const onlyKilled = killed.only.length > 0 && written.only.length === 0;
  const chosen = [
    ...(onlyKilled ? [] : select(all, classes, written.only, written.skip)),
    ...(killed.only.length > 0 ? select(killedOf(all), classes, killed.only, killed.skip) : []),
  ];
  return shard === undefined ? chosen : takeShard(chosen, shard);
};

/** Some of the chosen scenarios once more, each killed after one of its steps, as the seed says: see `kills`. */
export const killedAmong = (
  chosen: readonly Scenario[],
  { kills = 0, seed, skip }: RunOptions,
  { classes, whyNotRun }: Prepared,
): Scenario[] => {
  if (kills === 0 || !classes.includes('durable')) return [];
  const unwanted = partsOf({ only: [], skip }).killed.skip.map(matcher);
  const isPlayed = (scenario: Scenario): boolean =>
    whyNotRun(scenario) === undefined && !unwanted.some((matches) => matches(scenario.id));
  return drawKilled(chosen, kills, randomOf(seed, 'kills'), isPlayed);
};
