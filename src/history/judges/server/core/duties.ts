import type { RequirementId } from '../../../../../schemas/index.js';
import { boundsBegin, type Connection, isReachable } from '../../../facts/connection.js';
import type { Facts } from '../../../facts/facts.js';
import { type MsgAttempt, recipientOf, type TrackedMessage } from '../../../facts/message.js';
import { ms } from '../../../terms/text.js';
import type { JudgeContext } from '../../judge.js';

/** A packet that the server owes: what, to whom, since when, and the rule that says so. */
export interface Duty {
  readonly requirement: RequirementId;
  readonly packet: 'msg:A' | 'msg:N' | 'ack:A' | 'ack:N';
  readonly status?: 'stored' | 'delivered';
  readonly connection: Connection;
  readonly since: number;
  readonly line: number;
  /** Why it is due, as a sentence goes on. */
  readonly why: string;
}

/**
 * What the server owes of a message by now and has not sent, the earliest first. Only what is surely due: its condition
 * has come about, and whoever should get it is there and reads.
 */
export const dutiesOf = (context: JudgeContext, message: TrackedMessage): Duty[] => {
  const { facts } = context;
  if (message.spoiled || facts.forgetful) return [];
  const recipient = facts.users.get(recipientOf(message));
  const senders = [...message.from.connections].filter(canExpect);
  return [
    ...senders.flatMap((connection) => answerDuties(message, connection)),
    ...[...(recipient?.connections ?? [])].flatMap((connection) => [
      ...answerDuties(message, connection),
      pushDuty(context, message, connection) ?? repeatDuty(facts, message, connection) ?? [],
    ]),
    ...senders.flatMap((connection) => [
      storedDuty(facts, message, connection) ?? [],
      deliveredDuty(facts, message, connection) ?? [],
    ]),
  ]
    .flat()
    .filter((duty) => isInProtocol(facts, duty))
    .sort((a, b) => a.since - b.since || a.line - b.line);
};

/** A dialect may lack the packet, or what the rule rests on: then nobody owes it. */
const isInProtocol = (facts: Facts, { packet, status, requirement }: Duty): boolean =>
  facts.dialect === undefined ||
  (facts.has(packet) &&
    (status === undefined || facts.has(`ack:N.${status}`)) &&
    !facts.dialect.notJudged.includes(requirement));

/** For how long the server could have done it. */
export const waitedFor = (facts: Facts, { since, connection }: Duty): number =>
  facts.awakeBetween(Math.max(since, boundsBegin(connection)), facts.at);

const canExpect = (connection: Connection): boolean => isReachable(connection) && !connection.excused;

/** An A for each R of the message that is open on the connection. */
const answerDuties = (message: TrackedMessage, connection: Connection): Duty[] => {
  if (!canExpect(connection)) return [];
  return [...connection.pending.values()]
    .filter((pending) => pending.message === message)
    .map(({ type, at, line }) => ({
      requirement: 'IM-2-3',
      packet: type === 'msg:R' ? 'msg:A' : 'ack:A',
      connection,
      since: at,
      line,
      why: `its ${type} was sent`,
    }));
};

/** Whether the message waits for somebody: it is promised, and has not ended for all that is known. */
const isWaiting = ({ policies, faults, at }: Facts, message: TrackedMessage): boolean => {
  if (message.promisedLine < 0 || message.expired) return false;
  const lifetime = policies.lifetimeOf(message);
  return lifetime === undefined || !(faults.clockMoved || at >= lifetime.from);
};

/** The push of a message to a connection of its recipient: the first one there, or another after a re-sending. */
export const pushDuty = (context: JudgeContext, message: TrackedMessage, connection: Connection): Duty | undefined => {
  const { facts } = context;
  if (!canExpect(connection) || message.spoiled || facts.forgetful || !isWaiting(facts, message)) return undefined;
  const { policies, limits } = facts;
  const { device } = connection;
  if (!policies.owes(message, device)) return undefined;
  if (!facts.has('ack:R') && message.pushes.length > 0) return undefined;
  // An ack of whoever shares the queue has taken it out.
  if (message.told !== undefined && policies.sharesQueue(message.told.device, device)) return undefined;
  if (message.acks.some((ack) => policies.sharesQueue(ack.device, device))) return undefined;
  if (isElsewhere(facts, message, connection) || isFull(facts, connection)) return undefined;
  const due = dueOf(context, message, connection);
  if (due === undefined) return undefined;
  // A backlog that still flows is not late, and what waits for its turn begins to be when an ack makes room.
  const turn = limits.maxInFlight === undefined ? 0 : connection.lastFrameAt;
  return { ...due, packet: 'msg:N', connection, since: Math.max(due.since, connection.lastNewPushAt, turn) };
};

