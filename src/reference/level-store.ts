import { ClassicLevel } from 'classic-level';
import type { AckRecord, DedupRecord, MessageRecord } from './records.js';
import type { Change, InboxEntry, InboxKey, MessageKey, Store } from './store.js';

/**
 * The keys. `!` is in none of the alphabets, so no id can reach into another; numbers have a fixed width, so that keys
 * sort as numbers do.
 *
 *   u!USER          the user exists
 *   q!TO!SEQ        MessageRecord, until the ack
 *   d!FROM!MSGID    DedupRecord
 *   a!TO!SEQ        AckRecord, after the ack
 *   x!AT!SEQ        what may be forgotten once the ack is `dedupWindowMs` old: { to, from, msgId }
 *   s               the last acceptance number
 */
const SEQ_WIDTH = 11;
const TIME_WIDTH = 16;
const seqText = (seq: number): string => seq.toString(36).padStart(SEQ_WIDTH, '0');
const timeText = (at: number): string => at.toString().padStart(TIME_WIDTH, '0');
const userKey = (user: string): string => `u!${user}`;
const queueKey = (user: string, seq: number): string => `q!${user}!${seqText(seq)}`;
const queueEnd = (user: string): string => `q!${user}"`;
const ackKey = (user: string, seq: number): string => `a!${user}!${seqText(seq)}`;
const dedupKey = (from: string, msgId: string): string => `d!${from}!${msgId}`;
const expiryKey = (at: number, seq: number): string => `x!${timeText(at)}!${seqText(seq)}`;
const SEQ_KEY = 's';

interface Expiry {
  to: string;
  from: string;
  msgId: string;
}
type Operation = { type: 'put'; key: string; value: string } | { type: 'del'; key: string };
const put = (key: string, value: unknown): Operation => ({ type: 'put', key, value: JSON.stringify(value) });
const del = (key: string): Operation => ({ type: 'del', key });
const parse = <T>(text: string | undefined): T | undefined => (text === undefined ? undefined : JSON.parse(text));

const operationsOf = (change: Change): Operation[] => {
  if (change.kind === 'user') return [put(userKey(change.user), 1)];
  const { message, dedup } = change;
  const { to, from, msgId, seq, serverMsgId } = message;
  if (change.kind === 'accept') return [put(queueKey(to, seq), message), put(dedupKey(from, msgId), dedup)];
  const ack: AckRecord = { serverMsgId };
  const expiry: Expiry = { to, from, msgId };
  return [
    del(queueKey(to, seq)),
    put(ackKey(to, seq), ack),
    put(dedupKey(from, msgId), dedup),
    put(expiryKey(change.at, seq), expiry),
  ];
};

/** The highest acceptance number in a commit goes into the same batch: it can never be behind a message (IM-4.2-31). */
const highestSeq = (changes: readonly Change[], before: number): number => {
  let highest = before;
  for (const change of changes) if (change.kind === 'accept') highest = Math.max(highest, change.message.seq);
  return highest;
};

class LevelStore implements Store {
  readonly #db: ClassicLevel;
  lastSeq: number;

  constructor(db: ClassicLevel, lastSeq: number) {
    this.#db = db;
    this.lastSeq = lastSeq;
  }

  async findDedup(keys: readonly MessageKey[]): Promise<(DedupRecord | undefined)[]> {
    const found = await this.#db.getMany(keys.map(({ from, msgId }) => dedupKey(from, msgId)));
    return found.map((text) => parse<DedupRecord>(text));
  }

  async findInInbox(keys: readonly InboxKey[]): Promise<(InboxEntry | undefined)[]> {
    const found = await this.#db.getMany(keys.flatMap(({ user, seq }) => [queueKey(user, seq), ackKey(user, seq)]));
    return keys.map((_, index): InboxEntry | undefined => {
      const message = parse<MessageRecord>(found[2 * index]);
      if (message) return { state: 'unacked', message };
      const ack = parse<AckRecord>(found[2 * index + 1]);
      return ack && { state: 'acked', serverMsgId: ack.serverMsgId };
    });
  }

  async findUsers(users: readonly string[]): Promise<boolean[]> {
    return (await this.#db.getMany(users.map(userKey))).map((value) => value !== undefined);
  }

  async countInbox(user: string, atMost: number): Promise<number> {
    const keys = this.#db.keys({ gt: queueKey(user, 0), lt: queueEnd(user), limit: atMost });
    let count = 0;
    try {
      for (;;) {
        const some = await keys.nextv(1_000);
        if (some.length === 0) return count;
        count += some.length;
      }
    } finally {
      await keys.close();
    }
  }

  async scanInbox(user: string, afterSeq: number, limit: number): Promise<MessageRecord[]> {
    const range = { gt: queueKey(user, afterSeq), lt: queueEnd(user), limit };
    return (await this.#db.values(range).all()).map((text) => JSON.parse(text) as MessageRecord);
  }

  async commit(changes: readonly Change[]): Promise<void> {
    const operations = changes.flatMap(operationsOf);
    const highest = highestSeq(changes, this.lastSeq);
    if (highest > this.lastSeq) operations.push(put(SEQ_KEY, highest));
    await this.#db.batch(operations, { sync: true });
    this.lastSeq = highest;
  }

  async purge(ackedBefore: number, limit: number): Promise<number> {
    const range = { gt: 'x!', lt: `x!${timeText(ackedBefore)}`, limit };
    const old = await this.#db.iterator(range).all();
    const operations = old.flatMap(([key, text]) => {
      const { to, from, msgId } = JSON.parse(text) as Expiry;
      const seq = Number.parseInt(key.slice(-SEQ_WIDTH), 36);
      return [del(key), del(ackKey(to, seq)), del(dedupKey(from, msgId))];
    });
    // Not synced: what comes back after a crash is purged again.
    if (operations.length > 0) await this.#db.batch(operations);
    return old.length;
  }

  async close(): Promise<void> {
    await this.#db.close();
  }
}

/** Opens or creates the database in `folder`. Rejects with the error of the database, whose `cause` has a `code`. */
export const openLevelStore = async (folder: string): Promise<Store> => {
  const db = new ClassicLevel(folder, { keyEncoding: 'utf8', valueEncoding: 'utf8' });
  await db.open();
  return new LevelStore(db, parse<number>(await db.get(SEQ_KEY)) ?? 0);
};
