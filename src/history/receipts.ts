import type { AckN } from '../../schemas/index.js';
import { aboutOf, isRecipient, type Message, type ReceiptMark, recipientOf } from './message.js';
import { learnSid } from './server-ids.js';
import { settle } from './settle.js';
import { describeStages } from './where.js';
import { type Connection, ms, type World } from './world.js';

const RANK = { stored: 1, expired: 2, delivered: 3 } as const;

/** An ack:N arrived: true, about a message of this user, not before its msg:A, and never a step back. */
export const onReceipt = (world: World, connection: Connection, packet: AckN): void => {
  const user = connection.device.user;
  const message = world.messages.find(user, packet.msgId);
  const { book } = world;
  if (message === undefined || !isRecipient(message, packet.to)) {
    judgeForeignReceipt(world, connection, packet, message);
    return;
  }
  book.exercise('IM-4.2-18');
  judgeOrder(world, connection, message);
  learnSid(world, message, packet.serverMsgId, 'ack:N');
  judgeForward(world, connection, message, packet);
  if (packet.status === 'delivered') onDelivered(world, connection, message, packet);
  else if (packet.status === 'expired') onExpired(world, connection, message);
  else countStored(world, connection, message);
  world.tally?.told(message, packet);
  world.devicesApart?.told(connection, message, RANK[packet.status]);
  noteReceipt(world, connection, message, RANK[packet.status]);
  message.evidenceLine = Math.min(message.evidenceLine, world.line);
  settle(world, message);
};

const judgeForeignReceipt = (
  world: World,
  connection: Connection,
  packet: AckN,
  message: Message | undefined,
): void => {
  if (world.forgetful || connection.raw?.wild) return;
  const user = connection.device.user.name;
  world.book.report({
    requirement: 'IM-4.2-18',
    message: `${user} got a receipt for a message that it did not send`,
    expected:
      message === undefined ? `no ack:N for ${packet.msgId}` : `a receipt for the message to ${recipientOf(message)}`,
    seen: `ack:N ${packet.status} for ${packet.msgId} to ${packet.to}`,
    events: [world.line],
    about: { from: user, msgId: packet.msgId },
  });
};

/** The first answer to a message comes before its receipts, on the only connection that has sent it. */
const judgeOrder = (world: World, connection: Connection, message: Message): void => {
  let here = false;
  for (const attempt of message.tries) {
    if (attempt.connection === connection) here = true;
    if (attempt.connection !== connection || attempt.raw || attempt.answeredLine >= 0) {
      if (here) world.book.exercise('IM-4.2-24');
      return;
    }
  }
  if (!here) return;
  world.book.report({
    requirement: 'IM-4.2-24',
    message: `an ack:N for ${message.msgId} came before its msg:A`,
    expected: 'msg:A first, then ack:N',
    seen: 'ack:N before any msg:A, on the connection that sent the msg:R',
    events: [message.tries[0]?.line ?? world.line, world.line],
    about: aboutOf(message),
  });
};

const judgeForward = (world: World, connection: Connection, message: Message, packet: AckN): void => {
  const rank = RANK[packet.status];
  const seen = message.receipts.filter(
    (mark) => mark.serial === connection.serial || connection.serial > mark.openings,
  );
  const higher = seen.find((mark) => mark.rank > rank);
  if (higher === undefined || world.forgetful) {
    if (seen.length > 0) world.book.exercise('IM-3-4');
    return;
  }
  const end = world.endBetween(higher.line, world.line);
  const told = higher.rank === RANK.delivered ? 'delivered' : 'expired';
  world.book.report({
    requirement:
      end === undefined || higher.rank < RANK.delivered ? 'IM-3-4' : end.kind === 'killed' ? 'IM-3-6' : 'IM-4.2-29',
    message: `the receipts of ${message.msgId} went backwards`,
    expected: `nothing below ${told}, which was received before`,
    seen: `ack:N ${packet.status} at ${ms(world.at)}${end === undefined ? '' : `, after the server was ${end.kind}`}`,
    events: [higher.line, world.line],
    about: aboutOf(message),
  });
};

