import type { ErrorCode, ReceiptStatus } from '../../../schemas/index.js';
import {
  ackAnswer,
  ackRefusal,
  followUp,
  type MessageHead,
  messageAnswer,
  messageRefusal,
  packetError,
  receipt,
} from '../../protocol/index.js';
import { type DedupRecord, isOver, type MessageRecord } from './records.js';
import type { Registry } from './registry.js';
import type { Expired, Outcome, Peer, Request } from './requests.js';

/** Who is connected, as far as an answer asks. */
export type Present = Pick<Registry, 'isConnected' | 'connectionsOf'> & {
  /** In a cluster: the message is not pushed here now, and the node of its receiver must see to it. */
  onWaiting?: (message: Pick<MessageHead, 'msgId' | 'from' | 'to'>) => void;
};

/** To every connected device of the sending user; who is away learns of it by asking (IM-4.2-23). */
export const tellSender = (
  registry: Present,
  message: Pick<MessageHead, 'msgId' | 'serverMsgId' | 'from' | 'to'>,
  status: ReceiptStatus,
  at: number,
): void => {
  for (const connection of registry.connectionsOf(message.from)) connection.send(receipt(message, status, at));
};

const offerToAll = (registry: Present, message: MessageRecord): boolean => {
  let pushed = false;
  for (const { outbox } of registry.connectionsOf(message.to)) pushed = outbox.offer(message) || pushed;
  return pushed;
};

const resendToAll = (registry: Present, { to, seq }: DedupRecord): boolean => {
  let inFlight = false;
  for (const { outbox } of registry.connectionsOf(to)) inFlight = outbox.resend(seq) || inFlight;
  return inFlight;
};

const tellAsker = (connection: Peer, msgId: string, dedup: DedupRecord, status: ReceiptStatus, at: number): void => {
  connection.send(receipt({ msgId, serverMsgId: dedup.serverMsgId, to: dedup.to }, status, at));
};

const answerMessage = (
  { request, verdict, dedup, message }: Outcome & { kind: 'message' },
  registry: Present,
  now: number,
): void => {
  const { connection, packet } = request;
  if (verdict.status === 'rejected' || !dedup) {
    const code = verdict.status === 'rejected' ? verdict.code : 'internal';
    connection.send(messageRefusal(packet.rid, packet.msgId, packetError(code)));
    return;
  }
  // The A comes first: on this connection no receipt may overtake it (IM-4.2-24).
  connection.send(messageAnswer(packet, verdict.status, dedup.serverMsgId));
  const receiverConnected = registry.isConnected(dedup.to);
  const next = followUp(verdict.status, {
    delivered: dedup.deliveredAt !== undefined,
    expired: isOver(dedup, now),
    receiverConnected,
  });
  if (next === 'tell-delivered') {
    tellAsker(connection, packet.msgId, dedup, 'delivered', dedup.deliveredAt ?? dedup.acceptedAt);
    return;
  }
  if (next === 'tell-expired') {
    // One that ended while it was being stored is told like all others, when its expiry is stored.
    if (!message) tellAsker(connection, packet.msgId, dedup, 'expired', dedup.expiresAt ?? now);
    return;
  }
  // What cannot be pushed now waits for its turn; until then its sender knows that it is stored.
  if (next === 'push' && message && offerToAll(registry, message)) return;
  if (next === 'push-again' && resendToAll(registry, dedup)) return;
  if (next !== 'tell-stored' && registry.onWaiting) {
    registry.onWaiting({ msgId: packet.msgId, from: connection.user, to: dedup.to });
    return;
  }
  if (message) tellSender(registry, message, 'stored', dedup.acceptedAt);
  else tellAsker(connection, packet.msgId, dedup, 'stored', dedup.acceptedAt);
};

/** The device that acked is done with it; with class `multi-device` the others go on. */
const endPushes = (registry: Present, { user, outbox }: Peer, seq: number): void => {
  for (const other of registry.connectionsOf(user)) {
    if (outbox.device === other.outbox.device) other.outbox.apply(seq, 'ack-stored');
    else other.outbox.markDelivered(seq);
  }
};

const answerAck = ({ request, verdict, seq, message, at }: Outcome & { kind: 'ack' }, registry: Present): void => {
  const { connection, packet } = request;
  if (verdict.status === 'rejected') {
    connection.send(ackRefusal(packet.rid, packet.serverMsgId, packetError(verdict.code)));
    return;
  }
  // First nothing may push it any more, then the A says so (IM-3-5).
  if (seq !== undefined) endPushes(registry, connection, seq);
  connection.send(ackAnswer(packet, verdict.status));
  if (message) tellSender(registry, message, 'delivered', at);
};

/** What a committed decision makes visible. */
export const answer = (outcome: Outcome, registry: Present, now: number): void => {
  if (outcome.kind === 'message') answerMessage(outcome, registry, now);
  else if (outcome.kind === 'ack') answerAck(outcome, registry);
  else if (outcome.kind === 'user') outcome.request.done(outcome.registration);
};

/** No device gets it any more. */
export const endForAll = (registry: Present, user: string, seq: number): void => {
  for (const { outbox } of registry.connectionsOf(user)) outbox.apply(seq, 'end');
};

/** A message has expired. Its sender is told, unless a device had acked it before (IM-4.2-42). */
export const tellExpired = ({ message, wasWaiting }: Expired, registry: Present): void => {
  endForAll(registry, message.to, message.seq);
  if (wasWaiting) tellSender(registry, message, 'expired', message.expiresAt ?? message.acceptedAt);
};

/** The one A of a request on which nothing could be decided or stored. */
export const refuse = (request: Request, code: ErrorCode): void => {
  if (request.kind === 'message') {
    const { packet, connection } = request;
    connection.send(messageRefusal(packet.rid, packet.msgId, packetError(code)));
  } else if (request.kind === 'ack') {
    const { packet, connection } = request;
    connection.send(ackRefusal(packet.rid, packet.serverMsgId, packetError(code)));
  } else if (request.kind === 'user') {
    request.done('failed');
  }
};
