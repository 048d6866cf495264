import { basename, join } from 'node:path';
import { CLASSES_OF } from '../../schemas/index.js';
import { loadLedger } from '../../src/ledger/index.js';
import { packageRoot } from '../../src/package-root.js';
import { readSource } from '../../src/script/source.js';
import { errorFinder, lineOf } from '../../src/wire/index.js';
import { roleOf, type Variant, VariantsSchema } from './variant.js';

/** Where the variants of this package are: servers, clusters of them, then clients. */
const catalogueFiles = ['catalogue.yaml', 'clusters.yaml', 'clients.yaml'].map((name) =>
  join(packageRoot, 'conformance', 'variants', name),
);

const REMEDY = 'Correct the entry; conformance/variants/variant.ts shows what a variant consists of.';
const faultsOf = errorFinder(VariantsSchema);

/** What only a server can have. */
const OF_SERVERS = ['network', 'proxy', 'byUrl', 'cluster'] as const satisfies readonly (keyof Variant)[];

/** What no cluster can have. */
const OF_ONE_NODE = ['network', 'proxy', 'byUrl', 'program'] as const satisfies readonly (keyof Variant)[];

interface Fault {
  field: keyof Variant;
  text: string;
}

/** What the schema cannot see. undefined: nothing is wrong. */
const faultIn = (variant: Variant): Fault | undefined => {
  const { warns = [], lacks = [], program, patch } = variant;
  const { byId } = loadLedger();
  const binding = warns.find((name) => byId.get(name)?.level !== 'SHOULD');
  if (binding !== undefined) return { field: 'warns', text: `${binding} is no SHOULD of the ledger` };
  const role = roleOf(variant);
  const foreign = lacks.find((name) => !CLASSES_OF[role].includes(name));
  if (foreign !== undefined) return { field: 'lacks', text: `${foreign} is no class of a ${role}` };
  const ofServers = OF_SERVERS.find((field) => variant[field] !== undefined);
  if (role === 'client' && ofServers !== undefined) return { field: ofServers, text: 'only a server can have that' };
  if (program !== undefined && patch !== undefined) {
    return { field: 'patch', text: 'only the reference server and the bot of the library can be patched' };
  }
  const ofOne = OF_ONE_NODE.find((field) => variant[field] !== undefined);
  if (variant.cluster !== undefined && ofOne !== undefined) {
    return { field: ofOne, text: 'only a server of one node can have that' };
  }
  return undefined;
};

/** All variants of one file, in its order. */
const loadFile = (file: string): Variant[] => {
  const source = readSource(file, basename(file));
  const [fault] = faultsOf(source.value);
  if (fault !== undefined) {
    const id = (source.value as Partial<Variant>[] | null)?.[Number(fault.path[0])]?.id;
    throw source.fault(fault.path, `${id === undefined ? '' : `variant "${id}" `}${lineOf(fault)}`, REMEDY);
  }
  const variants = source.value as Variant[];
  for (const [index, variant] of variants.entries()) {
    const { id } = variant;
    const first = variants.findIndex((other) => other.id === id);
    if (first !== index) throw source.fault([index, 'id'], `variant "${id}" exists twice`, REMEDY);
    const wrong = faultIn(variant);
    if (wrong !== undefined) {
      throw source.fault([index, wrong.field], `variant "${id}" /${wrong.field}: ${wrong.text}`, REMEDY);
    }
  }
  return variants;
};

/**
 * All variants of these files, in their order. An id says in both halves which variant it is, so no two are the same.
 * Throws a KitError of code `usage` that names file, line, entry and field.
 */
export const loadVariants = (files: readonly string[] = catalogueFiles): Variant[] => files.flatMap(loadFile);
