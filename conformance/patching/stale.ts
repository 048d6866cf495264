import { Script } from 'node:vm';
import { KitError } from '../../src/errors.js';
import { moduleText } from './module-text.js';
import type { Patch } from './patch.js';
import { patchedTexts } from './server-file.js';

/** Who has patches. `kind` is what errors call it, such as `mutant`. */
export interface Patched {
  id: string;
  patch?: readonly Patch[];
}

const faultOf = (name: string, patch: readonly Patch[]): string | undefined => {
  try {
    for (const [path, source] of patchedTexts(name, patch)) {
      // Compiled and never run: this only tells whether it parses.
      const body = path.startsWith('examples/')
        ? source.replaceAll(/^import .*$|^export (?=const )/gm, '')
        : moduleText(path, source).body;
      new Script(`(async () => { 'use strict';\n${body}\n})`, { filename: path });
    }
    return undefined;
  } catch (error) {
    if (error instanceof KitError) return error.message;
    if (error instanceof SyntaxError) return `${name}: what it makes does not parse: ${error.message}`;
    throw error;
  }
};

/**
 * The patches that do not fit the compiled server any more, one line each, in a moment and without starting anything:
 * the file is missing, the text does not stand there exactly once, or what comes of it is no program.
 */
export const stalePatches = (kind: string, all: readonly Patched[]): string[] =>
  all.flatMap(({ id, patch = [] }) => faultOf(`${kind} "${id}"`, patch) ?? []);

/** Throws a usage KitError that names all patches that do not fit. */
export const refuseStale = (kind: string, all: readonly Patched[]): void => {
  const stale = stalePatches(kind, all);
  if (stale.length === 0) return;
  throw new KitError(
    'usage',
    `${stale.length} of ${all.length} cannot be tested:\n${stale.join('\n')}`,
    'Adapt them to the compiled server, or build again if it is older than its source.',
  );
};
