import type { AckR, MsgR } from '../../../schemas/index.js';
import type { Connection } from './connection.js';
import type { Facts } from './facts.js';
import { type AckAttempt, isRecipient, type MsgAttempt, type TrackedMessage, variantOf } from './message.js';

const FIELDS = new Set(['type', 'rid', 'msgId', 'to', 'body', 'ttlMs']);

const hasUnknownFields = (packet: MsgR): boolean => {
  for (const field in packet) if (!FIELDS.has(field)) return true;
  return false;
};

/** An R was written to a connection. */
export const noteRequest = (facts: Facts, connection: Connection, packet: MsgR | AckR): void => {
  const entry = packet.type === 'msg:R' ? noteMsg(facts, connection, packet) : noteAck(facts, connection, packet);
  // Through a dialect nothing may ever answer it.
  if (packet.type === 'ack:R' && !facts.has('ack:A')) return;
  connection.pending.set(packet.rid, {
    type: packet.type,
    at: facts.at,
    line: facts.line,
    id: packet.type === 'msg:R' ? packet.msgId : packet.serverMsgId,
    message: entry?.message,
    attempt: entry?.attempt,
  });
};

/** A msg:R was sent: a new message, a re-sending, or another content under a known id. */
const noteMsg = (
  facts: Facts,
  connection: Connection,
  packet: MsgR,
): { message: TrackedMessage; attempt: MsgAttempt } => {
  const message = facts.messages.findOrCreate(connection.device.user, packet.msgId);
  const variant = variantOf(message, packet);
  const attempt: MsgAttempt = {
    connection,
    variant,
    at: facts.at,
    line: facts.line,
    answer: connection.excused ? 'lost' : 'open',
    answeredAt: -1,
    answeredLine: -1,
    raw: false,
    extra: hasUnknownFields(packet),
    query: message.stored !== variant || connection.excused ? undefined : endOf(facts, message),
  };
  message.attempts.push(attempt);
  if (attempt.answer === 'open') message.open += 1;
  return { message, attempt };
};

/** How the message is known to have ended: a msg:R that is sent now asks for that receipt. */
const endOf = (facts: Facts, message: TrackedMessage): MsgAttempt['query'] => {
  if (message.ackedBy.length > 0 || message.told !== undefined) return 'delivered';
  if (message.acks.length > 0) return undefined;
  const lifetime = facts.policies.lifetimeOf(message);
  return lifetime !== undefined && facts.at > lifetime.to ? 'expired' : undefined;
};

/** An ack:R was sent. It counts for a message only if its recipient sent it. */
const noteAck = (
  facts: Facts,
  connection: Connection,
  packet: AckR,
): { message: TrackedMessage; attempt: AckAttempt | undefined } | undefined => {
  const user = connection.device.user.name;
  const message = facts.messages.byServerMsgId(packet.serverMsgId);
  if (message === undefined) {
    facts.messages.noteUnknownAck(user, packet.serverMsgId);
    return undefined;
  }
  if (!isRecipient(message, user)) return { message, attempt: undefined };
  const isAnswered = !connection.excused && facts.has('ack:A');
  const attempt = addAck(facts, connection, message, isAnswered ? 'open' : 'lost');
  if (attempt.answer === 'open') message.open += 1;
  facts.tell.onAckSent(connection, message, packet.serverMsgId);
  return { message, attempt };
};

/** A frame that may have been an ack:R may have counted. */
export const noteRawAck = (facts: Facts, connection: Connection, serverMsgId: string): void => {
  const user = connection.device.user.name;
  const message = facts.messages.byServerMsgId(serverMsgId);
  if (message === undefined) facts.messages.noteUnknownAck(user, serverMsgId);
  else if (isRecipient(message, user)) addAck(facts, connection, message, 'lost');
};

const addAck = (
  facts: Facts,
  connection: Connection,
  message: TrackedMessage,
  answer: AckAttempt['answer'],
): AckAttempt => {
  const attempt: AckAttempt = { device: connection.device, at: facts.at, line: facts.line, answer, answeredLine: -1 };
  message.acks.push(attempt);
  return attempt;
};
