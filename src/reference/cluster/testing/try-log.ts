import { setTimeout as sleep } from 'node:timers/promises';
import type { Lease, Log, LogEvent } from '../log.js';

/** Something that is done to the engine, and undone. */
export interface Attack {
  name: string;
  /** Resolves when it is over; false: the engine did not feel it. */
  strike(): Promise<boolean>;
}

export interface Tried {
  acked: number;
  /** Acked, and told to nobody; or told to nobody who has listened all the time. */
  lost: number;
  /** Told twice, or told although it was fenced. */
  doubled: number;
  /** Told at another place of the order to somebody else. */
  moved: number;
  attacks: { name: string; fired: boolean; gapMs: number }[];
}

const WRITERS = 32;
const QUIET_MS = 1_000;
const RETRY_MS = 20;
/** For followers to hear all that was acked. */
const SETTLE_MS = 60_000;

/** Appends one entry after another, each until its outcome is known, as a node of a cluster does. */
class Writer {
  readonly #log: Log;
  readonly #name: string;
  readonly #onAck: (key: string) => void;
  readonly #onFenced: (key: string) => void;
  #lease: Lease | undefined;
  #lives = 0;
  #renewedAt = 0;
  #count = 0;
  /** Entries of this life. */
  #ofLife = 0;

  constructor(log: Log, name: string, onAck: (key: string) => void, onFenced: (key: string) => void) {
    this.#log = log;
    this.#name = name;
    this.#onAck = onAck;
    this.#onFenced = onFenced;
  }

  async run(stopped: AbortSignal): Promise<void> {
    while (!stopped.aborted) {
      await this.#renew();
      this.#count += 1;
      const key = `${this.#name}-${this.#count}`;
      const outcome = await this.#append(key);
      if (outcome === 'appended') {
        this.#ofLife += 1;
        this.#onAck(key);
      } else {
        this.#onFenced(key);
        this.#lease = undefined;
      }
    }
    await this.#lease?.leave().catch(() => undefined);
  }

  async #append(key: string): Promise<'appended' | 'fenced'> {
    for (;;) {
      try {
        this.#lease ??= await this.#join();
        return await this.#log.append(this.#ofLife + 1, key, this.#lease);
      } catch {
        await sleep(RETRY_MS);
      }
    }
  }

  async #join(): Promise<Lease> {
    this.#lives += 1;
    this.#ofLife = 0;
    this.#renewedAt = performance.now();
    return this.#log.join(this.#name, `${this.#name}-${this.#lives}`);
  }

  async #renew(): Promise<void> {
    if (this.#lease === undefined || performance.now() - this.#renewedAt < this.#log.leaseMs / 4) return;
    this.#renewedAt = performance.now();
    const holds = await this.#lease.renew().catch(() => true);
    if (!holds) this.#lease = undefined;
  }
}

/** What one follower has heard: the keys with their revisions, in order. */
class Follower {
  readonly heard: { key: string; revision: number }[] = [];
  readonly #ended = new AbortController();

  constructor(log: Log) {
    void log.follow(0, (event) => this.#note(event), this.#ended.signal);
  }

  #note(event: LogEvent): void {
    if (event.kind === 'entry') this.heard.push({ key: event.text, revision: event.revision });
  }

  stop(): void {
    this.#ended.abort();
  }
}

/**
 * The test that an engine must pass before it can be the log of a cluster: clients append through all members while these
 * attacks strike one after another. Everything that was acked must be told exactly once, at the same place to everybody,
 * whether somebody has listened all the time or reads the log anew afterwards.
 */
export const tryLog = async (
  open: (place: number) => Log,
  members: number,
  attacks: readonly Attack[],
  settleMs = SETTLE_MS,
): Promise<Tried> => {
  const acked = new Set<string>();
  const fenced = new Set<string>();
  let gapFrom = performance.now();
  let gapMs = 0;
  const note = (key: string): void => {
    acked.add(key);
    gapMs = Math.max(gapMs, performance.now() - gapFrom);
    gapFrom = performance.now();
  };
  const early = Array.from({ length: members }, (_, place) => new Follower(open(place)));
  const stopping = new AbortController();
  const writers = Array.from({ length: WRITERS }, (_, index) =>
    new Writer(open(index % members), `w${index}`, note, (key) => fenced.add(key)).run(stopping.signal),
  );
  const outcomes: Tried['attacks'] = [];
  await sleep(QUIET_MS);
  for (const { name, strike } of attacks) {
    gapMs = 0;
    gapFrom = performance.now();
    const fired = await strike();
    await sleep(QUIET_MS);
    outcomes.push({ name, fired, gapMs });
  }
  stopping.abort();
  await Promise.all(writers);
  const late = new Follower(open(0));
  const followers = [...early, late];
  await settle(followers, acked, settleMs);
  for (const follower of followers) follower.stop();
  return { acked: acked.size, ...compare(followers, acked, fenced), attacks: outcomes };
};

/** Waits until each has heard everything that was acked; whoever never does has lost it. */
const settle = async (followers: readonly Follower[], acked: ReadonlySet<string>, settleMs: number): Promise<void> => {
  const until = performance.now() + settleMs;
  const isBehind = ({ heard }: Follower): boolean => heard.length < acked.size;
  while (followers.some(isBehind) && performance.now() < until) await sleep(QUIET_MS / 10);
  await sleep(QUIET_MS);
};

const compare = (
  followers: readonly Follower[],
  acked: ReadonlySet<string>,
  fenced: ReadonlySet<string>,
): Pick<Tried, 'lost' | 'doubled' | 'moved'> => {
  let lost = 0;
  let doubled = 0;
  let moved = 0;
  const [{ heard: first = [] } = {}] = followers;
  const places = new Map(first.map(({ key, revision }) => [key, revision]));
  for (const { heard } of followers) {
    const known = new Map<string, number>();
    for (const { key, revision } of heard) {
      if (known.has(key) || fenced.has(key)) doubled += 1;
      known.set(key, revision);
      if (places.get(key) !== revision) moved += 1;
    }
    for (const key of acked) if (!known.has(key)) lost += 1;
  }
  return { lost, doubled, moved };
};
