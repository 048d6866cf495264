import { basename, dirname } from 'node:path';
import type { DialectFile } from '../../../schemas/index.js';
import { defined } from '../../defined.js';
import type { Dialect } from '../dialect.js';
import { profileOf } from './profile-of.js';
import { loadHooks, readMapping } from './read-mapping.js';
import { type Hooks, MappingSession } from './session.js';

export { exampleReadings } from './examples.js';
export { parseMapping, readMapping } from './read-mapping.js';
export type { Hooks } from './session.js';
export { match } from './template.js';

/** The dialect that a mapping says. */
export const dialectOf = (file: DialectFile, name: string, hooks: Hooks = {}): Dialect => {
  const { url, subprotocol, headers, closes, cannotPromise, transport = 'ws' } = file;
  return {
    name: file.name ?? name,
    transport,
    opening: defined({ url, subprotocol, headers }),
    profile: profileOf(file),
    ...defined({ closes, cannotPromise }),
    open: (who, wire, memory) => new MappingSession(file, hooks, { who, wire, memory }),
  };
};

/** Reads a dialect that is written as a mapping. Throws a usage KitError that names file and line. */
export const loadMapping = async (path: string): Promise<Dialect> => {
  const file = readMapping(path);
  return dialectOf(file, basename(path).replace(/\.ya?ml$/, ''), await loadHooks(file, dirname(path)));
};
