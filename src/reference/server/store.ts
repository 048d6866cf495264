import type { DedupRecord, EndedMessage, MessageRecord } from './records.js';

export interface MessageKey {
  from: string;
  msgId: string;
}
export interface InboxKey {
  user: string;
  seq: number;
}

/** `partial` (class `multi-device`): a device has acked it, and the devices in `missing` have not. */
export type InboxEntry =
  | { state: 'unacked'; message: MessageRecord }
  | { state: 'partial'; message: MessageRecord; missing: readonly string[] }
  | { state: 'expired'; message: EndedMessage }
  | { state: 'acked'; serverMsgId: string };

/** A message that waits for a device. `delivered`: another device of the user has acked it. */
export interface Waiting {
  message: MessageRecord;
  delivered: boolean;
}

/**
 * What one commit can change. Each holds all that belongs together: never a message without its dedup record.
 *
 * - `user`: a new user, or a user with one more device. Without class `multi-device` there are no devices.
 * - `accept`: a new message.
 * - `ack`: the first ack. `missing` are the devices that wait for the message all the same.
 * - `late-ack`: the first ack of a message that has expired.
 * - `device-ack`: the ack of a further device; `missing` are those that still wait.
 * - `expire`: nobody gets it any more. `missing`: undefined when no device has acked it, or the devices that waited.
 */
export type Change =
  | { kind: 'user'; user: string; devices: readonly string[] }
  | { kind: 'accept'; message: MessageRecord; dedup: DedupRecord }
  | { kind: 'ack'; message: MessageRecord; dedup: DedupRecord; at: number; missing: readonly string[] }
  | { kind: 'late-ack'; message: EndedMessage; dedup: DedupRecord; at: number }
  | { kind: 'device-ack'; message: MessageRecord; device: string; missing: readonly string[] }
  | { kind: 'expire'; message: EndedMessage; missing: readonly string[] | undefined };

/** By how much a commit changes the number of messages that no device has acked and that have not expired. */
export const waitingAfter = (changes: readonly Change[], before: number): number => {
  let waiting = before;
  for (const change of changes) {
    if (change.kind === 'accept') waiting += 1;
    else if (change.kind === 'ack' || (change.kind === 'expire' && change.missing === undefined)) waiting -= 1;
  }
  return waiting;
};

export interface Purged {
  /** How many messages were forgotten. */
  count: number;
  /** Those among them for which a device was still waiting. */
  ended: InboxKey[];
}

/**
 * What the server keeps. Look-ups answer in the order of their keys. Only one call is under way at a time, except look-ups
 * next to each other: the caller works in rounds, so that a look-up and the commit that rests on it are one atomic step.
 */
export interface Store {
  /** The highest acceptance number that was ever committed; 0 in a new store. */
  readonly lastSeq: number;
  /** Messages that no device has acked and that have not expired. */
  readonly waiting: number;
  findDedup(keys: readonly MessageKey[]): Promise<(DedupRecord | undefined)[]>;
  findInInbox(keys: readonly InboxKey[]): Promise<(InboxEntry | undefined)[]>;
  /** The devices of each user; undefined: there is no such user. */
  findUsers(users: readonly string[]): Promise<(readonly string[] | undefined)[]>;
  /** Messages of a user that are not acked; counts no further than `atMost`. */
  countInbox(user: string, atMost: number): Promise<number>;
  /**
   * What waits for a device after `afterSeq`, oldest first, at most `limit`. Without a device: what no device has acked.
   */
  scanInbox(user: string, device: string | undefined, afterSeq: number, limit: number): Promise<Waiting[]>;
  /** Messages whose `expiresAt` is not after `now` and that are not expired yet, the oldest first, at most `limit`. */
  findDue(now: number, limit: number): Promise<InboxKey[]>;
  /** The next `expiresAt` of all. */
  nextExpiry(): Promise<number | undefined>;
  /** All or nothing. A durable store resolves when the disk has it. */
  commit(changes: readonly Change[]): Promise<void>;
  /** Forgets what was acked first, or has expired, before that time, at most `limit` messages. */
  purge(settledBefore: number, limit: number): Promise<Purged>;
  close(): Promise<void>;
}
