export { describeEvent } from './describe-event.js';
export { HistoryJudge, judge, verdictOf } from './judge.js';
export type { Finding, Judgement, MessageKey, Undecided, UndecidedCode, UnfiredFault } from './judgement.js';
export { readHistory } from './read-history.js';
export { tooSlowText } from './stalls.js';
export { Tracer } from './trace.js';
export { describeStages, describeWhere, type Vanished } from './where.js';
