import type { DedupRecord, MessageRecord } from './records.js';
import type { Change, InboxEntry, InboxKey, MessageKey, Store } from './store.js';

const pair = (user: string, id: string | number): string => `${user}!${id}`;

interface Expiry extends MessageKey {
  at: number;
  ack: string;
}

/** Keeps everything in memory, for a server without class `durable`. Maps keep their order, which is that of acceptance. */
export class MemoryStore implements Store {
  lastSeq = 0;
  readonly #users = new Set<string>();
  readonly #dedup = new Map<string, DedupRecord>();
  readonly #inboxes = new Map<string, Map<number, MessageRecord>>();
  readonly #acks = new Map<string, string>();
  /** Oldest ack first. */
  readonly #expiries = new Set<Expiry>();

  async findDedup(keys: readonly MessageKey[]): Promise<(DedupRecord | undefined)[]> {
    return keys.map(({ from, msgId }) => this.#dedup.get(pair(from, msgId)));
  }

  async findInInbox(keys: readonly InboxKey[]): Promise<(InboxEntry | undefined)[]> {
    return keys.map(({ user, seq }): InboxEntry | undefined => {
      const message = this.#inboxes.get(user)?.get(seq);
      if (message) return { state: 'unacked', message };
      const serverMsgId = this.#acks.get(pair(user, seq));
      return serverMsgId === undefined ? undefined : { state: 'acked', serverMsgId };
    });
  }

  async findUsers(users: readonly string[]): Promise<boolean[]> {
    return users.map((user) => this.#users.has(user));
  }

  async countInbox(user: string, atMost: number): Promise<number> {
    return Math.min(this.#inboxes.get(user)?.size ?? 0, atMost);
  }

  async scanInbox(user: string, afterSeq: number, limit: number): Promise<MessageRecord[]> {
    const found: MessageRecord[] = [];
    for (const message of this.#inboxes.get(user)?.values() ?? []) {
      if (found.length === limit) break;
      if (message.seq > afterSeq) found.push(message);
    }
    return found;
  }

  async commit(changes: readonly Change[]): Promise<void> {
    for (const change of changes) this.#apply(change);
  }

  #apply(change: Change): void {
    if (change.kind === 'user') {
      this.#users.add(change.user);
      return;
    }
    const { message, dedup } = change;
    const { seq, from, to, msgId, serverMsgId } = message;
    this.#dedup.set(pair(from, msgId), dedup);
    const inbox = this.#inboxes.get(to) ?? new Map<number, MessageRecord>();
    if (change.kind === 'accept') {
      this.#inboxes.set(to, inbox.set(seq, message));
      this.lastSeq = Math.max(this.lastSeq, seq);
      return;
    }
    inbox.delete(seq);
    if (inbox.size === 0) this.#inboxes.delete(to);
    this.#acks.set(pair(to, seq), serverMsgId);
    this.#expiries.add({ at: change.at, from, msgId, ack: pair(to, seq) });
  }

  async purge(ackedBefore: number, limit: number): Promise<number> {
    let purged = 0;
    for (const expiry of this.#expiries) {
      if (expiry.at >= ackedBefore || purged === limit) break;
      this.#expiries.delete(expiry);
      this.#acks.delete(expiry.ack);
      this.#dedup.delete(pair(expiry.from, expiry.msgId));
      purged += 1;
    }
    return purged;
  }

  async close(): Promise<void> {}
}
