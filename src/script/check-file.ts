import { CLASSES_OF, ROLES, type Role, type ScenarioFile, ScenarioFileSchema } from '../../schemas/index.js';
import { errorFinder, lineOf } from '../wire/index.js';
import { actionSteps, factsOf } from './actions.js';
import { checkClients } from './clients.js';
import { checkLimits } from './declared-limits.js';
import type { Scenario } from './model.js';
import { checkReferences } from './references.js';
import { roleOf, scenariosOf } from './scenario.js';
import type { Source } from './source.js';
import type { Vocabulary, VocabularyOf } from './vocabulary.js';

const isRole = (name: string | undefined): name is Role => (ROLES as readonly string[]).includes(name ?? '');

/** Role and class are the folders that a file lies in. It names its class, too, so that it can be read alone. */
const checkFolders = (source: Source, base: string, file: ScenarioFile): void => {
  const [role, folder] = base.split('/');
  if (!isRole(role)) {
    throw source.fault([], `${role}/ is the role of no subject`, `Move the file below one of: ${ROLES.join(', ')}.`);
  }
  if (!CLASSES_OF[role].includes(file.class)) {
    throw source.fault(
      ['class'],
      `a ${role} has no class ${file.class}`,
      `Use one of: ${CLASSES_OF[role].join(', ')}.`,
    );
  }
  if (folder !== file.class) {
    throw source.fault(
      ['class'],
      `class is ${file.class}, but the file lies in ${folder}/`,
      'Move the file or correct the class.',
    );
  }
};

/** What is done to the others is judged by those who must not notice it. */
const checkBystanders = (source: Source, { steps, bystanders }: Scenario, vocabulary: Vocabulary): void => {
  if (bystanders) return;
  const step = actionSteps(steps).find((one) => factsOf(one, vocabulary).needs(one.action).bystanders);
  if (step === undefined) return;
  const problem = `step ${step.path} ${step.action.verb}, and nobody must not notice it`;
  throw source.fault(['script'], problem, 'Add `bystanders: true`.');
};

/** The scenarios of one file, everything in them checked. `base` is the id without its cell. Throws a usage KitError with the line. */
export const checkedScenarios = (source: Source, base: string, vocabularyOf: VocabularyOf): Scenario[] => {
  const [fault] = errorFinder(ScenarioFileSchema)(source.value);
  if (fault !== undefined) {
    throw source.fault(fault.path, lineOf(fault), 'See conformance/README.md for what a scenario file holds.');
  }
  const file = source.value as ScenarioFile;
  checkFolders(source, base, file);
  const vocabulary = vocabularyOf[roleOf(base)];
  const scenarios = scenariosOf({ source, file, base }, vocabulary, true);
  for (const scenario of scenarios) {
    const { steps, clients } = scenario;
    checkClients(source, clients);
    checkLimits(source, steps, scenario.requires);
    checkReferences(source, steps, new Set(clients.map(({ name }) => name)), vocabulary);
    checkBystanders(source, scenario, vocabulary);
  }
  return scenarios;
};
