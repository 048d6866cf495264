export { actionSteps, verbNamed } from './actions.js';
export { checkedScenarios } from './check-file.js';
export { type CompiledScenarios, compiledPath, compiledScenarios, digestOf, readCompiled } from './compiled.js';
export { fillLimits } from './declared-limits.js';
export { boundWaitMs, declaredWaitMs, isTimed, messagesWaitMs } from './declared-waits.js';
export { type Demand, demandOf, meetsDemand } from './demand.js';
export { durationMs } from './durations.js';
export { loadExcuses, readExcuses } from './fault-matrix.js';
export { mostToOneUser } from './inbox-need.js';
export { drawKilled, killedNamed, killedOf, meansKilled } from './killed.js';
export { expandLabels, labelsOf, RAW_LABEL, UNKNOWN_LABEL } from './labels.js';
export { readScenarios, scenarioFiles, scenarioRoot } from './load.js';
export type { ActionStep, ClientSpec, Scenario, Step } from './model.js';
export type { Needs } from './needs.js';
export { parseSource, readSource, type Source } from './source.js';
export { describe } from './steps.js';
export { userIdOf, userSuffixOf } from './user-id.js';
export type {
  Action,
  DeclaredTimers,
  FilledWhilePlayed,
  Sent,
  VerbFacts,
  Verbs,
  Vocabulary,
  VocabularyOf,
} from './vocabulary.js';
