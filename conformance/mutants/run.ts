import { readFileSync } from 'node:fs';
import { register } from 'node:module';
import { KitError } from '../../src/errors.js';
import { readMutant } from './catalogue.js';
import type { Replacements } from './hooks.js';
import { applyPatch } from './patch.js';

// Nothing that a patch may change is imported here: what is loaded already cannot be replaced any more.

/** Folder of the compiled code, of which this file is a part. */
const compiled = new URL('../../', import.meta.url);

const readCompiled = (mutant: string, url: URL, file: string): string => {
  try {
    return readFileSync(url, 'utf8');
  } catch (cause) {
    throw new KitError('usage', `mutant "${mutant}": there is no ${file}`, 'Correct "file", or build.', { cause });
  }
};

const replacementsFor = (id: string): Replacements => {
  const mutant = readMutant(id);
  if (!mutant) throw new KitError('usage', `there is no mutant "${id}"`, 'See conformance/mutants/catalogue.');
  const replacements: Replacements = {};
  for (const patch of mutant.patch) {
    const url = new URL(patch.file, compiled);
    const text = replacements[url.href] ?? readCompiled(id, url, patch.file);
    replacements[url.href] = applyPatch(id, patch, text);
  }
  return replacements;
};

/** Starts the reference server with one fault: `node run.js MUTANT-ID`, then the options of `im-conformance serve`. */
const main = async ([id, ...options]: string[]): Promise<void> => {
  if (id === undefined) {
    throw new KitError('usage', 'no mutant was named', 'Use: node run.js MUTANT-ID --port PORT --data FOLDER');
  }
  register('./hooks.js', import.meta.url, { data: replacementsFor(id) });
  process.argv.splice(2, process.argv.length, 'serve', ...options);
  await import(new URL('bin/im-conformance.js', compiled).href);
};

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof KitError)) throw error;
  console.error(`${error.message}\n${error.remedy}`);
  process.exit(2);
}
