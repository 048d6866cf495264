import { type AckFound, decideAck, decideMessage, deliveredAt, type KnownAs } from '../../protocol/index.js';
import { bodyBytes } from '../../wire/decode.js';
import {
  type DedupRecord,
  dedupOf,
  digestOf,
  isOver,
  messageOf,
  seqOf,
  serverMsgIdOf,
  withoutBody,
} from './records.js';
import type { AckRequest, Expired, ExpireRequest, MessageRequest, Outcome, Request, UserRequest } from './requests.js';
import type { Change, InboxEntry } from './store.js';
import type { UserCache } from './user-cache.js';
import { dedupName, inboxName, type WorkingSet } from './working-set.js';

export interface Decider {
  cache: UserCache;
  maxBodyBytes: number;
  maxInboxMessages: number;
  maxDevicesPerUser: number;
  /** Class `expiry`: a message with `ttlMs` gets an end. */
  expires: boolean;
  /** Class `multi-device`: users have devices, and each of them gets each message. */
  multiDevice: boolean;
  /** Wall clock, milliseconds since the Unix epoch. */
  now: number;
  epoch: string;
  /** Mints the next acceptance number. */
  nextSeq(): number;
}

/** What the decisions of a round add up to. */
interface Round {
  workingSet: WorkingSet;
  changes: Change[];
  expired: Expired[];
}

const knownAs = (record: DedupRecord | undefined, digest: string): KnownAs => {
  if (!record) return 'new';
  return record.digest === digest ? 'same' : 'other';
};

const decideMessageRequest = (request: MessageRequest, { workingSet, changes }: Round, decider: Decider): Outcome => {
  const { packet, connection } = request;
  const { cache, maxBodyBytes, maxInboxMessages } = decider;
  const name = dedupName({ from: connection.user, msgId: packet.msgId });
  const dedup = workingSet.dedup.get(name);
  const digest = digestOf(packet);
  const verdict = decideMessage({
    bodyBytes: bodyBytes(packet.body),
    maxBodyBytes,
    knownAs: knownAs(dedup, digest),
    recipientExists: cache.hasUser(packet.to) || workingSet.users.has(packet.to),
    inboxMessages: cache.inboxSize(packet.to) ?? 0,
    maxInboxMessages,
  });
  if (verdict.status === 'rejected') return { kind: 'message', request, verdict };
  if (dedup) return { kind: 'message', request, verdict, dedup };
  const seq = decider.nextSeq();
  const id = { seq, serverMsgId: serverMsgIdOf(seq, decider.epoch), digest };
  const message = messageOf(packet, connection.user, id, decider.now, decider.expires);
  const record = dedupOf(message);
  changes.push({ kind: 'accept', message, dedup: record });
  // From here on a copy in the same round finds the first one, and shares its commit (IM-4.2-4).
  workingSet.dedup.set(name, record);
  cache.changeInboxSize(packet.to, 1);
  return { kind: 'message', request, verdict, dedup: record, message };
};

/** Ends a message whose time has come, whether the expiry itself or an ack looks at it first. */
const expireIfDue = (
  name: string,
  entry: InboxEntry | undefined,
  { workingSet, changes, expired }: Round,
  decider: Decider,
): InboxEntry | undefined => {
  if (entry?.state !== 'unacked' && entry?.state !== 'partial') return entry;
  if (!isOver(entry.message, decider.now)) return entry;
  const wasWaiting = entry.state === 'unacked';
  const message = withoutBody(entry.message);
  changes.push({ kind: 'expire', message, missing: entry.state === 'partial' ? entry.missing : undefined });
  expired.push({ message, wasWaiting });
  if (wasWaiting) decider.cache.changeInboxSize(message.to, -1);
  const ended: InboxEntry = wasWaiting
    ? { state: 'expired', message }
    : { state: 'acked', serverMsgId: message.serverMsgId };
  workingSet.inbox.set(name, ended);
  return ended;
};

/** The whole serverMsgId must be the one that was given out; its number alone is only the way to the record. */
const ackFound = (entry: InboxEntry | undefined, serverMsgId: string, device: string): AckFound => {
  if (!entry) return 'nothing';
  if (entry.state === 'acked') return entry.serverMsgId === serverMsgId ? 'acked' : 'nothing';
  if (entry.message.serverMsgId !== serverMsgId) return 'nothing';
  if (entry.state === 'partial') return entry.missing.includes(device) ? 'unacked' : 'acked';
  return entry.state;
};

