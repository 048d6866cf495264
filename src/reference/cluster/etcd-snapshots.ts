import { setTimeout as sleep } from 'node:timers/promises';
import { decode, ENTRY, type EtcdKey, type EtcdReply, encode, NODE, nodeOf, rangeOf } from './etcd-keys.js';
import type { Lease, Snapshot, Snapshots } from './log.js';

const PIECE = 'ims/piece/';
const NEWEST = 'ims/newest';
const APPLIED = 'ims/applied/';
const WIDTH = 16;
const TRIES = 20;
const RETRY_MS = 200;
/** A transaction of etcd has at most 128 parts. */
const MAX_DELETED = 100;

const pieceKey = (name: string, index: number): string => `${PIECE}${name}/${index}`;

type Ask = (path: string, body: unknown) => Promise<EtcdReply>;

/**
 * Snapshots in etcd, outside of the keys that nodes watch. A piece is a key; the pieces count once the key `ims/newest`
 * names them, which is written last, in one transaction with all that must still hold. Names begin with the revision.
 */
export class EtcdSnapshots implements Snapshots {
  readonly #ask: Ask;

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  async newest(): Promise<Snapshot | undefined> {
    const { kvs } = await this.#ask('kv/range', { key: encode(NEWEST) });
    return kvs?.[0] && JSON.parse(decode(kvs[0].value));
  }

  async read({ name }: Snapshot, index: number): Promise<string> {
    const { kvs } = await this.#again('kv/range', { key: encode(pieceKey(name, index)) });
    if (kvs?.[0] === undefined) throw new Error(`piece ${index} of the snapshot ${name} is not there`);
    return decode(kvs[0].value);
  }

  async write(
    revision: number,
    pieces: Iterable<string>,
    before: Snapshot | undefined,
    { life }: Lease,
  ): Promise<Snapshot | undefined> {
    const name = `${String(revision).padStart(WIDTH, '0')}-${life}`;
    let count = 0;
    for (const piece of pieces) {
      const put = { request_put: { key: encode(pieceKey(name, count)), value: encode(piece) } };
      const { succeeded } = await this.#again('kv/txn', { compare: [stillLives(life)], success: [put] });
      if (succeeded !== true) return undefined;
      count += 1;
    }
    const snapshot: Snapshot = { revision, name, pieces: count };
    const { succeeded } = await this.#ask('kv/txn', {
      compare: [
        stillLives(life),
        before === undefined
          ? { key: encode(NEWEST), target: 'CREATE', create_revision: '0' }
          : { key: encode(NEWEST), target: 'VALUE', value: encode(JSON.stringify(before)) },
      ],
      success: [{ request_put: { key: encode(NEWEST), value: encode(JSON.stringify(snapshot)) } }],
    });
    if (succeeded !== true) return undefined;
    // Whoever reads an older one begins again, and one that is being written comes too late. What fails is for the next.
    const older = { key: encode(PIECE), range_end: encode(PIECE + name) };
    await this.#ask('kv/deleterange', older).catch(() => undefined);
    return snapshot;
  }

  /** A piece is the same whenever it is written or read. */
  async #again(path: string, body: unknown): Promise<EtcdReply> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#ask(path, body);
      } catch (error) {
        if (tries === TRIES) throw error;
        await sleep(RETRY_MS, undefined, { ref: false });
      }
    }
  }

  async report(revision: number, { life }: Lease): Promise<void> {
    const report = { request_put: { key: encode(APPLIED + nodeOf(life)), value: encode(`${life} ${revision}`) } };
    await this.#ask('kv/txn', { compare: [stillLives(life)], success: [report] });
  }

  async trim({ revision }: Snapshot): Promise<boolean> {
    const covered = { keys_only: true, max_mod_revision: String(revision), limit: String(MAX_DELETED) };
    const { responses } = await this.#ask('kv/txn', {
      success: [rangeOf(NODE), rangeOf(APPLIED), rangeOf(ENTRY, covered)].map((request_range) => ({ request_range })),
    });
    const [nodes = [], reports = [], entries = []] = (responses ?? []).map(({ response_range }) => response_range?.kvs);
    const lives = new Set(nodes.map(({ value }) => decode(value)));
    const applied = new Map(reports.map(({ value }) => decode(value).split(' ') as [string, string]));
    for (const life of lives) if (Number(applied.get(life) ?? 0) < revision) return false;
    await this.#compact(revision);
    // A life that has ended appends nothing any more, and never lives again.
    const ended = entries.filter((entry) => !lives.has(lifeOf(entry))).map(({ key }) => ({ key }));
    await this.#ask('kv/txn', { success: ended.map((request_delete_range) => ({ request_delete_range })) });
    return true;
  }

  async #compact(revision: number): Promise<void> {
    try {
      await this.#ask('kv/compaction', { revision: String(revision) });
    } catch (error) {
      // Whoever trimmed before was ended in the middle.
      if (!/has been compacted/.test(String(error))) throw error;
    }
  }
}

const stillLives = (life: string): unknown => ({
  key: encode(NODE + nodeOf(life)),
  target: 'VALUE',
  value: encode(life),
});

const lifeOf = ({ key }: EtcdKey): string => decode(key).slice(ENTRY.length);
