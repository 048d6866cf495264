import { KitError } from '../../src/errors.js';
import { readMutant } from './catalogue.js';
import { startPatchedServer } from './patched-server.js';

/** Starts the reference server with one fault: `node run.js MUTANT-ID`, then the options of `im-conformance serve`. */
await startPatchedServer(([id, ...options]) => {
  if (id === undefined) {
    throw new KitError('usage', 'no mutant was named', 'Use: node run.js MUTANT-ID --port PORT --data FOLDER');
  }
  const mutant = readMutant(id);
  if (!mutant) throw new KitError('usage', `there is no mutant "${id}"`, 'See conformance/mutants/catalogue.');
  return { name: `mutant "${id}"`, patch: mutant.patch, options };
});
