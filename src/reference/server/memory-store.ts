import type { AckRecord, DedupRecord, EndedMessage, MessageRecord } from './records.js';
import {
  type Change,
  type InboxEntry,
  type InboxKey,
  type MessageKey,
  type Purged,
  type Store,
  type Waiting,
  waitingAfter,
} from './store.js';

const pair = (user: string, id: string | number): string => `${user}!${id}`;

interface Settled extends MessageKey {
  at: number;
  to: string;
  seq: number;
}
interface Rest {
  message: MessageRecord;
  missing: readonly string[];
}
interface Due {
  at: number;
  user: string;
}

/** A record of one of the maps, under its key. */
export type StoreRow =
  | ['last', seq: number, waiting: number]
  | ['user', key: string, value: readonly string[]]
  | ['dedup', key: string, value: DedupRecord]
  | ['inbox', value: MessageRecord]
  | ['ack', key: string, value: AckRecord]
  | ['rest', value: Rest]
  | ['due', key: number, value: Due]
  | ['settled', value: Settled];

/** The entries of a map as they are now. Records are never changed, only replaced: to hold on to them is a copy. */
const hold = <K, V>(map: ReadonlyMap<K, V>): Iterable<[K, V]> => {
  const keys = [...map.keys()];
  const values = [...map.values()];
  return {
    *[Symbol.iterator]() {
      for (const [index, key] of keys.entries()) yield [key, values[index] as V];
    },
  };
};

const holdInner = <V>(maps: ReadonlyMap<string, ReadonlyMap<number, V>>): V[] => {
  const all: V[] = [];
  for (const map of maps.values()) for (const value of map.values()) all.push(value);
  return all;
};

const innerOf = <V>(maps: ReadonlyMap<string, Map<number, V>>, user: string): Map<number, V> =>
  maps.get(user) ?? new Map<number, V>();

/** Keeps everything in memory, for a server without class `durable`. Maps keep their order, which is that of acceptance. */
export class MemoryStore implements Store {
  lastSeq = 0;
  waiting = 0;
  readonly #users = new Map<string, readonly string[]>();
  readonly #dedup = new Map<string, DedupRecord>();
  readonly #inboxes = new Map<string, Map<number, MessageRecord>>();
  readonly #acks = new Map<string, AckRecord>();
  /** What a device misses that another one has acked. */
  readonly #rests = new Map<string, Map<number, Rest>>();
  readonly #due = new Map<number, Due>();
  /** In the order in which they were settled. */
  readonly #settled = new Map<number, Settled>();

  async findDedup(keys: readonly MessageKey[]): Promise<(DedupRecord | undefined)[]> {
    return keys.map(({ from, msgId }) => this.#dedup.get(pair(from, msgId)));
  }

  async findInInbox(keys: readonly InboxKey[]): Promise<(InboxEntry | undefined)[]> {
    return keys.map(({ user, seq }): InboxEntry | undefined => {
      const message = this.#inboxes.get(user)?.get(seq);
      if (message) return { state: 'unacked', message };
      const rest = this.#rests.get(user)?.get(seq);
      if (rest) return { state: 'partial', ...rest };
      const ack = this.#acks.get(pair(user, seq));
      if (ack?.expired) return { state: 'expired', message: ack.expired };
      return ack && { state: 'acked', serverMsgId: ack.serverMsgId };
    });
  }

  async findUsers(users: readonly string[]): Promise<(readonly string[] | undefined)[]> {
    return users.map((user) => this.#users.get(user));
  }

  async countInbox(user: string, atMost: number): Promise<number> {
    return Math.min(this.#inboxes.get(user)?.size ?? 0, atMost);
  }

  async scanInbox(user: string, device: string | undefined, afterSeq: number, limit: number): Promise<Waiting[]> {
    const found: Waiting[] = [];
    for (const message of this.#inboxes.get(user)?.values() ?? []) {
      if (found.length === limit) break;
      if (message.seq > afterSeq) found.push({ message, delivered: false });
    }
    if (device === undefined) return found;
    for (const { message, missing } of this.#rests.get(user)?.values() ?? []) {
      if (message.seq > afterSeq && missing.includes(device)) found.push({ message, delivered: true });
    }
    return found.sort((a, b) => a.message.seq - b.message.seq).slice(0, limit);
  }

  async findDue(now: number, limit: number): Promise<InboxKey[]> {
    const due = [...this.#due].filter(([, { at }]) => at <= now).sort(([, a], [, b]) => a.at - b.at);
    return due.slice(0, limit).map(([seq, { user }]) => ({ user, seq }));
  }

  async nextExpiry(): Promise<number | undefined> {
    let next: number | undefined;
    for (const { at } of this.#due.values()) next = Math.min(next ?? at, at);
    return next;
  }

  async commit(changes: readonly Change[]): Promise<void> {
    for (const change of changes) this.#apply(change);
    this.waiting = waitingAfter(changes, this.waiting);
  }

  #apply(change: Change): void {
    if (change.kind === 'user') this.#users.set(change.user, change.devices);
    else if (change.kind === 'accept') this.#accept(change);
    else if (change.kind === 'device-ack') this.#keepRest(change.message, change.missing);
    else if (change.kind === 'expire') this.#expire(change);
    else this.#ack(change);
  }

  #accept({ message, dedup }: Change & { kind: 'accept' }): void {
    const { seq, from, to, msgId, expiresAt } = message;
    this.#dedup.set(pair(from, msgId), dedup);
    const inbox = this.#inboxes.get(to) ?? new Map<number, MessageRecord>();
    this.#inboxes.set(to, inbox.set(seq, message));
    if (expiresAt !== undefined) this.#due.set(seq, { at: expiresAt, user: to });
    this.lastSeq = Math.max(this.lastSeq, seq);
  }

  #ack(change: Change & { kind: 'ack' | 'late-ack' }): void {
    const { message, dedup, at } = change;
    const { seq, from, to, msgId, serverMsgId } = message;
    this.#dedup.set(pair(from, msgId), dedup);
    this.#acks.set(pair(to, seq), { serverMsgId });
    this.#settle(message, at);
    if (change.kind === 'late-ack') return;
    this.#dequeue(message);
    this.#keepRest(change.message, change.missing);
  }

  #expire({ message, missing }: Change & { kind: 'expire' }): void {
    const { seq, to, serverMsgId, expiresAt = 0 } = message;
    this.#due.delete(seq);
    if (missing) {
      this.#dropRest(to, seq);
      return;
    }
    this.#dequeue(message);
    this.#acks.set(pair(to, seq), { serverMsgId, expired: message });
    this.#settle(message, expiresAt);
  }

  #settle({ seq, from, to, msgId }: EndedMessage, at: number): void {
    this.#settled.delete(seq);
    this.#settled.set(seq, { at, from, msgId, to, seq });
  }

