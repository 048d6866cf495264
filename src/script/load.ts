import { existsSync, readdirSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { ROLES } from '../../schemas/index.js';
import { KitError } from '../errors.js';
import { packageRoot } from '../package-root.js';
import { checkedScenarios } from './check-file.js';
import type { Scenario } from './model.js';
import { readSource } from './source.js';
import type { VocabularyOf } from './vocabulary.js';

export const scenarioRoot = join(packageRoot, 'conformance');

/** The scenario files below `<root>/<role>/`, as paths below the root, in the order of their ids. */
export const scenarioFiles = (root: string): string[] => {
  // A folder of scenarios need not hold both roles.
  const roles = ROLES.filter((role) => existsSync(join(root, role)));
  if (roles.length === 0) {
    throw new KitError('usage', `${join(root, ROLES[0])}: no scenarios can be read there`, 'Check the folder.');
  }
  return roles.flatMap((role) =>
    readdirSync(join(root, role), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.yaml'))
      .map((name) => join(role, name))
      .sort(),
  );
};

/** `server/core/ping` of `server/core/ping.yaml`. */
export const baseOf = (path: string): string =>
  path
    .split(sep)
    .join('/')
    .replace(/\.yaml$/, '');

/** All scenarios below a folder, read and checked. Throws a usage KitError with the line. */
export const readScenarios = (root: string, vocabularyOf: VocabularyOf): Scenario[] =>
  scenarioFiles(root).flatMap((path) => {
    const shownAs = join('conformance', relative(root, join(root, path)));
    return checkedScenarios(readSource(join(root, path), shownAs), baseOf(path), vocabularyOf);
  });