const othersThan = (device: string, devices: readonly string[]): string[] => devices.filter((name) => name !== device);

const decideAckRequest = (request: AckRequest, round: Round, decider: Decider): Outcome => {
  const { workingSet, changes } = round;
  const { packet, connection } = request;
  const { user, device } = connection;
  const seq = seqOf(packet.serverMsgId);
  const name = seq === undefined ? undefined : inboxName({ user: connection.user, seq });
  const entry = name === undefined ? undefined : expireIfDue(name, workingSet.inbox.get(name), round, decider);
  const verdict = decideAck(ackFound(entry, packet.serverMsgId, device));
  const outcome: Outcome = { kind: 'ack', request, verdict, at: decider.now, ...(seq === undefined ? {} : { seq }) };
  if (verdict.status !== 'ok' || name === undefined || !entry || entry.state === 'acked') return outcome;
  const { serverMsgId } = entry.message;
  if (entry.state === 'partial') {
    const missing = othersThan(device, entry.missing);
    changes.push({ kind: 'device-ack', message: entry.message, device, missing });
    workingSet.inbox.set(name, missing.length > 0 ? { ...entry, missing } : { state: 'acked', serverMsgId });
    return outcome;
  }
  const at = deliveredAt(entry.message.acceptedAt, decider.now);
  const dedup = dedupOf(entry.message, at);
  workingSet.dedup.set(dedupName(entry.message), dedup);
  if (entry.state === 'expired') {
    changes.push({ kind: 'late-ack', message: entry.message, dedup, at });
    workingSet.inbox.set(name, { state: 'acked', serverMsgId });
  } else {
    const { message } = entry;
    const devices = decider.multiDevice ? (workingSet.users.get(user) ?? decider.cache.devicesOf(user) ?? []) : [];
    const missing = othersThan(device, devices);
    changes.push({ kind: 'ack', message, dedup, at, missing });
    workingSet.inbox.set(
      name,
      missing.length > 0 ? { state: 'partial', message, missing } : { state: 'acked', serverMsgId },
    );
    decider.cache.changeInboxSize(message.to, -1);
  }
  return { ...outcome, message: entry.message, at };
};

const decideUserRequest = (request: UserRequest, { workingSet, changes }: Round, decider: Decider): Outcome => {
  const { user, device } = request;
  const before = workingSet.users.get(user) ?? decider.cache.devicesOf(user);
  const isKnown = before !== undefined && (!decider.multiDevice || before.includes(device));
  if (isKnown) return { kind: 'user', request, registration: 'stored', devices: before };
  if (before && before.length >= decider.maxDevicesPerUser) {
    return { kind: 'user', request, registration: 'too-many-devices', devices: before };
  }
  const devices = decider.multiDevice ? [...(before ?? []), device] : [];
  // Nobody could send to a user who did not exist, so nothing needs to be counted.
  if (!before) decider.cache.setInboxSize(user, 0);
  changes.push({ kind: 'user', user, devices });
  workingSet.users.set(user, devices);
  return { kind: 'user', request, registration: 'stored', devices };
};

const decideExpireRequest = (request: ExpireRequest, round: Round, decider: Decider): Outcome => {
  for (const key of request.due) {
    const name = inboxName(key);
    expireIfDue(name, round.workingSet.inbox.get(name), round, decider);
  }
  return { kind: 'expire', request };
};

/** Decides on all requests of a round, one after another. Nothing holds before the changes are committed. */
export const decide = (
  requests: readonly Request[],
  workingSet: WorkingSet,
  decider: Decider,
): { outcomes: Outcome[]; changes: Change[]; expired: Expired[] } => {
  const round: Round = { workingSet, changes: [], expired: [] };
  const outcomes = requests.map((request): Outcome => {
    if (request.kind === 'message') return decideMessageRequest(request, round, decider);
    if (request.kind === 'ack') return decideAckRequest(request, round, decider);
    if (request.kind === 'user') return decideUserRequest(request, round, decider);
    return decideExpireRequest(request, round, decider);
  });
  return { outcomes, changes: round.changes, expired: round.expired };
};
