import { CLOSE, type HistoryEventOf, type RequirementId } from '../../../../../schemas/index.js';
import type { TrackedMessage } from '../../../facts/message.js';
import { ms } from '../../../terms/text.js';
import type { JudgeContext } from '../../judge.js';
import { isLongWay } from './close-cause.js';
import { type Duty, dutiesOf, waitedFor } from './duties.js';

type Step = HistoryEventOf<'step'>;

/** Whom a step that was missed accuses; or, of one whose condition has not come about, what it waits for in vain. */
export interface Accusation {
  readonly requirement: RequirementId;
  /** What was due before, where the step itself waited for something that could not come yet. */
  readonly because?: string;
  readonly undecided?: string;
}

/**
 * Rules that speak of the ordinary exchange: which answer, push or receipt comes next. Where one of them is missed by
 * time alone, the history knows better than the script which packet was due first. A script that names any other rule
 * has made the condition of that rule, and knows better than the history.
 */
const ORDINARY: ReadonlySet<RequirementId> = new Set<RequirementId>([
  'IM-2-3',
  'IM-3-2',
  'IM-3-7',
  'IM-3-8',
  'IM-4.2-1',
  'IM-4.2-2',
  'IM-4.2-3',
  'IM-4.2-6',
  'IM-4.2-7',
  'IM-4.2-8',
  'IM-4.2-9',
  'IM-4.2-12',
  'IM-4.2-13',
  'IM-4.2-14',
  'IM-4.2-15',
  'IM-4.2-16',
  'IM-4.2-17',
  'IM-4.2-19',
  'IM-4.2-20',
  'IM-4.2-21',
  'IM-4.2-29',
  'IM-4.2-30',
  'IM-4.2-42',
  'IM-4.2-47',
  'IM-4.2-48',
]);

/** What a step accuses when its script names nothing: the history then says which of several rules it is. */
const UNSAID: ReadonlySet<RequirementId> = new Set<RequirementId>(['IM-2-3', 'IM-4.2-7', 'IM-4.2-16', 'IM-4.2-20']);

/** What waited when the process ended and is not pushed afterwards: the promise says more than the connect. */
const OVER_AN_END: ReadonlySet<RequirementId> = new Set<RequirementId>(['IM-3-2', 'IM-4.2-29']);

/** The place of the bystanders in a history: no step of the script. */
const BYSTANDERS = 'bystanders';

export const accusationOf = (
  context: JudgeContext,
  step: Step,
  requirement: RequirementId,
  message: TrackedMessage | undefined,
): Accusation => {
  const { awaits } = step;
  if (isLostOnItsWay(context, step)) {
    const way = ms(context.facts.networkMs);
    return { requirement, undecided: `a connection over a line on which a packet and its answer take ${way}` };
  }
  if (mayBeSentAwayUnseen(context, step)) {
    return { requirement, undecided: 'a message of a client that does not read: its node may have sent it away' };
  }
  if (isCutForNotReading(context, step)) {
    return { requirement, undecided: 'a client that the server cut because it had not read, as it may' };
  }
  if (step.miss !== 'nothing-came' || awaits === undefined || !mayGiveWay(context, step, requirement)) {
    return { requirement };
  }
  if (message === undefined) return unansweredOf(context, step, requirement);
  const { facts, findings } = context;
  const [first] = dutiesOf(context, message).filter((duty) => waitedFor(facts, duty) >= facts.timers.answerWithinMs);
  if (first !== undefined) return accused(context, first, step, requirement);
  // What has been reported explains it better.
  if (findings.list.length > 0) return { requirement };
  const undecided = missingCondition(message, awaits);
  return undecided === undefined ? { requirement } : { requirement, undecided };
};

/** It broke before it was open, over a line that is long or full: that may have been the line. */
const isLostOnItsWay = ({ facts }: JudgeContext, { client }: Step): boolean => {
  const connection = [...facts.connections.values()].findLast((one) => one.client === client);
  return connection?.brokeOpening === true && isLongWay(facts);
};

/** A node that loses touch with the others sends its clients away (4.2.9). Who does not read cannot see that. */
const mayBeSentAwayUnseen = ({ facts }: JudgeContext, { awaits, message }: Step): boolean =>
  facts.timers.failoverMs !== undefined &&
  awaits?.packet === 'msg:N' &&
  message === undefined &&
  [...facts.connections.values()].some(({ paused, closed }) => paused && !closed);

/** A server may cut who has not read for a while (4.2.8), also when it has just begun to read again. */
const isCutForNotReading = ({ facts }: JudgeContext, { client, miss, closeCode }: Step): boolean => {
  if (miss !== 'connection-ended' || closeCode !== CLOSE.tooSlow) return false;
  const connection = [...facts.connections.values()].findLast((one) => one.client === client);
  return connection !== undefined && (connection.paused || connection.readingSince > 0);
};

/** Whether the history may name another rule than the script. */
const mayGiveWay = ({ findings }: JudgeContext, { step }: Step, requirement: RequirementId): boolean => {
  if (step !== BYSTANDERS) return ORDINARY.has(requirement);
  // They could talk before: whatever the script has done meanwhile disturbs them.
  return (findings.exercised[requirement] ?? 0) === 0;
};

const accused = (context: JudgeContext, duty: Duty, { awaits }: Step, named: RequirementId): Accusation => {
  const { facts } = context;
  const same = duty.packet === awaits?.packet && (awaits.status === undefined || awaits.status === duty.status);
  // An A that never came has no content that could be wrong.
  if (same) {
    const isKnownBetter =
      duty.requirement === 'IM-2-3' || UNSAID.has(named) || (named === 'IM-4.2-8' && OVER_AN_END.has(duty.requirement));
    return { requirement: isKnownBetter ? duty.requirement : named };
  }
  const { packet, status, connection, why, requirement } = duty;
  const what = `${packet}${status === undefined ? '' : ` ${status}`} to ${connection.client}`;
  return {
    requirement,
    because: `the ${what} was due before, for ${ms(waitedFor(facts, duty))}, because ${why}`,
  };
};

/** A step that waits for an A of no message of the script: the R that it belongs to is open. */
const unansweredOf = ({ facts }: JudgeContext, { awaits, client }: Step, requirement: RequirementId): Accusation => {
  const asked = awaits?.packet === 'msg:A' ? 'msg:R' : awaits?.packet === 'ack:A' ? 'ack:R' : undefined;
  if (asked === undefined) return { requirement };
  for (const connection of facts.connections.values()) {
    if (connection.client !== client || connection.excused) continue;
    if ([...connection.pending.values()].some(({ type }) => type === asked)) return { requirement: 'IM-2-3' };
  }
  return { requirement };
};

/** What has to come about before the server owes what the step waits for; undefined: nothing that is known. */
const missingCondition = (
  { promisedLine, attempts, acks, told, pushes }: TrackedMessage,
  { packet, status }: NonNullable<Step['awaits']>,
): string | undefined => {
  if (packet === 'msg:A' || packet === 'ack:A') return undefined;
  if (promisedLine < 0 && attempts.length > 0 && attempts.every(({ answer }) => answer === 'refused')) {
    return 'a message that the server has never accepted';
  }
  if (packet !== 'ack:N' || status !== 'delivered' || acks.length > 0 || told !== undefined) return undefined;
  return pushes.length > 0 ? 'the end of a message that was pushed and never acked' : undefined;
};
