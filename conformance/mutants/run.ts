import { readFileSync } from 'node:fs';
import { register } from 'node:module';
import { KitError } from '../../src/errors.js';
import type { Replacements } from './hooks.js';
import { loadMutants, mutantOf } from './load-mutants.js';
import type { Mutant } from './mutant.js';
import { applyPatch } from './patch.js';

/** Folder of the compiled code, of which this file is a part. */
const compiled = new URL('../../', import.meta.url);

const replacementsOf = (mutant: Mutant): Replacements => {
  const replacements: Replacements = {};
  for (const patch of mutant.patch) {
    const url = new URL(patch.file, compiled);
    const text = replacements[url.href] ?? readCompiled(mutant.id, url, patch.file);
    replacements[url.href] = applyPatch(mutant.id, patch, text);
  }
  return replacements;
};

const readCompiled = (mutant: string, url: URL, file: string): string => {
  try {
    return readFileSync(url, 'utf8');
  } catch (cause) {
    throw new KitError('usage', `mutant "${mutant}": there is no ${file}`, 'Correct "file", or build.', { cause });
  }
};

/** Starts the reference server with one fault: `node run.js MUTANT-ID`, then the options of `im-conformance serve`. */
const main = async ([id, ...options]: string[]): Promise<void> => {
  if (id === undefined) {
    throw new KitError('usage', 'no mutant was named', 'Use: node run.js MUTANT-ID --port PORT --data FOLDER');
  }
  register('./hooks.js', import.meta.url, { data: replacementsOf(mutantOf(loadMutants(), id)) });
  process.argv.splice(2, process.argv.length, 'serve', ...options);
  await import(new URL('bin/im-conformance.js', compiled).href);
};

main(process.argv.slice(2)).catch((error: unknown) => {
  if (!(error instanceof KitError)) throw error;
  console.error(`${error.message}\n${error.remedy}`);
  process.exit(2);
});
