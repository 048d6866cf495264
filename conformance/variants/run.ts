import { KitError } from '../../src/errors.js';
import { startPatchedServer } from '../mutants/patched-server.js';
import { readVariant } from './catalogue.js';

/** Starts a variant of the reference server: `node run.js VARIANT-ID`, then the options of `im-conformance serve`. */
await startPatchedServer(([id, ...options]) => {
  if (id === undefined) {
    throw new KitError('usage', 'no variant was named', 'Use: node run.js VARIANT-ID --port PORT --data FOLDER');
  }
  const variant = readVariant(id);
  if (!variant) throw new KitError('usage', `there is no variant "${id}"`, 'See conformance/variants/catalogue.yaml.');
  return { name: `variant "${id}"`, patch: variant.patch ?? [], options };
});
