import type { Lease, Log, LogEvent } from './log.js';

type Unnumbered = LogEvent extends infer E ? (E extends LogEvent ? Omit<E, 'revision'> : never) : never;

/** The log of nodes that are in one process, for tests. It does not survive the process, and nothing is replicated. */
export class MemoryLog implements Log {
  readonly leaseMs: number;
  readonly #events: LogEvent[] = [];
  readonly #keys = new Set<string>();
  readonly #lives = new Map<string, string>();
  readonly #followers = new Set<() => void>();
  /** Names of nodes that reach nothing: what they ask for stays without an answer. */
  readonly unreachable = new Set<string>();

  constructor(leaseMs = 60_000) {
    this.leaseMs = leaseMs;
  }

  async append(key: string, text: string, { life }: Lease): Promise<'appended' | 'fenced'> {
    this.#check(life);
    if (this.#keys.has(key)) return 'appended';
    if (![...this.#lives.values()].includes(life)) return 'fenced';
    this.#keys.add(key);
    this.#add({ kind: 'entry', key, text });
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
    let next = after;
    const tell = (): void => {
      for (; !signal.aborted && next < this.#events.length; next += 1) onEvent(this.#events[next] as LogEvent);
    };
    this.#followers.add(tell);
    signal.addEventListener('abort', () => this.#followers.delete(tell), { once: true });
    tell();
  }

  noteLag(): void {}

  #check(life: string): void {
    for (const node of this.unreachable) if (life.startsWith(`${node}-`)) throw new Error('the log cannot be reached');
  }

  #add(event: Unnumbered): void {
    this.#events.push({ ...event, revision: this.#events.length + 1 } as LogEvent);
    for (const tell of this.#followers) setImmediate(tell);
  }
}
