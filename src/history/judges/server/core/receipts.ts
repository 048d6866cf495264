import type { AckN } from '../../../../../schemas/index.js';
import type { Connection } from '../../../facts/connection.js';
import { describeStages } from '../../../facts/journey.js';
import { aboutOf, type MsgAttempt, recipientOf, type TrackedMessage } from '../../../facts/message.js';
import { RANK } from '../../../facts/receipts.js';
import { ms } from '../../../terms/text.js';
import type { Judge, JudgeContext } from '../../judge.js';

/** Judges every ack:N: true, about a message of this user, not before its msg:A, and never a step back. */
export const judgeReceipts = (context: JudgeContext): Judge => {
  const dates: Dates = new Map();
  return {
    onReceiptAstray: (connection, message, packet) => judgeForeignReceipt(context, connection, packet, message),
    onReceipt: (connection, message, packet, answered) => {
      context.findings.exercise('IM-4.2-18');
      judgeOrder(context, connection, message);
      judgeForward(context, connection, message, packet);
      if (packet.status === 'stored') countStored(context, connection, message);
      else if (packet.status === 'delivered') {
        judgeDelivered(context, connection, message, packet);
        judgeDate(context, dates, message, packet);
        countAnswered(context, message, answered);
      }
    },
  };
};

/** What the first `delivered` of each message said, by its serverMsgId: the time, and the line of the history. */
type Dates = Map<string, { at: number; line: number }>;

/** A message is delivered once, however often that is told. */
const judgeDate = (
  { facts, findings }: JudgeContext,
  dates: Dates,
  message: TrackedMessage,
  { serverMsgId, at }: AckN,
): void => {
  const first = dates.get(serverMsgId);
  if (first === undefined || facts.forgetful) {
    dates.set(serverMsgId, { at, line: facts.line });
    return;
  }
  if (first.at === at) {
    findings.exercise('IM-2-22');
    return;
  }
  findings.report({
    requirement: 'IM-2-22',
    message: `two receipts date the delivery of ${message.msgId} differently`,
    expected: `at ${first.at}, as in the first receipt`,
    seen: `at ${at}, ${ms(Math.abs(at - first.at))} ${at > first.at ? 'later' : 'earlier'}`,
    events: [first.line, facts.line],
    about: aboutOf(message),
  });
};

const judgeForeignReceipt = (
  { facts, findings }: JudgeContext,
  connection: Connection,
  packet: AckN,
  message: TrackedMessage | undefined,
): void => {
  if (facts.forgetful || connection.raw?.wild) return;
  const user = connection.device.user.name;
  findings.report({
    requirement: 'IM-4.2-18',
    message: `${user} got a receipt for a message that it did not send`,
    expected:
      message === undefined ? `no ack:N for ${packet.msgId}` : `a receipt for the message to ${recipientOf(message)}`,
    seen: `ack:N ${packet.status} for ${packet.msgId} to ${packet.to}`,
    events: [facts.line],
    about: { from: user, msgId: packet.msgId },
  });
};

/** The first answer to a message comes before its receipts, on the only connection that has sent it. */
const judgeOrder = ({ facts, findings }: JudgeContext, connection: Connection, message: TrackedMessage): void => {
  let here = false;
  for (const attempt of message.attempts) {
    if (attempt.connection === connection) here = true;
    if (attempt.connection !== connection || attempt.raw || attempt.answeredLine >= 0) {
      if (here) findings.exercise('IM-4.2-24');
      return;
    }
  }
  if (!here) return;
  findings.report({
    requirement: 'IM-4.2-24',
    message: `an ack:N for ${message.msgId} came before its msg:A`,
    expected: 'msg:A first, then ack:N',
    seen: 'ack:N before any msg:A, on the connection that sent the msg:R',
    events: [message.attempts[0]?.line ?? facts.line, facts.line],
    about: aboutOf(message),
  });
};