  #dequeue({ to, seq }: EndedMessage): void {
    const inbox = this.#inboxes.get(to);
    inbox?.delete(seq);
    if (inbox?.size === 0) this.#inboxes.delete(to);
  }

  #keepRest(message: MessageRecord, missing: readonly string[]): void {
    const { to, seq } = message;
    if (missing.length === 0) {
      this.#dropRest(to, seq);
      this.#due.delete(seq);
      return;
    }
    const rests = this.#rests.get(to) ?? new Map<number, Rest>();
    this.#rests.set(to, rests.set(seq, { message, missing }));
  }

  #dropRest(user: string, seq: number): boolean {
    const rests = this.#rests.get(user);
    const dropped = rests?.delete(seq) ?? false;
    if (rests?.size === 0) this.#rests.delete(user);
    return dropped;
  }

  async purge(settledBefore: number, limit: number): Promise<Purged> {
    const ended: InboxKey[] = [];
    let count = 0;
    for (const { at, seq, to, from, msgId } of this.#settled.values()) {
      if (at >= settledBefore || count === limit) break;
      this.#settled.delete(seq);
      this.#acks.delete(pair(to, seq));
      this.#dedup.delete(pair(from, msgId));
      if (this.#dropRest(to, seq)) {
        this.#due.delete(seq);
        ended.push({ user: to, seq });
      }
      count += 1;
    }
    return { count, ended };
  }

  /** All that it holds now, for `restore`; what changes later does not show. Maps keep their order. */
  copy(): Iterable<StoreRow> {
    const { lastSeq, waiting } = this;
    const [users, dedup, acks, due] = [hold(this.#users), hold(this.#dedup), hold(this.#acks), hold(this.#due)];
    const [inboxes, rests, settled] = [holdInner(this.#inboxes), holdInner(this.#rests), [...this.#settled.values()]];
    return {
      *[Symbol.iterator](): Generator<StoreRow, void> {
        yield ['last', lastSeq, waiting];
        for (const [user, devices] of users) yield ['user', user, devices];
        for (const [key, record] of dedup) yield ['dedup', key, record];
        for (const message of inboxes) yield ['inbox', message];
        for (const [key, record] of acks) yield ['ack', key, record];
        for (const rest of rests) yield ['rest', rest];
        for (const [seq, one] of due) yield ['due', seq, one];
        for (const one of settled) yield ['settled', one];
      },
    };
  }

  /** One row of a copy, into a store that is empty but for the rows before it. */
  restore(row: StoreRow): void {
    const [kind, key] = row;
    if (kind === 'last') [, this.lastSeq, this.waiting] = row;
    else if (kind === 'user') this.#users.set(key, row[2]);
    else if (kind === 'dedup') this.#dedup.set(key, row[2]);
    else if (kind === 'inbox') this.#inboxes.set(key.to, innerOf(this.#inboxes, key.to).set(key.seq, key));
    else if (kind === 'ack') this.#acks.set(key, row[2]);
    else if (kind === 'rest') {
      const { to, seq } = key.message;
      this.#rests.set(to, innerOf(this.#rests, to).set(seq, key));
    } else if (kind === 'due') this.#due.set(key, row[2]);
    else this.#settled.set(key.seq, key);
  }

  clear(): void {
    this.lastSeq = 0;
    this.waiting = 0;
    for (const map of [this.#users, this.#dedup, this.#inboxes, this.#acks, this.#rests, this.#due, this.#settled]) {
      map.clear();
    }
  }

  async close(): Promise<void> {}
}