const noteReceipt = (world: World, connection: Connection, message: Message, rank: number): void => {
  const known = message.receipts.find((mark) => mark.serial === connection.serial);
  if (known !== undefined && known.rank >= rank) return;
  const mark: ReceiptMark = {
    device: connection.device,
    serial: connection.serial,
    openings: world.openings,
    at: world.at,
    line: world.line,
    rank,
  };
  if (known === undefined) message.receipts.push(mark);
  else message.receipts.splice(message.receipts.indexOf(known), 1, mark);
  if (rank === RANK.delivered) message.told ??= mark;
};

const onExpired = (world: World, connection: Connection, message: Message): void => {
  if (!answerQueries(world, connection, message, 'expired')) world.expiry?.told(connection, message);
  message.expired = true;
};

const onDelivered = (world: World, connection: Connection, message: Message, packet: AckN): void => {
  const { book } = world;
  const acked = message.acks.length > 0 || world.messages.unknownAcks.has(`${packet.to} ${packet.serverMsgId}`);
  if (acked || world.forgetful) book.exercise('IM-3-3');
  else {
    book.report({
      requirement: 'IM-3-3',
      message: `${message.msgId} was reported as delivered before ${packet.to} sent an ack:R`,
      expected: `no ack:N delivered before an ack:R of ${packet.to}`,
      seen: `ack:N delivered at ${ms(world.at)}, and no ack:R of ${packet.to} by then`,
      where: describeStages(message),
      events: [world.line],
      about: aboutOf(message),
    });
  }
  if (message.acceptedAt !== undefined) {
    if (packet.at >= message.acceptedAt) book.exercise('IM-2-19');
    else {
      book.report({
        requirement: 'IM-2-19',
        message: `${message.msgId} was delivered before it was accepted, its receipt says`,
        expected: `at not before acceptedAt ${message.acceptedAt}`,
        seen: `at ${packet.at}`,
        events: [world.line],
        about: aboutOf(message),
      });
    }
  }
  if (message.tries.some((attempt) => attempt.connection === connection)) book.exercise('IM-4.2-16');
  else book.exercise('IM-4.2-23');
  if (message.told === undefined && message.ackedBy.length === 0) world.tally?.acked(message);
  answerQueries(world, connection, message, 'delivered');
};

/** A re-sent msg:R has got what it asked for; `delivered` answers one that asked for `expired`, too. */
const answerQueries = (
  world: World,
  connection: Connection,
  message: Message,
  told: 'delivered' | 'expired',
): boolean => {
  let answered = false;
  for (const [query, asked] of connection.queries) {
    if (asked !== message || (told === 'expired' && query.query === 'delivered')) continue;
    answered = true;
    connection.queries.delete(query);
    message.open -= 1;
    if (told === 'expired') {
      world.book.exercise('IM-3-8');
      continue;
    }
    if (query.query === 'expired') continue;
    world.book.exercise('IM-3-7');
    const end = world.endBetween(message.ackedBy[0]?.line ?? query.line, query.line);
    if (end?.kind === 'killed') world.book.exercise('IM-3-6');
    else if (end?.kind === 'stopped') world.book.exercise('IM-4.2-29');
  }
  return answered;
};

/** What brought a `stored`: the receiver was away, or it is connected and silent. */
const countStored = (world: World, connection: Connection, message: Message): void => {
  const { book } = world;
  const recipient = world.users.get(recipientOf(message));
  if (recipient !== undefined && recipient.connections.size > 0) {
    if (message.acks.length === 0) book.exercise('IM-4.2-22');
    return;
  }
  const before = message.receipts.find((mark) => mark.serial === connection.serial);
  const last = message.tries[message.tries.length - 1];
  const resent = message.tries.length > 1 && last !== undefined && last.line > (before?.line ?? message.promisedLine);
  book.exercise(resent ? 'IM-4.2-21' : 'IM-4.2-20');
};
