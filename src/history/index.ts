export { HistoryJudge, judge, verdictOf } from './judge.js';
export type { Finding, Judgement, MessageKey, Undecided, UndecidedCode, UnfiredFault } from './judgement.js';
export { describeEvent } from './record/describe-event.js';
export { readHistory } from './record/read-history.js';
export { Tracer } from './record/trace.js';
export { tooSlowText } from './stalls.js';
