import picomatch from 'picomatch';
import type { SubjectClass } from '../../../schemas/index.js';
import { KitError } from '../../errors.js';
import { didYouMean } from '../../nearest.js';
import type { Scenario } from '../../script/index.js';

/** What a glob may match: the whole id, the id without its cell, and the file name with and without the cell. */
const namesOf = (id: string): string[] => {
  const [path = id] = id.split('#');
  const base = id.slice(path.lastIndexOf('/') + 1);
  return [id, path, base, base.split('#')[0] ?? base];
};

/** Tells whether a scenario of that id is meant by a glob. */
export const matcher = (glob: string): ((id: string) => boolean) => {
  const matches = picomatch(glob, { nobrace: false, dot: true });
  return (id) => namesOf(id).some((name) => name === glob || matches(name));
};

/** The id, or the file of several cells, that may have been meant. */
const nearestId = (glob: string, all: readonly Scenario[]): string =>
  didYouMean(glob, [...new Set(all.flatMap(({ id }) => [id.split('#')[0] ?? id, id]))]);

/** Why a glob chooses nothing: the classes leave its scenarios out, or there are none. */
const noMatch = (option: string, glob: string, all: readonly Scenario[]): KitError => {
  const matches = matcher(glob);
  const elsewhere = all.filter(({ id }) => matches(id));
  const classes = [...new Set(elsewhere.map((scenario) => scenario.class))].join(',');
  const field = { field: option.slice(2) };
  return classes === ''
    ? new KitError(
        'usage',
        `${option} "${glob}" matches no scenario`,
        `${nearestId(glob, all)}--list prints the ids of all scenarios.`,
        field,
      )
    : new KitError(
        'usage',
        `${option} "${glob}" matches scenarios of classes that --class leaves out`,
        `Add them: --class ${classes}.`,
        field,
      );
};

/**
 * The scenarios that `--class`, `--only` and `--skip` leave. A glob that matches nothing is a usage error: a typo must
 * not look like a pass.
 */
export const select = (
  all: readonly Scenario[],
  classes: readonly SubjectClass[] | undefined,
  only: readonly string[],
  skip: readonly string[],
): Scenario[] => {
  const scenarios = classes ? all.filter((scenario) => classes.includes(scenario.class)) : all;
  for (const [option, globs] of [
    ['--only', only],
    ['--skip', skip],
  ] as const) {
    for (const glob of globs) {
      const matches = matcher(glob);
      if (scenarios.some(({ id }) => matches(id))) continue;
      throw noMatch(option, glob, all);
    }
  }
  const wanted = only.map(matcher);
  const unwanted = skip.map(matcher);
  const left = scenarios.filter(
    ({ id }) =>
      (wanted.length === 0 || wanted.some((matches) => matches(id))) && !unwanted.some((matches) => matches(id)),
  );
  if (left.length === 0) {
    throw new KitError('usage', 'no scenario is left after --class, --only and --skip', '--list prints what there is.');
  }
  return left;
};
