import { setTimeout as sleep } from 'node:timers/promises';
import {
  BEAT,
  decode,
  ENTRY,
  type EtcdEvent,
  type EtcdReply,
  encode,
  NODE,
  nodeOf,
  rangeOf,
  WATCHED,
} from './etcd-keys.js';
import { EtcdSnapshots } from './etcd-snapshots.js';
import { entryKey, type Lease, type Log, type LogEvent } from './log.js';

const LEASE_S = 2;
/** Entries, joinings and beats. */
const SNAPSHOT_AFTER = 10_000;
/** For one request to one member; then the next one is asked. */
const REQUEST_MS = 1_000;
/** A watch on which nothing came for so long is put to the test: something is written that it must bring. */
const QUIET_MS = 500;
/** One that does not bring it is dead, whatever its socket says. */
const DEAF_MS = 1_500;
const LOOK_MS = 100;
/** Before the next member is asked for the log. */
const RETRY_MS = 50;

class Compacted extends Error {}

const eventOf = ({ type, kv }: EtcdEvent): LogEvent | undefined => {
  const key = decode(kv.key);
  const revision = Number(kv.mod_revision);
  if (key.startsWith(ENTRY) && type !== 'DELETE') {
    return {
      kind: 'entry',
      revision,
      key: entryKey(key.slice(ENTRY.length), Number(kv.version)),
      text: decode(kv.value),
    };
  }
  if (key === BEAT) return { kind: 'beat', revision };
  if (!key.startsWith(NODE)) return undefined;
  const node = key.slice(NODE.length);
  return type === 'DELETE'
    ? { kind: 'left', revision, node }
    : { kind: 'joined', revision, node, life: decode(kv.value) };
};

/**
 * The log in etcd, over the JSON gateway that each member serves: an entry is a version of the key of its life, its place
 * the revision of that, and the lease of a node is a lease of etcd. Old versions go when etcd compacts. All members are
 * given, and whichever does not answer is passed over.
 */
export class EtcdLog implements Log {
  readonly leaseMs = LEASE_S * 1_000;
  readonly snapshotAfter: number;
  readonly snapshots = new EtcdSnapshots((path, body) => this.#ask(path, body));
  readonly #members: readonly string[];
  #current = 0;
  #watching: AbortController | undefined;
  #watchingSince = 0;

  constructor(members: readonly string[], snapshotAfter = SNAPSHOT_AFTER) {
    this.snapshotAfter = snapshotAfter;
    this.#members = members.map((url) => url.replace(/\/+$/, ''));
  }

  /** The version of a key is how often it was written since it was created. */
  async append(count: number, text: string, { life }: Lease): Promise<'appended' | 'fenced'> {
    const entries = encode(ENTRY + life);
    const reply = await this.#ask('kv/txn', {
      compare: [
        { key: entries, target: 'VERSION', version: String(count - 1) },
        // What a node writes after its lease has lapsed must not count.
        { key: encode(NODE + nodeOf(life)), target: 'VALUE', value: encode(life) },
      ],
      success: [{ request_put: { key: entries, value: encode(text) } }],
      failure: [{ request_range: { key: entries, keys_only: true } }],
    });
    const written = Number(reply.responses?.[0]?.response_range?.kvs?.[0]?.version ?? 0);
    return reply.succeeded === true || written >= count ? 'appended' : 'fenced';
  }

  async join(node: string, life: string): Promise<Lease> {
    const { ID } = await this.#ask('lease/grant', { TTL: LEASE_S });
    await this.#ask('kv/put', { key: encode(NODE + node), value: encode(life), lease: ID });
    return {
      life,
      renew: async () => {
        const { result } = await this.#ask('lease/keepalive', { ID });
        if (!(Number(result?.TTL ?? 0) > 0)) return false;
        // An earlier life may have joined late, and taken its place.
        const { kvs } = await this.#ask('kv/range', { key: encode(NODE + node) });
        return decode(kvs?.[0]?.value) === life;
      },
      leave: async () => {
        await this.#ask('lease/revoke', { ID });
      },
    };
  }

  async follow(after: number, onEvent: (event: LogEvent) => void, signal: AbortSignal): Promise<void> {
    let seen = after;
    while (!signal.aborted) {
      let isTrimmed = false;
      const watching = new AbortController();
      this.#watching = watching;
      this.#watchingSince = performance.now();
      const stop = (): void => watching.abort();
      signal.addEventListener('abort', stop, { once: true });
      try {
        await this.#watch(seen + 1, watching, (event) => {
          seen = event.revision;
          onEvent(event);
        });
      } catch (error) {
        // A member that is gone, or a watch that lags: the next one goes on where this one stopped.
        isTrimmed = error instanceof Compacted;
      }
      signal.removeEventListener('abort', stop);
      if (signal.aborted || isTrimmed) return;
      this.#current += 1;
      await sleep(RETRY_MS);
    }
  }

  noteLag(): void {
    // One that has just begun must have time to bring what is missing.
    if (performance.now() - this.#watchingSince > REQUEST_MS) this.#watching?.abort();
  }

  /** Ends when the member does, when it says nothing at first or any more, and when `watching` is aborted. */
  async #watch(from: number, watching: AbortController, onEvent: (event: LogEvent) => void): Promise<void> {
    let heardAt = performance.now();
    let begun = false;
    let asked = false;
    const look = setInterval(() => {
      const quietMs = performance.now() - heardAt;
      if (quietMs > (begun ? DEAF_MS : REQUEST_MS)) watching.abort();
      else if (quietMs > QUIET_MS && !asked) {
        asked = true;
        this.#ask('kv/put', { key: encode(BEAT), value: '' }).catch(() => undefined);
      }
    }, LOOK_MS);
    try {
      await this.#read(from, watching.signal, onEvent, () => {
        heardAt = performance.now();
        begun = true;
        asked = false;
      });
    } finally {
      clearInterval(look);
    }
  }

  async #read(
    from: number,
    signal: AbortSignal,
    onEvent: (event: LogEvent) => void,
    onHeard: () => void,
  ): Promise<void> {
    // Without `fragment` what a node that starts has to read is one message, and may be larger than the gateway takes.
    const range = rangeOf(WATCHED, { start_revision: String(from), fragment: true });
    const response = await this.#post('watch', { create_request: range }, signal);
    if (response.body === null) return;
    const decoder = new TextDecoder();
    let rest = '';
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      onHeard();
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        if (line === '') continue;
        const { result } = JSON.parse(line) as EtcdReply;
        if (result?.compact_revision) throw new Compacted();
        if (result?.canceled) throw new Error(`the watch was ended: ${result.cancel_reason ?? 'no reason'}`);
        for (const one of result?.events ?? []) {
          const event = eventOf(one);
          if (event) onEvent(event);
        }
      }
    }
  }

  /** Rejects when the member does not answer in time; then the next call asks another one. */
  async #ask(path: string, body: unknown): Promise<EtcdReply> {
    try {
      return (await (await this.#post(path, body, AbortSignal.timeout(REQUEST_MS))).json()) as EtcdReply;
    } catch (error) {
      this.#current += 1;
      throw error;
    }
  }

  async #post(path: string, body: unknown, signal: AbortSignal): Promise<Response> {
    const member = this.#members[this.#current % this.#members.length] as string;
    const response = await fetch(`${member}/v3/${path}`, { method: 'POST', body: JSON.stringify(body), signal });
    if (response.ok) return response;
    throw new Error(`etcd answered ${response.status}: ${(await response.text()).slice(0, 200)}`);
  }
}
