import { bodyBytes } from '../packets/decode.js';
import { type AckFound, decideAck, decideMessage, deliveredAt, type KnownAs } from '../protocol/index.js';
import type { Known } from './known.js';
import { dedupName, type Findings, inboxName } from './look-up.js';
import { type DedupRecord, dedupOf, digestOf, messageOf, seqOf, serverMsgIdOf } from './records.js';
import type { AckRequest, MessageRequest, Outcome, Request } from './requests.js';
import type { Change, InboxEntry } from './store.js';

export interface Decider {
  known: Known;
  maxBodyBytes: number;
  maxInboxMessages: number;
  /** Wall clock, milliseconds since the Unix epoch. */
  now: number;
  epoch: string;
  /** Mints the next acceptance number. */
  nextSeq(): number;
}

const knownAs = (record: DedupRecord | undefined, digest: string): KnownAs => {
  if (!record) return 'new';
  return record.digest === digest ? 'same' : 'other';
};

const decideMessageRequest = (
  request: MessageRequest,
  findings: Findings,
  changes: Change[],
  decider: Decider,
): Outcome => {
  const { packet, connection } = request;
  const { known, maxBodyBytes, maxInboxMessages } = decider;
  const name = dedupName({ from: connection.user, msgId: packet.msgId });
  const dedup = findings.dedup.get(name);
  const digest = digestOf(packet);
  const verdict = decideMessage({
    bodyBytes: bodyBytes(packet.body),
    maxBodyBytes,
    knownAs: knownAs(dedup, digest),
    recipientExists: known.hasUser(packet.to),
    inboxMessages: known.inboxSize(packet.to) ?? 0,
    maxInboxMessages,
  });
  if (verdict.status === 'rejected') return { kind: 'message', request, verdict };
  if (dedup) return { kind: 'message', request, verdict, dedup };
  const seq = decider.nextSeq();
  const id = { seq, serverMsgId: serverMsgIdOf(seq, decider.epoch), digest };
  const message = messageOf(packet, connection.user, id, decider.now);
  const record = dedupOf(message);
  changes.push({ kind: 'accept', message, dedup: record });
  // From here on a copy in the same turn finds the first one, and shares its commit (IM-4.2-4).
  findings.dedup.set(name, record);
  known.changeInboxSize(packet.to, 1);
  return { kind: 'message', request, verdict, dedup: record, message };
};

/** The whole serverMsgId must be the one that was given out; its number alone is only the way to the record. */
const ackFound = (entry: InboxEntry | undefined, serverMsgId: string): AckFound => {
  if (!entry) return 'nothing';
  if (entry.state === 'acked') return entry.serverMsgId === serverMsgId ? 'acked' : 'nothing';
  return entry.message.serverMsgId === serverMsgId ? 'unacked' : 'nothing';
};

const decideAckRequest = (request: AckRequest, findings: Findings, changes: Change[], decider: Decider): Outcome => {
  const { packet, connection } = request;
  const seq = seqOf(packet.serverMsgId);
  const name = seq === undefined ? undefined : inboxName({ user: connection.user, seq });
  const entry = name === undefined ? undefined : findings.inbox.get(name);
  const verdict = decideAck(ackFound(entry, packet.serverMsgId));
  const outcome: Outcome = { kind: 'ack', request, verdict, at: decider.now, ...(seq === undefined ? {} : { seq }) };
  if (verdict.status !== 'ok' || name === undefined || entry?.state !== 'unacked') return outcome;
  const { message } = entry;
  const at = deliveredAt(message.acceptedAt, decider.now);
  const dedup = dedupOf(message, at);
  changes.push({ kind: 'ack', message, dedup, at });
  findings.inbox.set(name, { state: 'acked', serverMsgId: message.serverMsgId });
  findings.dedup.set(dedupName(message), dedup);
  decider.known.changeInboxSize(message.to, -1);
  return { ...outcome, message, at };
};

/** Decides on all requests of a turn, one after another. Nothing holds before the changes are committed. */
export const decide = (
  requests: readonly Request[],
  findings: Findings,
  decider: Decider,
): { outcomes: Outcome[]; changes: Change[] } => {
  const changes: Change[] = [];
  const outcomes = requests.map((request): Outcome => {
    if (request.kind === 'message') return decideMessageRequest(request, findings, changes, decider);
    if (request.kind === 'ack') return decideAckRequest(request, findings, changes, decider);
    changes.push({ kind: 'user', user: request.user });
    return { kind: 'user', request };
  });
  return { outcomes, changes };
};
