import picomatch from 'picomatch';
import type { Mutant } from '../conformance/mutants/mutant.js';
import type { Ledger } from '../src/ledger/index.js';

/** A scenario file that no mutant names as the one that must catch it, and why it stays all the same. */
export interface Questioned {
  /** Id of the file, without a cell. */
  scenario: string;
  why: string;
}

const fileOf = (id: string): string => id.split('#', 1)[0] ?? '';

/**
 * Where the catalogue of mutants leaves something out, one line each: a MUST that a subject can visibly break and that no
 * mutant breaks, and a scenario that catches none. `scenarios`: ids of the files.
 */
export const checkMutants = (
  ledger: Ledger,
  scenarios: readonly string[],
  mutants: readonly Pick<Mutant, 'requirement' | 'caughtBy'>[],
  questioned: readonly Questioned[],
): string[] => {
  const faults: string[] = [];
  const broken = new Set(mutants.map(({ requirement }) => requirement));
  for (const { id, level, unobserved, line } of ledger.requirements) {
    if (level !== 'MUST' || unobserved !== undefined || broken.has(id)) continue;
    faults.push(`spec/requirements.yaml:${line}: ${id} is broken by no mutant and has no \`unobserved\``);
  }
  const catchers = mutants.map(({ caughtBy }) => picomatch(fileOf(caughtBy)));
  const doubted = new Set(questioned.map(({ scenario }) => scenario));
  for (const scenario of scenarios) {
    const catches = catchers.some((matches) => matches(scenario));
    if (!catches && !doubted.has(scenario)) {
      faults.push(`conformance/${scenario}.yaml: catches no mutant, and questioned.yaml does not say why it stays`);
    } else if (catches && doubted.has(scenario)) {
      faults.push(`questioned.yaml: ${scenario} catches a mutant: take it out`);
    }
  }
  for (const scenario of doubted) {
    if (!scenarios.includes(scenario)) faults.push(`questioned.yaml: there is no scenario ${scenario}`);
  }
  return faults;
};