const judgeForward = (
  { facts, findings }: JudgeContext,
  connection: Connection,
  message: TrackedMessage,
  packet: AckN,
): void => {
  const rank = RANK[packet.status];
  const seen = message.receipts.filter(
    (mark) => mark.serial === connection.serial || connection.serial > mark.openings,
  );
  const higher = seen.find((mark) => mark.rank > rank);
  if (higher === undefined || facts.forgetful) {
    if (seen.length > 0) findings.exercise('IM-3-4');
    return;
  }
  const end = facts.endBetween(higher.line, facts.line);
  const told = higher.rank === RANK.delivered ? 'delivered' : 'expired';
  findings.report({
    requirement:
      end === undefined || higher.rank < RANK.delivered ? 'IM-3-4' : end.kind === 'killed' ? 'IM-3-6' : 'IM-4.2-29',
    message: `the receipts of ${message.msgId} went backwards`,
    expected: `nothing below ${told}, which was received before`,
    seen: `ack:N ${packet.status} at ${ms(facts.at)}${end === undefined ? '' : `, after the server was ${end.kind}`}`,
    events: [higher.line, facts.line],
    about: aboutOf(message),
  });
};

const judgeDelivered = (context: JudgeContext, connection: Connection, message: TrackedMessage, packet: AckN): void => {
  const { facts, findings } = context;
  const acked = message.acks.length > 0 || facts.messages.unknownAcks.has(`${packet.to} ${packet.serverMsgId}`);
  if (acked || facts.forgetful) findings.exercise('IM-3-3');
  else {
    findings.report({
      requirement: 'IM-3-3',
      message: `${message.msgId} was reported as delivered before ${packet.to} sent an ack:R`,
      expected: `no ack:N delivered before an ack:R of ${packet.to}`,
      seen: `ack:N delivered at ${ms(facts.at)}, and no ack:R of ${packet.to} by then`,
      where: describeStages(message),
      events: [facts.line],
      about: aboutOf(message),
    });
  }
  if (message.acceptedAt !== undefined) {
    if (packet.at >= message.acceptedAt) findings.exercise('IM-2-19');
    else {
      findings.report({
        requirement: 'IM-2-19',
        message: `${message.msgId} was delivered before it was accepted, its receipt says`,
        expected: `at not before acceptedAt ${message.acceptedAt}`,
        seen: `at ${packet.at}`,
        events: [facts.line],
        about: aboutOf(message),
      });
    }
  }
  if (message.attempts.some((attempt) => attempt.connection === connection)) findings.exercise('IM-4.2-16');
  else findings.exercise('IM-4.2-23');
};

/** Re-sent msg:R of a delivered message have got what they asked for. */
const countAnswered = (
  { facts, findings }: JudgeContext,
  message: TrackedMessage,
  answered: readonly MsgAttempt[],
): void => {
  for (const query of answered) {
    if (query.query !== 'delivered') continue;
    findings.exercise('IM-3-7');
    const end = facts.endBetween(message.ackedBy[0]?.line ?? query.line, query.line);
    if (end?.kind === 'killed') findings.exercise('IM-3-6');
    else if (end?.kind === 'stopped') findings.exercise('IM-4.2-29');
  }
};

/** What brought a `stored`: the receiver was away, or it is connected and silent. */
const countStored = (context: JudgeContext, connection: Connection, message: TrackedMessage): void => {
  const { facts, findings } = context;
  const recipient = facts.users.get(recipientOf(message));
  if (recipient !== undefined && recipient.connections.size > 0) {
    if (message.acks.length === 0) findings.exercise('IM-4.2-22');
    return;
  }
  const before = message.receipts.find((mark) => mark.serial === connection.serial);
  const last = message.attempts[message.attempts.length - 1];
  const resent =
    message.attempts.length > 1 && last !== undefined && last.line > (before?.line ?? message.promisedLine);
  findings.exercise(resent ? 'IM-4.2-21' : 'IM-4.2-20');
};
