import type { HistoryEventOf, MsgN } from '../../../schemas/index.js';
import type { Connection } from './connection.js';
import type { Facts } from './facts.js';
import { isSentTo, type TrackedMessage, variantsPushed } from './message.js';
import { noteServerMsgId } from './server-ids.js';

/** A msg:N arrived. */
export const notePush = (facts: Facts, connection: Connection, packet: MsgN): void => {
  const sender = facts.users.get(packet.from);
  const message = sender === undefined ? undefined : facts.messages.find(sender, packet.msgId);
  if (message === undefined) {
    facts.tell.onPushedUnknown(connection, packet);
    return;
  }
  const user = connection.device.user.name;
  if (!isSentTo(message, user)) {
    facts.tell.onPushedAstray(connection, message, packet);
    return;
  }
  const fits = variantsPushed(message, user, packet.body);
  noteContent(facts, message, packet, fits);
  facts.tell.onPushContent(connection, message, packet, fits);
  noteServerMsgId(facts, message, packet.serverMsgId, 'msg:N');
  facts.tell.onPushed(connection, message, packet);
  addPush(facts, connection, message);
  message.evidenceLine = Math.min(message.evidenceLine, facts.line);
};

/** What a push tells first, later ones must tell again. */
const noteContent = (facts: Facts, message: TrackedMessage, packet: MsgN, fits: readonly number[]): void => {
  if (message.stored < 0 && fits.length === 1) message.stored = fits[0] as number;
  if (message.acceptedAt !== undefined) return;
  message.acceptedAt = packet.acceptedAt;
  facts.serverTime ??= packet.acceptedAt;
};

const addPush = (facts: Facts, connection: Connection, message: TrackedMessage): void => {
  const mark = message.pushes.find((push) => push.serial === connection.serial);
  if (mark === undefined) {
    const { device, serial } = connection;
    message.pushes.push({ device, serial, at: facts.at, line: facts.line, unasked: 0 });
    connection.lastNewPushAt = facts.at;
    return;
  }
  const last = message.attempts[message.attempts.length - 1];
  mark.unasked = last !== undefined && last.line > mark.line ? 0 : mark.unasked + 1;
  mark.at = facts.at;
  mark.line = facts.line;
};

/** The application got the message. */
export const noteHanded = (facts: Facts, connection: Connection, event: HistoryEventOf<'handed'>): void => {
  const sender = facts.users.get(event.from);
  const message = sender === undefined ? undefined : facts.messages.find(sender, event.msgId);
  if (message === undefined) return;
  const { device } = connection;
  const before = message.handed.find((entry) => entry.device === device);
  if (before === undefined) message.handed.push({ device, at: facts.at, line: facts.line, times: 1 });
  else before.times += 1;
  facts.tell.onHanded(connection, message, before?.times ?? 1);
};
