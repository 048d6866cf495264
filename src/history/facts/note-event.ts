import type { AckA, AckN, AckR, HistoryEvent, HistoryEventOf, MsgA, MsgN, MsgR } from '../../../schemas/index.js';
import { noteAnswer } from './answers.js';
import type { Connection } from './connection.js';
import type { Facts } from './facts.js';
import { noteOutcome } from './fold.js';
import {
  excuse,
  excuseReachable,
  noteClosed,
  noteMute,
  noteOpen,
  noteOpening,
  noteReading,
  noteRefused,
  noteSilent,
  relieve,
} from './links.js';
import { noteHanded, notePush } from './pushes.js';
import { noteRawFrame } from './raw-frames.js';
import { noteReceipt } from './receipts.js';
import { noteRequest } from './requests.js';
import { noteSubject } from './subject.js';

type Event = Exclude<HistoryEvent, { kind: 'history' }>;

/** From an event of the history to the facts that it shows. */
export const noteEvent = (facts: Facts, event: Event): void => {
  facts.at = event.at;
  if (facts.excusedForNow.size > 0) relieve(facts);
  switch (event.kind) {
    case 'sent':
      noteSent(facts, event);
      return;
    case 'got':
      noteGot(facts, event);
      return;
    case 'handed':
      noteHanded(facts, facts.connection(event.conn, event.client), event);
      return;
    case 'got-pong':
      noteLifeSign(facts, event);
      return;
    case 'sent-raw':
      noteSentRaw(facts, event);
      return;
    case 'got-invalid':
      noteInvalid(facts, event);
      return;
    case 'step':
      facts.tell.onStep(event);
      return;
    case 'fault':
      facts.faults.note(event);
      if (event.client !== undefined && event.fired && event.fault === 'mute') noteMute(facts, event.client);
      return;
    default:
      noteSurroundings(facts, event);
  }
};

type Packets = 'sent' | 'got' | 'handed' | 'got-pong' | 'sent-raw' | 'got-invalid' | 'step' | 'fault';

/** Events that are no packets: what happens to connections, to the subject, and to the kit. */
const noteSurroundings = (facts: Facts, event: Exclude<Event, { kind: Packets }>): void => {
  switch (event.kind) {
    case 'client':
      facts.clients.set(event.client, facts.device(event.user, event.device));
      return;
    case 'opening':
      noteOpening(facts, event);
      return;
    case 'open':
      noteOpen(facts, facts.connection(event.conn, event.client));
      return;
    case 'refused':
      noteRefused(facts, facts.connection(event.conn, event.client), event);
      return;
    case 'closed':
      noteClosed(facts, facts.connection(event.conn, event.client), event);
      return;
    case 'silent':
      noteSilent(facts, facts.connection(event.conn, event.client));
      return;
    case 'reading':
      noteReading(facts, facts.connection(event.conn, event.client), event.reading);
      return;
    case 'subject':
      noteSubject(facts, event);
      return;
    case 'metrics':
      facts.tell.onMetrics(event);
      return;
    case 'network':
      facts.network.queuedMs = Math.max(facts.network.queuedMs, event.queuedMs);
      return;
    case 'settled':
      noteSettled(facts, event.complete);
      return;
    case 'end':
      facts.stalledMs = event.stalledMs ?? 0;
      facts.networkStalledMs = event.networkStalledMs ?? 0;
      return;
    case 'settling':
    case 'unread':
    case 'cannot':
    case 'foreign':
      return;
  }
};

const noteSent = (facts: Facts, event: HistoryEventOf<'sent'>): void => {
  const packet = event.packet as unknown as MsgR | AckR;
  const connection = facts.connection(event.conn, event.client);
  if (event.message !== undefined && packet.type === 'msg:R') {
    facts.messages.label(event.message, connection.device.user.name, packet.msgId);
  }
  connection.lastFrameAt = facts.at;
  connection.lastFragments = event.fragments;
  if (facts.lastSent?.event.kind !== 'sent-raw') facts.lastSent = { event, line: facts.line };
  noteRequest(facts, connection, packet);
};

/**
 * Through a dialect an answer may say no more than `stored`. The first one then stands for accepted, each further one for
 * duplicate: nothing is judged by the difference, and the ids tell whether the message was doubled.
 */
const asTold = <P extends MsgA | MsgN | AckA | AckN>({ pending }: Connection, packet: P): P => {
  if (packet.type !== 'msg:A' || (packet.status as string) !== 'stored') return packet;
  const known = (pending.get(packet.rid)?.message?.promisedLine ?? -1) >= 0;
  return { ...packet, status: known ? 'duplicate' : 'accepted' };
};

const noteGot = (facts: Facts, event: HistoryEventOf<'got'>): void => {
  const connection = facts.connection(event.conn, event.client);
  const packet = asTold(connection, event.packet as unknown as MsgA | MsgN | AckA | AckN);
  const end = facts.ends.at(-1);
  if (end !== undefined && connection.serial <= end.openings) end.after = facts.line + 0.5;
  facts.tell.onPacket(connection, packet.type);
  if (event.earlier) return;
  if (packet.type === 'msg:N') notePush(facts, connection, packet);
  else if (packet.type === 'ack:N') noteReceipt(facts, connection, packet);
  else noteAnswer(facts, connection, packet);
};

/** The pong answers a ping that the client sent just before. */
const noteLifeSign = (facts: Facts, event: HistoryEventOf<'got-pong'>): void => {
  const connection = facts.connection(event.conn, event.client);
  connection.lastFrameAt = facts.at;
  facts.tell.onPong(connection);
};

/** A bad frame was written: from here on this connection may be closed. */
const noteSentRaw = (facts: Facts, event: HistoryEventOf<'sent-raw'>): void => {
  const connection = facts.connection(event.conn, event.client);
  facts.lastSent = { event, line: facts.line };
  excuse(facts, connection);
  noteRawFrame(facts, connection, event);
  facts.tell.onRawFrame(connection);
};

/** An invalid packet is a finding for itself; what it should have been is not missed as well. */
const noteInvalid = (facts: Facts, event: HistoryEventOf<'got-invalid'>): void => {
  const connection = facts.connection(event.conn, event.client);
  const { rid, msgId } = event;
  const pending = rid === undefined ? undefined : connection.pending.get(rid);
  if (rid !== undefined) connection.pending.delete(rid);
  for (const message of facts.messages.unfolded()) {
    if (message === pending?.message || message.msgId === msgId) message.spoiled = true;
  }
  facts.tell.onInvalid(connection, event);
};

const noteSettled = (facts: Facts, complete: boolean): void => {
  facts.tell.onSettling();
  excuseReachable(facts);
  facts.settledAt = facts.at;
  for (const message of facts.messages.unfolded()) noteOutcome(facts, message);
  facts.tell.onSettled(complete);
};
