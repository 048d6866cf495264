export { HistoryJudge, judge, verdictOf } from './judge.js';
export type { Finding, Judgement, MessageKey } from './judgement.js';
export { describeStages, describeWhere } from './where.js';
