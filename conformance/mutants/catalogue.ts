import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { KitError } from '../../src/errors.js';
import { packageRoot } from '../../src/package-root.js';
import type { Mutant } from './mutant.js';

/** Where the mutants of this package are. */
export const catalogueFolder: string = join(packageRoot, 'conformance', 'mutants', 'catalogue');

/** Names of the YAML files of a catalogue, sorted. Throws a KitError when the folder cannot be read. */
export const catalogueFiles = (folder: string): string[] => {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.yaml'))
      .sort();
  } catch (cause) {
    throw new KitError('usage', `${folder}: cannot be read`, 'Name a folder with YAML files of mutants.', { cause });
  }
};

/**
 * One mutant, without the others and without the schema: a mutant is started again after every kill, and
 * `loadMutants` has checked the catalogue by then. Undefined: there is none of that id.
 */
export const readMutant = (id: string, folder = catalogueFolder): Mutant | undefined => {
  for (const name of catalogueFiles(folder)) {
    const entries = readFileSync(join(folder, name), 'utf8').split(/^(?=- )/m);
    const entry = entries.find((text) => text.startsWith(`- id: ${id}\n`));
    if (entry !== undefined) return (parse(entry) as Mutant[])[0];
  }
  return undefined;
};
