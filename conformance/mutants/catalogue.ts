import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { KitError } from '../../src/errors.js';
import { packageRoot } from '../../src/package-root.js';

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
