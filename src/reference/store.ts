import type { DedupRecord, MessageRecord } from './records.js';

export interface MessageKey {
  from: string;
  msgId: string;
}
export interface InboxKey {
  user: string;
  seq: number;
}
export type InboxEntry = { state: 'unacked'; message: MessageRecord } | { state: 'acked'; serverMsgId: string };

/** What one commit can change. `accept` holds message and dedup record, `ack` all that an ack changes: never one without the other. */
export type Change =
  | { kind: 'user'; user: string }
  | { kind: 'accept'; message: MessageRecord; dedup: DedupRecord }
  | { kind: 'ack'; message: MessageRecord; dedup: DedupRecord; at: number };

/**
 * What the server keeps. Look-ups answer in the order of their keys. Only one call is under way at a time, except look-ups
 * next to each other: the caller takes turns, so that a look-up and the commit that rests on it are one atomic step.
 */
export interface Store {
  /** The highest acceptance number that was ever committed; 0 in a new store. */
  readonly lastSeq: number;
  findDedup(keys: readonly MessageKey[]): Promise<(DedupRecord | undefined)[]>;
  findInInbox(keys: readonly InboxKey[]): Promise<(InboxEntry | undefined)[]>;
  findUsers(users: readonly string[]): Promise<boolean[]>;
  /** Messages of a user that are not acked; counts no further than `atMost`. */
  countInbox(user: string, atMost: number): Promise<number>;
  /** The messages after `afterSeq` that are not acked, oldest first, at most `limit`. */
  scanInbox(user: string, afterSeq: number, limit: number): Promise<MessageRecord[]>;
  /** All or nothing. A durable store resolves when the disk has it. */
  commit(changes: readonly Change[]): Promise<void>;
  /** Forgets what was acked before that time, at most `limit` messages; resolves with their number. */
  purge(ackedBefore: number, limit: number): Promise<number>;
  close(): Promise<void>;
}
