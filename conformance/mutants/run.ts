import { pathToFileURL } from 'node:url';
import { KitError } from '../../src/errors.js';
import { loadMutants } from './load-mutants.js';
import { roleOf, subjectFile } from './mutant-file.js';

/** Starts a mutant by hand: `node run.js MUTANT-ID`, then the options of `im-conformance serve`. */
try {
  const [id] = process.argv.splice(2, 1);
  if (id === undefined) {
    throw new KitError('usage', 'no mutant was named', 'Use: node run.js MUTANT-ID --port PORT --data FOLDER');
  }
  const mutant = loadMutants().find((one) => one.id === id);
  if (!mutant) throw new KitError('usage', `there is no mutant "${id}"`, 'See conformance/mutants/catalogue.');
  await import(pathToFileURL(subjectFile(roleOf(mutant), `mutant "${id}"`, mutant.patch).file).href);
} catch (error) {
  if (!(error instanceof KitError)) throw error;
  console.error(`${error.message}\n${error.remedy}`);
  process.exit(2);
}
