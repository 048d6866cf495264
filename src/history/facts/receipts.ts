import type { AckN } from '../../../schemas/index.js';
import type { Connection } from './connection.js';
import type { Facts } from './facts.js';
import { foldIfDone } from './fold.js';
import { isRecipient, type MsgAttempt, type TrackedMessage } from './message.js';
import { noteServerMsgId } from './server-ids.js';

/** Receipts only move forward: from a lower rank to a higher one. */
export const RANK = { stored: 1, expired: 2, delivered: 3 } as const;

/** An ack:N arrived. */
export const noteReceipt = (facts: Facts, connection: Connection, packet: AckN): void => {
  const message = facts.messages.find(connection.device.user, packet.msgId);
  if (message === undefined || !isRecipient(message, packet.to)) {
    facts.tell.onReceiptAstray(connection, message, packet);
    return;
  }
  noteServerMsgId(facts, message, packet.serverMsgId, 'ack:N');
  const answered = packet.status === 'stored' ? [] : takeAnswered(connection, message, packet.status);
  facts.tell.onReceipt(connection, message, packet, answered);
  if (packet.status === 'expired') message.expired = true;
  if (packet.status === 'stored') message.storedLine = facts.line;
  addReceipt(facts, connection, message, RANK[packet.status]);
  message.evidenceLine = Math.min(message.evidenceLine, facts.line);
  foldIfDone(facts, message);
};

/** The re-sent msg:R that have got what they asked for; `delivered` answers one that asked for `expired`, too. */
const takeAnswered = (
  { queries }: Connection,
  message: TrackedMessage,
  told: 'delivered' | 'expired',
): MsgAttempt[] => {
  const answered: MsgAttempt[] = [];
  for (const [query, asked] of queries) {
    if (asked !== message || (told === 'expired' && query.query === 'delivered')) continue;
    queries.delete(query);
    message.open -= 1;
    answered.push(query);
  }
  return answered;
};

const addReceipt = (facts: Facts, connection: Connection, message: TrackedMessage, rank: number): void => {
  const at = message.receipts.findIndex((mark) => mark.serial === connection.serial);
  if (at >= 0 && (message.receipts[at]?.rank ?? 0) >= rank) return;
  const { device, serial } = connection;
  // Written out: on this path a spread costs more than all the rest.
  const mark = { device, serial, openings: facts.openings, at: facts.at, line: facts.line, rank };
  if (at < 0) message.receipts.push(mark);
  else message.receipts[at] = mark;
  if (rank === RANK.delivered) message.told ??= mark;
};
