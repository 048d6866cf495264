import type { Description, Timers } from '../../schemas/index.js';
import { type PlayedVocabulary, play as playWith, type Stage } from '../play/index.js';
import {
  checkedScenarios,
  compiledScenarios,
  mostToOneUser as mostOf,
  readCompiled,
  readScenarios,
  type Scenario,
  type Source,
  type Step,
  scenarioRoot,
  declaredWaitMs as waitMsOf,
} from '../script/index.js';
import { CLIENT_VERBS } from './client-verbs.js';
import { SUBJECT_VERBS } from './subject-verbs.js';

/** The language in which servers are tested: the kit plays their clients. */
export const VOCABULARY: PlayedVocabulary = { client: CLIENT_VERBS, subject: SUBJECT_VERBS };

const loaded = new Map<string, readonly Scenario[]>();

/** All scenarios, in the order of their ids. Read once. Throws a usage KitError with the line. */
export const loadScenarios = (root = scenarioRoot): readonly Scenario[] => {
  const known = loaded.get(root);
  if (known) return known;
  const compiled = root === scenarioRoot ? readCompiled(root) : undefined;
  const scenarios = compiled ? compiledScenarios(compiled, root, VOCABULARY) : readScenarios(root, VOCABULARY);
  loaded.set(root, scenarios);
  return scenarios;
};

/** The scenarios of one file, a cell each. `base` is the id without its cell. Throws a usage KitError with the line. */
export const parseScenarioFile = (source: Source, base: string): Scenario[] =>
  checkedScenarios(source, base, VOCABULARY);

/** What a script will have to wait for, in milliseconds, as far as it tells itself. */
export const declaredWaitMs = (steps: readonly Step[], timers: Timers): number => waitMsOf(steps, timers, VOCABULARY);

/** The most messages that a script sends to one user. */
export const mostToOneUser = (scenario: Scenario, description: Description): number =>
  mostOf(scenario, description, VOCABULARY);

/** Plays one scenario on a stage. Throws KitError for the kit's own faults and Interrupted when the run is interrupted. */
export const play = (stage: Stage, scenario: Scenario): Promise<void> => playWith(stage, scenario, VOCABULARY);
