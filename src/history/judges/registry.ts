import type { HistoryHead } from '../../../schemas/index.js';
import type { Facts } from '../facts/facts.js';
import { tellAll } from '../facts/listener.js';
import { CORE_POLICIES } from '../facts/policies.js';
import type { Findings } from './findings.js';
import type { Attribution, Judge, JudgeContext, JudgedClass, JudgedClasses } from './judge.js';
import { core } from './server/core/index.js';
import { durable } from './server/durable/durable.js';
import { expiry } from './server/expiry/index.js';
import { flowControl } from './server/flow-control/flow-control.js';
import { multiDevice } from './server/multi-device/multi-device.js';
import { observable } from './server/observable/index.js';
import { ordered } from './server/ordered/ordered.js';
import { replicated } from './server/replicated/replicated.js';
import { secured } from './server/secured/secured.js';
import { timedRedelivery } from './server/timed-redelivery/timed-redelivery.js';

/** A class that has no judge: the steps of its scenarios say all. */
const BY_STEPS_ALONE: JudgedClass = {};

/** A class is one folder and one line here. Its judges are told the facts in this order. */
export const JUDGED_CLASSES: JudgedClasses = {
  core,
  'timed-redelivery': timedRedelivery,
  durable,
  ordered,
  expiry,
  'multi-device': multiDevice,
  'flow-control': flowControl,
  secured,
  observable,
  encrypted: BY_STEPS_ALONE,
  replicated,
};

/** The first judge that knows better than core. */
const attributionOf = (judges: readonly Judge[]): Attribution => {
  const first = <T>(ask: (judge: Judge) => T | undefined): T | undefined => {
    for (const judge of judges) {
      const answer = ask(judge);
      if (answer !== undefined) return answer;
    }
    return undefined;
  };
  return {
    ruleOfLoss: (message, connection) => first((judge) => judge.ruleOfLoss?.(message, connection)),
    ruleOfRecord: (message) => first((judge) => judge.ruleOfRecord?.(message)),
    ruleOfClose: (connection, event) => first((judge) => judge.ruleOfClose?.(connection, event)),
  };
};

/** Sets up what judges the classes that the head of a history names, and core always; nobody pays for the others. */
export const appointJudges = (facts: Facts, findings: Findings, { subject }: HistoryHead): void => {
  const claimed = new Set<string>(['core', ...subject.classes]);
  const classes: JudgedClass[] = Object.entries(JUDGED_CLASSES)
    .filter(([name]) => claimed.has(name))
    .map(([, judged]) => judged);
  facts.policies = Object.assign({ ...CORE_POLICIES }, ...classes.map(({ policies }) => policies?.(facts)));
  const judges: Judge[] = [];
  const context: JudgeContext = { facts, findings, attribution: attributionOf(judges) };
  for (const judged of classes) judges.push(...(judged.judges?.(context) ?? []));
  facts.tell = tellAll(judges);
};
