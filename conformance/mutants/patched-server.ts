import { readFileSync } from 'node:fs';
import { register } from 'node:module';
import { KitError } from '../../src/errors.js';
import type { Replacements } from './hooks.js';
import type { Patch } from './mutant.js';
import { applyPatch } from './patch.js';

// Nothing that a patch may change is imported here: what is loaded already cannot be replaced any more.

/** Folder of the compiled code, of which this file is a part. */
const compiled = new URL('../../', import.meta.url);

/** A server to start: the reference server with changes of text. `name` is what errors call it, such as `mutant "x"`. */
export interface PatchedServer {
  name: string;
  patch: readonly Patch[];
  /** Options of `im-conformance serve`. */
  options: readonly string[];
}

const readCompiled = (name: string, url: URL, file: string): string => {
  try {
    return readFileSync(url, 'utf8');
  } catch (cause) {
    throw new KitError('usage', `${name}: there is no ${file}`, 'Correct "file", or build.', { cause });
  }
};

const replacementsFor = ({ name, patch }: PatchedServer): Replacements => {
  const replacements: Replacements = {};
  for (const one of patch) {
    const url = new URL(one.file, compiled);
    const text = replacements[url.href] ?? readCompiled(name, url, one.file);
    replacements[url.href] = applyPatch(name, one, text);
  }
  return replacements;
};

/**
 * Starts the patched server that the arguments of this process ask for. What makes no sense is told on stderr, and
 * the process ends with exit code 2.
 */
export const startPatchedServer = async (choose: (words: string[]) => PatchedServer): Promise<void> => {
  try {
    const server = choose(process.argv.slice(2));
    register('./hooks.js', import.meta.url, { data: replacementsFor(server) });
    process.argv.splice(2, process.argv.length, 'serve', ...server.options);
    await import(new URL('bin/im-conformance.js', compiled).href);
  } catch (error) {
    if (!(error instanceof KitError)) throw error;
    console.error(`${error.message}\n${error.remedy}`);
    process.exit(2);
  }
};
