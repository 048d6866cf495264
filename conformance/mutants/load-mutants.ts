import { join } from 'node:path';
import { matcher } from '../../src/harness/index.js';
import { loadLedger } from '../../src/ledger/index.js';
import { readSource } from '../../src/script/source.js';
import { loadScenarios } from '../../src/verbs/index.js';
import { errorFinder, lineOf } from '../../src/wire/index.js';
import { catalogueFiles, catalogueFolder } from './catalogue.js';
import { CatalogueSchema, type Mutant } from './mutant.js';

const REMEDY = 'Correct the entry; CONTRIBUTING.md shows what a mutant consists of.';
const faultsOf = errorFinder(CatalogueSchema);

/** What is wrong with the scenario that a mutant names. undefined: nothing. */
const faultOfCatcher = ({ caughtBy, needs }: Mutant): { field: 'caughtBy' | 'needs'; text: string } | undefined => {
  const matches = matcher(caughtBy);
  const catchers = loadScenarios().filter(({ id }) => matches(id));
  if (catchers.length === 0) return { field: 'caughtBy', text: `"${caughtBy}" matches no scenario` };
  const setsClock = catchers.every((scenario) => scenario.needs.clock);
  if (setsClock && needs !== 'clock') return { field: 'needs', text: `${caughtBy} sets a clock: write needs: clock` };
  const onNodes = catchers.every((scenario) => scenario.class === 'replicated');
  if (onNodes !== (needs === 'etcd')) return { field: 'needs', text: `${caughtBy} and needs: etcd go together` };
  if (!setsClock && needs === 'clock') return { field: 'needs', text: `${caughtBy} sets no clock: take needs out` };
  return undefined;
};

/**
 * All mutants of a folder of YAML files, by file name and then in the order of the file.
 * Throws a KitError of code `usage` that names file, line, entry and field.
 */
export const loadMutants = (folder = catalogueFolder): Mutant[] => {
  const mutants = new Map<string, Mutant>();
  const { byId } = loadLedger();
  for (const name of catalogueFiles(folder)) {
    const source = readSource(join(folder, name), name);
    const [fault] = faultsOf(source.value);
    if (fault !== undefined) {
      const entry = (source.value as Partial<Mutant>[] | null)?.[Number(fault.path[0])]?.id;
      throw source.fault(fault.path, `${entry === undefined ? '' : `mutant "${entry}" `}${lineOf(fault)}`, REMEDY);
    }
    for (const [index, mutant] of (source.value as Mutant[]).entries()) {
      if (mutants.has(mutant.id)) throw source.fault([index, 'id'], `mutant "${mutant.id}" exists twice`, REMEDY);
      if (!byId.has(mutant.requirement)) {
        const problem = `mutant "${mutant.id}" /requirement: there is no ${mutant.requirement} in spec/requirements.yaml`;
        throw source.fault([index, 'requirement'], problem, REMEDY);
      }
      const wrong = faultOfCatcher(mutant);
      if (wrong !== undefined) {
        throw source.fault([index, wrong.field], `mutant "${mutant.id}" /${wrong.field}: ${wrong.text}`, REMEDY);
      }
      mutants.set(mutant.id, mutant);
    }
  }
  return [...mutants.values()];
};
