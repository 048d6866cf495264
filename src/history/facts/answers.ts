import type { AckA, MsgA } from '../../../schemas/index.js';
import type { Connection, Pending } from './connection.js';
import type { Facts } from './facts.js';
import { foldIfDone } from './fold.js';
import type { Answer } from './listener.js';
import { type AckAttempt, isRecipient, type MsgAttempt, type TrackedMessage } from './message.js';
import { isServerMsgIdOf, noteServerMsgId } from './server-ids.js';

/** An A arrived. */
export const noteAnswer = (facts: Facts, connection: Connection, packet: MsgA | AckA): void => {
  const pending = connection.pending.get(packet.rid);
  const { raw } = connection;
  const askedAt = pending?.at ?? raw?.rids.get(packet.rid)?.at;
  const answer = (cause: Answer['cause'], request?: Pending): void =>
    facts.tell.onAnswer({ connection, packet, request, cause, askedAt, named: raw?.named.get(packet.rid) });
  if (pending !== undefined && pending.type === (packet.type === 'msg:A' ? 'msg:R' : 'ack:R')) {
    connection.pending.delete(packet.rid);
    raw?.answered.add(packet.rid);
    answer('asked', pending);
    if (packet.type === 'msg:A') noteMsgAnswer(facts, connection, packet, pending);
    else noteAckAnswer(facts, connection, packet, pending);
    if (pending.message !== undefined) foldIfDone(facts, pending.message);
    return;
  }
  if (!raw?.rids.has(packet.rid)) {
    answer(raw?.wild && !raw.answered.has(packet.rid) ? 'unknowable' : 'stray');
    return;
  }
  const attempt = raw.rids.get(packet.rid);
  raw.rids.delete(packet.rid);
  raw.answered.add(packet.rid);
  answer('raw');
  if (packet.type === 'msg:A' && attempt !== undefined) noteRawMsgAnswer(facts, packet, attempt);
};

const noteMsgAnswer = (facts: Facts, connection: Connection, packet: MsgA, pending: Pending): void => {
  const message = pending.message as TrackedMessage;
  const attempt = pending.attempt as MsgAttempt;
  if (attempt.answer === 'open') message.open -= 1;
  attempt.answeredAt = facts.at;
  attempt.answeredLine = facts.line;
  attempt.answer = outcomeOf(packet);
  facts.tell.onMsgAnswered(connection, message, attempt, packet);
  if (packet.status === 'rejected') return;
  if (packet.status === 'duplicate') facts.knowsCopies = true;
  if (message.stored < 0) message.stored = attempt.variant;
  notePromise(facts, message, attempt, packet);
  if (attempt.query !== undefined && packet.status === 'duplicate' && !connection.excused) {
    connection.queries.set(attempt, message);
    message.open += 1;
  }
};

const outcomeOf = ({ status, error }: MsgA): MsgAttempt['answer'] => {
  if (status !== 'rejected') return status;
  return error?.code === 'id-conflict' ? 'conflict' : 'refused';
};

/** A raw frame that was a msg:R after all got its answer. */
const noteRawMsgAnswer = (facts: Facts, packet: MsgA, attempt: MsgAttempt): void => {
  attempt.answer = outcomeOf(packet);
  const user = attempt.connection?.device.user;
  if (packet.status === 'rejected' || user === undefined) return;
  if (packet.msgId === undefined || packet.serverMsgId === undefined) return;
  notePromise(facts, facts.messages.findOrCreate(user, packet.msgId), attempt, packet);
};

/** The server says that it holds the message, perhaps for the first time. */
const notePromise = (facts: Facts, message: TrackedMessage, attempt: MsgAttempt, packet: MsgA): void => {
  if (message.promisedLine < 0) {
    message.promisedLine = facts.line;
    message.promisedAt = facts.at;
    facts.tell.onPromised(message, packet.status === 'accepted');
  }
  message.evidenceLine = Math.min(message.evidenceLine, facts.line);
  if (packet.serverMsgId !== undefined) noteServerMsgId(facts, message, packet.serverMsgId, 'msg:A', attempt);
};

const noteAckAnswer = (facts: Facts, connection: Connection, packet: AckA, pending: Pending): void => {
  const attempt = pending.attempt as AckAttempt | undefined;
  const { message } = pending;
  if (message === undefined || attempt === undefined) {
    const known = message ?? facts.messages.byServerMsgId(pending.id);
    // An id that the kit saw only after it had sent the ack: nothing can be said.
    if (known !== undefined && isRecipient(known, connection.device.user.name)) return;
    facts.tell.onForeignAckAnswered(connection, known, pending, packet);
    return;
  }
  if (attempt.answer === 'open') message.open -= 1;
  attempt.answeredLine = facts.line;
  // The id of a push that the server had not promised before it was killed may mean nothing to it now.
  if (!message.hasServerMsgId || !isServerMsgIdOf(message, pending.id)) return;
  attempt.answer = packet.status;
  facts.tell.onAckAnswered(message, attempt, packet);
  if (packet.status !== 'rejected') noteAcked(facts, connection, message);
};

const noteAcked = (facts: Facts, connection: Connection, message: TrackedMessage): void => {
  message.evidenceLine = Math.min(message.evidenceLine, facts.line);
  if (message.ackedBy.some((mark) => mark.device === connection.device)) return;
  message.ackedBy.push(facts.markOf(connection));
  facts.tell.onAcked(message, message.ackedBy.length === 1);
};
