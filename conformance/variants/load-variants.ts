import { basename, join } from 'node:path';
import { loadLedger } from '../../src/ledger/index.js';
import { packageRoot } from '../../src/package-root.js';
import { readSource } from '../../src/script/source.js';
import { errorFinder, lineOf } from '../../src/wire/index.js';
import { type Variant, VariantsSchema } from './variant.js';

/** Where the variants of this package are. */
const catalogueFile = join(packageRoot, 'conformance', 'variants', 'catalogue.yaml');

const REMEDY = 'Correct the entry; conformance/variants/variant.ts shows what a variant consists of.';
const faultsOf = errorFinder(VariantsSchema);

/** All variants of a file, in its order. Throws a KitError of code `usage` that names file, line, entry and field. */
export const loadVariants = (file = catalogueFile): Variant[] => {
  const source = readSource(file, basename(file));
  const [fault] = faultsOf(source.value);
  if (fault !== undefined) {
    const id = (source.value as Partial<Variant>[] | null)?.[Number(fault.path[0])]?.id;
    throw source.fault(fault.path, `${id === undefined ? '' : `variant "${id}" `}${lineOf(fault)}`, REMEDY);
  }
  const { byId } = loadLedger();
  const variants = source.value as Variant[];
  for (const [index, { id, warns = [], program, patch }] of variants.entries()) {
    const first = variants.findIndex((other) => other.id === id);
    if (first !== index) throw source.fault([index, 'id'], `variant "${id}" exists twice`, REMEDY);
    const binding = warns.find((name) => byId.get(name)?.level !== 'SHOULD');
    if (binding !== undefined) {
      throw source.fault([index, 'warns'], `variant "${id}" /warns: ${binding} is no SHOULD of the ledger`, REMEDY);
    }
    if (program !== undefined && patch !== undefined) {
      throw source.fault([index, 'patch'], `variant "${id}": only the reference server can be patched`, REMEDY);
    }
  }
  return variants;
};