type Due = Pick<Duty, 'requirement' | 'since' | 'line' | 'why'>;

const dueOf = (context: JudgeContext, message: TrackedMessage, connection: Connection): Due | undefined => {
  const mark = message.pushes.find(({ serial }) => serial === connection.serial);
  if (mark === undefined) return firstPush(context, message, connection);
  // Once another device has acked, a re-sending need not bring a push.
  if (message.acks.length > 0 || !context.facts.has('push-on-resend')) return undefined;
  const asked = message.attempts.find(
    ({ line, answer }) => line > mark.line && (answer === 'duplicate' || answer === 'accepted'),
  );
  if (asked === undefined) return undefined;
  const { answeredAt: since, answeredLine: line } = asked;
  return { requirement: 'IM-4.2-9', since, line, why: 'its msg:R was sent again' };
};

/** The next push by the timer of the server, where it has one: nobody acked the last one. */
const repeatDuty = (facts: Facts, message: TrackedMessage, connection: Connection): Duty | undefined => {
  const mark = message.pushes.find(({ serial }) => serial === connection.serial);
  if (mark === undefined || !facts.policies.detectsDeadPeers || message.told !== undefined) return undefined;
  if (!canExpect(connection) || message.acks.length > 0 || !isWaiting(facts, message)) return undefined;
  const { redeliverAfterMs, redeliverMaxMs } = facts.timers;
  const pause = Math.min(redeliverAfterMs * 2 ** mark.unasked, Math.max(redeliverAfterMs, redeliverMaxMs));
  return {
    requirement: mark.unasked === 0 ? 'IM-4.2-10' : 'IM-4.2-11',
    packet: 'msg:N',
    connection,
    since: mark.at + pause,
    line: mark.line,
    why: `no ack came for ${ms(pause)}`,
  };
};

const firstPush = (context: JudgeContext, message: TrackedMessage, connection: Connection): Due | undefined => {
  const { facts, attribution } = context;
  const sent = message.attempts[0]?.line ?? Number.POSITIVE_INFINITY;
  const end = facts.ends.findLast((one) => one.after > message.promisedLine && one.line < connection.openedLine);
  const late = message.promisedAt >= connection.openedAt;
  const rule = (): RequirementId => {
    if (end !== undefined && end.kind !== 'exited') return end.kind === 'killed' ? 'IM-3-2' : 'IM-4.2-29';
    if (connection.openedLine < sent) return 'IM-4.2-7';
    return message.promisedLine < connection.openingLine ? 'IM-4.2-8' : 'IM-4.2-19';
  };
  return {
    requirement: attribution.ruleOfLoss(message, connection) ?? rule(),
    since: late ? message.promisedAt : connection.openedAt,
    line: late ? message.promisedLine : connection.openedLine,
    why: late ? 'it was accepted while its receiver was connected' : 'its receiver connected',
  };
};

/** Whether another live connection of the same queue has it: one of them is enough. */
const isElsewhere = ({ policies }: Facts, message: TrackedMessage, connection: Connection): boolean =>
  [...connection.device.user.connections].some(
    (other) =>
      other !== connection &&
      !other.superseded &&
      policies.sharesQueue(other.device, connection.device) &&
      message.pushes.some(({ serial }) => serial === other.serial),
  );

/** Whether as much is pushed and not acked there as may be: what waits for its turn is not late. */
const isFull = (facts: Facts, { serial, device }: Connection): boolean => {
  const { limits, messages, policies } = facts;
  if (limits.maxInFlight === undefined) return false;
  let taken = 0;
  for (const message of messages.unfolded()) {
    if (!message.pushes.some((push) => push.serial === serial)) continue;
    if (!message.acks.some((ack) => policies.sharesQueue(ack.device, device))) taken += 1;
    if (taken >= limits.maxInFlight) return true;
  }
  return false;
};

