import type { ErrorCode, ReceiptStatus } from '../../schemas/index.js';
import {
  ackAnswer,
  ackRefusal,
  followUp,
  type MessageHead,
  messageAnswer,
  messageRefusal,
  packetError,
  receipt,
} from '../protocol/index.js';
import type { Connection } from './connection.js';
import type { DedupRecord, MessageRecord } from './records.js';
import type { Registry } from './registry.js';
import type { Outcome, Request } from './requests.js';

/** To every connected device of the sending user; who is away learns of it by asking (IM-4.2-23). */
export const tellSender = (
  registry: Registry,
  message: Omit<MessageHead, 'acceptedAt'>,
  status: ReceiptStatus,
  at: number,
): void => {
  for (const connection of registry.connectionsOf(message.from)) connection.send(receipt(message, status, at));
};

const offerToAll = (registry: Registry, message: MessageRecord): boolean => {
  let pushed = false;
  for (const { outbox } of registry.connectionsOf(message.to)) pushed = outbox.offer(message) || pushed;
  return pushed;
};

const resendToAll = (registry: Registry, { to, seq }: DedupRecord): boolean => {
  let inFlight = false;
  for (const { outbox } of registry.connectionsOf(to)) inFlight = outbox.resend(seq) || inFlight;
  return inFlight;
};

const tellAsker = (
  connection: Connection,
  msgId: string,
  dedup: DedupRecord,
  status: ReceiptStatus,
  at: number,
): void => {
  connection.send(receipt({ msgId, serverMsgId: dedup.serverMsgId, to: dedup.to }, status, at));
};

const answerMessage = (
  { request, verdict, dedup, message }: Outcome & { kind: 'message' },
  registry: Registry,
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
  const next = followUp(verdict.status, { delivered: dedup.deliveredAt !== undefined, receiverConnected });
  if (next === 'tell-delivered') {
    tellAsker(connection, packet.msgId, dedup, 'delivered', dedup.deliveredAt ?? dedup.acceptedAt);
    return;
  }
  // What cannot be pushed now waits for its turn; until then its sender knows that it is stored.
  if (next === 'push' && message && offerToAll(registry, message)) return;
  if (next === 'push-again' && resendToAll(registry, dedup)) return;
  if (message) tellSender(registry, message, 'stored', dedup.acceptedAt);
  else tellAsker(connection, packet.msgId, dedup, 'stored', dedup.acceptedAt);
};

const answerAck = ({ request, verdict, seq, message, at }: Outcome & { kind: 'ack' }, registry: Registry): void => {
  const { connection, packet } = request;
  if (verdict.status === 'rejected') {
    connection.send(ackRefusal(packet.rid, packet.serverMsgId, packetError(verdict.code)));
    return;
  }
  // First nothing may push it any more, then the A says so (IM-3-5).
  if (seq !== undefined) {
    for (const { outbox } of registry.connectionsOf(connection.user)) outbox.apply(seq, 'ack-stored');
  }
  connection.send(ackAnswer(packet, verdict.status));
  if (message) tellSender(registry, message, 'delivered', at);
};

/** What a committed decision makes visible. */
export const answer = (outcome: Outcome, registry: Registry): void => {
  if (outcome.kind === 'message') answerMessage(outcome, registry);
  else if (outcome.kind === 'ack') answerAck(outcome, registry);
  else outcome.request.done(true);
};

/** The one A of a request on which nothing could be decided or stored. */
export const refuse = (request: Request, code: ErrorCode): void => {
  if (request.kind === 'message') {
    const { packet, connection } = request;
    connection.send(messageRefusal(packet.rid, packet.msgId, packetError(code)));
  } else if (request.kind === 'ack') {
    const { packet, connection } = request;
    connection.send(ackRefusal(packet.rid, packet.serverMsgId, packetError(code)));
  } else {
    request.done(false);
  }
};
