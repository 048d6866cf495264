import type { Description, Role } from '../../schemas/index.js';
import { type PlayedVocabulary, play as playWith, type Stage } from '../play/index.js';
import { playClient as playClientWith, type ServerStage } from '../play/server/index.js';
import {
  checkedScenarios,
  compiledScenarios,
  type DeclaredTimers,
  mostToOneUser as mostOf,
  readCompiled,
  readScenarios,
  type Scenario,
  type Source,
  type Step,
  scenarioRoot,
  type Vocabulary,
  type VocabularyOf,
  declaredWaitMs as waitMsOf,
} from '../script/index.js';
import { CLIENT_VERBS } from './client-verbs.js';
import { CLIENT_VOCABULARY } from './role-client/index.js';
import { SUBJECT_VERBS } from './subject-verbs.js';

/** The language in which servers are tested: the kit plays their clients. */
export const VOCABULARY: PlayedVocabulary = { client: CLIENT_VERBS, subject: SUBJECT_VERBS };

/** The language of each role. */
export const VOCABULARIES: VocabularyOf = { server: VOCABULARY, client: CLIENT_VOCABULARY as unknown as Vocabulary };

const loaded = new Map<string, readonly Scenario[]>();

/** All scenarios, in the order of their ids. Read once. Throws a usage KitError with the line. */
export const loadScenarios = (root = scenarioRoot): readonly Scenario[] => {
  const known = loaded.get(root);
  if (known) return known;
  const compiled = root === scenarioRoot ? readCompiled(root) : undefined;
  const scenarios = compiled ? compiledScenarios(compiled, root, VOCABULARIES) : readScenarios(root, VOCABULARIES);
  loaded.set(root, scenarios);
  return scenarios;
};

/** The scenarios of one file, a cell each. `base` is the id without its cell. Throws a usage KitError with the line. */
export const parseScenarioFile = (source: Source, base: string): Scenario[] =>
  checkedScenarios(source, base, VOCABULARIES);

/** What a script will have to wait for, in milliseconds, as far as it tells itself. */
export const declaredWaitMs = (steps: readonly Step[], timers: DeclaredTimers, role: Role = 'server'): number =>
  waitMsOf(steps, timers, VOCABULARIES[role]);

/** The most messages that a script sends to one user. */
export const mostToOneUser = (scenario: Scenario, description: Description): number =>
  mostOf(scenario, description, VOCABULARY);

/** Plays one scenario on a stage. Throws KitError for the kit's own faults and Interrupted when the run is interrupted. */
export const play = (stage: Stage, scenario: Scenario): Promise<void> => playWith(stage, scenario, VOCABULARY);

/** The same for a client under test. */
export const playClient = (stage: ServerStage, scenario: Scenario): Promise<void> =>
  playClientWith(stage, scenario, CLIENT_VOCABULARY);