/** `stored` on a connection that sent the msg:R when the receiver had surely left. */
export const storedDuty = (facts: Facts, message: TrackedMessage, connection: Connection): Duty | undefined => {
  if (message.spoiled || facts.forgetful || message.acks.length > 0 || message.told !== undefined) return undefined;
  const away = facts.users.get(recipientOf(message))?.away;
  if (away?.surely !== true || !canExpect(connection) || !isWaiting(facts, message)) return undefined;
  const asked = message.attempts.findLast(
    (attempt) => attempt.connection === connection && isPromise(attempt) && attempt.line > away.line,
  );
  if (asked === undefined || message.storedLine > asked.line) return undefined;
  const again = message.attempts.some((other) => isPromise(other) && other.answeredLine < asked.line);
  const { answeredAt: since, answeredLine: line } = asked;
  return {
    requirement: again ? 'IM-4.2-21' : 'IM-4.2-20',
    packet: 'ack:N',
    status: 'stored',
    connection,
    since,
    line,
    why: `its ${again ? 'msg:R was sent again' : 'msg:A came'} while its receiver was away`,
  };
};

/**
 * `stored` on the only connection that sent the msg:R, when its receiver has stayed silent for `deadAfterMs` since the
 * acceptance, connected or not, and the server has timers of its own. How often the sender asks meanwhile puts nothing off;
 * who acks another message is not silent. `acks`: so many are too new to count. `ackedAt`: when that receiver sent one.
 */
export const silenceDuty = (
  facts: Facts,
  message: TrackedMessage,
  connection: Connection,
  { acks = 0, ackedAt = [] }: { acks?: number; ackedAt?: readonly number[] | undefined },
): Duty | undefined => {
  if (!facts.policies.detectsDeadPeers || !facts.has('ack:N.stored') || message.spoiled || facts.forgetful)
    return undefined;
  if (message.acks.length > acks || message.told !== undefined || message.storedLine >= 0) return undefined;
  if (!canExpect(connection) || !isWaiting(facts, message)) return undefined;
  if (message.attempts.some((attempt) => attempt.raw || attempt.connection !== connection)) return undefined;
  const { promisedAt, promisedLine: line } = message;
  if (facts.ends.some((end) => end.line > line)) return;
  const { deadAfterMs } = facts.timers;
  const over = promisedAt + deadAfterMs;
  const spoke = ackedAt.findLast((at) => at <= over);
  if (spoke !== undefined && spoke > promisedAt) return;
  return {
    requirement: 'IM-4.2-22',
    packet: 'ack:N',
    status: 'stored',
    connection,
    since: over + deadAfterMs - facts.awakeBetween(promisedAt, over),
    line,
    why: `no ack came for ${ms(deadAfterMs)} after its acceptance`,
  };
};

const isPromise = ({ answer, raw }: MsgAttempt): boolean => !raw && (answer === 'accepted' || answer === 'duplicate');

/** `delivered` on a connection that sent the msg:R, once an ack has counted; or as the answer to a question. */
const deliveredDuty = (facts: Facts, message: TrackedMessage, connection: Connection): Duty | undefined => {
  const base = { packet: 'ack:N', status: 'delivered', connection } as const;
  for (const [query, about] of connection.queries) {
    if (about !== message || query.query !== 'delivered') continue;
    const end = facts.endBetween(message.ackedBy[0]?.line ?? message.told?.line ?? 0, query.line);
    const requirement = end === undefined ? 'IM-3-7' : end.kind === 'killed' ? 'IM-3-6' : 'IM-4.2-29';
    const { answeredAt: since, answeredLine: line } = query;
    return { ...base, requirement, since, line, why: 'its msg:R was sent again, and it was delivered' };
  }
  const ack = message.ackedBy[0];
  if (ack === undefined || message.told !== undefined) return undefined;
  const asked = message.attempts.some((attempt) => attempt.connection === connection && isPromise(attempt));
  if (!asked) return undefined;
  const requirement = message.expired ? 'IM-4.2-43' : 'IM-4.2-16';
  return { ...base, requirement, since: ack.at, line: ack.line, why: 'its ack was answered' };
};
