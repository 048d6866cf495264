import type { Dialect } from '../../src/adapters/index.js';
import { loadDialect } from '../../src/adapters/load-dialect.js';
import { loadVia } from '../../src/adapters/load-via.js';
import { KitError } from '../../src/errors.js';

/** A dialect as the commands `dialect check` and `dialect try` are told of it: a file, or a protocol that is built in. */
export interface NamedDialect {
  file?: string | undefined;
  via?: string | undefined;
}

/** Throws a usage KitError where there is none, or both are named. */
export const loadNamed = async ({ file, via }: NamedDialect): Promise<Dialect> => {
  if (file !== undefined && via !== undefined)
    throw new KitError('usage', 'a file and --via exclude each other', 'Name one protocol.');
  if (via !== undefined) return loadVia(via);
  if (file !== undefined) return loadDialect(file);
  throw new KitError('usage', 'there is no dialect to look at', 'Name a .yaml or .mjs file, or --via with a protocol.');
};
