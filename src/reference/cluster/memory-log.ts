import { entryKey, type Lease, type Log, type LogEvent, type Snapshot, type Snapshots } from './log.js';

type Unnumbered = LogEvent extends infer E ? (E extends LogEvent ? Omit<E, 'revision'> : never) : never;

/** What a follower does when there is more. */
type Tell = () => void;

/** The log of nodes that are in one process, for tests. It does not survive the process, and nothing is replicated. */
export class MemoryLog implements Log {
  readonly leaseMs: number;
  readonly snapshotAfter: number;
  readonly snapshots: MemorySnapshots;
  #events: LogEvent[] = [];
  /** The revision before the first event that is left. */
  #trimmed = 0;
  /** How many entries each life has appended. */
  readonly #counts = new Map<string, number>();
  readonly #lives = new Map<string, string>();
  readonly #followers = new Set<Tell>();
  /** Names of nodes that reach nothing: what they ask for stays without an answer. */
  readonly unreachable = new Set<string>();

  constructor(leaseMs = 60_000, snapshotAfter = 10_000) {
    this.leaseMs = leaseMs;
    this.snapshotAfter = snapshotAfter;
    this.snapshots = new MemorySnapshots({
      lives: () => [...this.#lives.values()],
      check: (life) => this.#check(life),
      trim: (revision) => this.#trim(revision),
    });
  }

  /** Events that are left. */
  get length(): number {
    return this.#events.length;
  }

  async append(count: number, text: string, { life }: Lease): Promise<'appended' | 'fenced'> {
    this.#check(life);
    const before = this.#counts.get(life) ?? 0;
    if (count <= before) return 'appended';
    if (count > before + 1 || ![...this.#lives.values()].includes(life)) return 'fenced';
    this.#counts.set(life, count);
    this.#add({ kind: 'entry', key: entryKey(life, count), text });
    return 'appended';
  }

  async join(node: string, life: string): Promise<Lease> {
    this.#check(`${node}-`);
    this.#lives.set(node, life);
    this.#add({ kind: 'joined', node, life });
    return {
      life,
      renew: async () => {
        this.#check(life);
        return this.#lives.get(node) === life;
      },
      leave: async () => this.lapse(node),
    };
  }

  /** The lease of a node ends. */
  lapse(node: string): void {
    if (this.#lives.delete(node)) this.#add({ kind: 'left', node });
  }

  async follow(after: number, onEvent: (event: LogEvent) => void, signal: AbortSignal): Promise<void> {
    let seen = after;
    await new Promise<void>((resolve) => {
      const tell = (): void => {
        while (!signal.aborted && seen >= this.#trimmed) {
          const event = this.#events[seen - this.#trimmed];
          if (event === undefined) return;
          seen = event.revision;
          onEvent(event);
        }
        this.#followers.delete(tell);
        resolve();
      };
      this.#followers.add(tell);
      signal.addEventListener('abort', tell, { once: true });
      tell();
    });
  }

  noteLag(): void {}

  #trim(revision: number): void {
    if (revision <= this.#trimmed) return;
    this.#events = this.#events.slice(revision - this.#trimmed);
    this.#trimmed = revision;
    const lives = new Set(this.#lives.values());
    const left = new Set(this.#events.map((event) => event.kind === 'entry' && event.key.replace(/-\d+$/, '')));
    for (const life of this.#counts.keys()) if (!lives.has(life) && !left.has(life)) this.#counts.delete(life);
    for (const tell of this.#followers) setImmediate(tell);
  }

  #check(life: string): void {
    for (const node of this.unreachable) if (life.startsWith(`${node}-`)) throw new Error('the log cannot be reached');
  }

  #add(event: Unnumbered): void {
    this.#events.push({ ...event, revision: this.#trimmed + this.#events.length + 1 } as LogEvent);
    for (const tell of this.#followers) setImmediate(tell);
  }
}

interface MemorySnapshotsHost {
  lives(): readonly string[];
  /** Throws when the node of that life reaches nothing. */
  check(life: string): void;
  trim(revision: number): void;
}

/** Where the snapshots of a log in memory are. */
class MemorySnapshots implements Snapshots {
  readonly #host: MemorySnapshotsHost;
  #newest: Snapshot | undefined;
  readonly #pieces = new Map<string, string[]>();
  readonly #applied = new Map<string, number>();

  constructor(host: MemorySnapshotsHost) {
    this.#host = host;
  }

  /** Characters of all pieces that are kept. */
  get length(): number {
    return [...this.#pieces.values()].flat().reduce((sum, piece) => sum + piece.length, 0);
  }

  async newest(): Promise<Snapshot | undefined> {
    return this.#newest;
  }

  async read({ name }: Snapshot, index: number): Promise<string> {
    const piece = this.#pieces.get(name)?.[index];
    if (piece === undefined) throw new Error(`piece ${index} of the snapshot ${name} is not there`);
    return piece;
  }

  async write(
    revision: number,
    pieces: Iterable<string>,
    before: Snapshot | undefined,
    { life }: Lease,
  ): Promise<Snapshot | undefined> {
    const name = `${revision}-${life}`;
    const written: string[] = [];
    for (const piece of pieces) {
      this.#host.check(life);
      if (!this.#host.lives().includes(life)) return undefined;
      this.#pieces.set(name, written);
      written.push(piece);
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#host.check(life);
    if (!this.#host.lives().includes(life) || this.#newest?.name !== before?.name) return undefined;
    this.#newest = { revision, name, pieces: written.length };
    for (const other of this.#pieces.keys()) {
      if (other !== name && Number.parseInt(other, 10) <= revision) this.#pieces.delete(other);
    }
    return this.#newest;
  }

  async report(revision: number, { life }: Lease): Promise<void> {
    this.#host.check(life);
    this.#applied.set(life, revision);
  }

  async trim({ revision }: Snapshot): Promise<boolean> {
    const lives = this.#host.lives();
    if (lives.some((life) => (this.#applied.get(life) ?? 0) < revision)) return false;
    for (const life of this.#applied.keys()) if (!lives.includes(life)) this.#applied.delete(life);
    this.#host.trim(revision);
    return true;
  }
}
