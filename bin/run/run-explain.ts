import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { catalogueFiles, catalogueFolder } from '../../conformance/mutants/catalogue.js';
import type { Mutant } from '../../conformance/mutants/mutant.js';
import { KitError } from '../../src/errors.js';
import { EXIT } from '../../src/harness/options.js';
import { type Ledger, loadLedger } from '../../src/ledger/index.js';
import { nearest } from '../../src/nearest.js';
import { type ExplainedScenario, explainRequirement, explainScenario } from '../../src/report/explain.js';
import { inert, paintFor } from '../../src/report/index.js';
import { actionSteps, type Scenario, type Step } from '../../src/script/index.js';
import { loadScenarios } from '../../src/verbs/index.js';
import { writeStdout } from './report-targets.js';
import { stepTexts } from './step-texts.js';

/** The requirements that single steps name: a cell may prove more than the head of its file says. */
const namedBySteps = (steps: readonly Step[]): string[] =>
  actionSteps(steps).flatMap(({ action: { by } }) => (typeof by === 'string' ? [by] : []));

const explained = (scenario: Scenario): ExplainedScenario => ({
  ...scenario,
  proves: [...new Set([...scenario.proves, ...namedBySteps(scenario.steps)])],
  steps: stepTexts(scenario.steps),
});

/** Parses only the files that name the requirement: the whole catalogue, with its checks, takes seconds. */
const mutantsOf = (requirement: string): string[] => {
  const texts = catalogueFiles(catalogueFolder).map((name) => readFileSync(join(catalogueFolder, name), 'utf8'));
  const mutants = texts.filter((text) => text.includes(requirement)).flatMap((text) => parse(text) as Mutant[]);
  return mutants.flatMap((mutant) => (mutant.requirement === requirement ? [mutant.id] : []));
};

const explanation = (id: string, ledger: Ledger, scenarios: readonly ExplainedScenario[]): string => {
  const paint = paintFor({ isTTY: process.stdout.isTTY === true, env: process.env });
  const requirement = ledger.byId.get(id.toUpperCase());
  if (requirement !== undefined) return explainRequirement(requirement, scenarios, mutantsOf(requirement.id), paint);
  const wanted = id.replace(/^conformance\//, '').replace(/\.yaml$/, '');
  const cells = scenarios.filter((scenario) => scenario.id === wanted || scenario.id.startsWith(`${wanted}#`));
  if (cells.length > 0) return explainScenario(cells, (name) => ledger.byId.get(name)?.sentence ?? '', paint);
  const ids = [...ledger.byId.keys(), ...scenarios.map((scenario) => scenario.id.split('#')[0] ?? '')];
  const near = nearest(wanted, [...new Set(ids)]);
  throw new KitError('usage', `there is no requirement or scenario "${inert(id)}"`, `Nearest: ${near.join(', ')}.`);
};

/** The `explain` command. Returns the exit code; throws a usage KitError for an unknown id. */
export const runExplain = async (ids: readonly string[]): Promise<number> => {
  const scenarios = loadScenarios().map(explained);
  await writeStdout(ids.map((id) => explanation(id, loadLedger(), scenarios)).join('\n'));
  return EXIT.conforms;
};
