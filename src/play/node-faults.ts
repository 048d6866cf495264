/**
 * The faults of single nodes that are under way or just over: for `failoverMs` after each, and after its repair, a server
 * with several nodes may be late by as much, close connections and refuse them (section 4.2.9).
 */
export class NodeFaults {
  readonly #now: () => number;
  readonly #failoverMs: number;
  readonly #down = new Set<number>();
  /** What a script has frozen and not thawed: nodes, or all of them (`undefined`). */
  readonly frozen = new Set<number | undefined>();
  #last = Number.NEGATIVE_INFINITY;

  constructor(now: () => number, failoverMs: number) {
    this.#now = now;
    this.#failoverMs = failoverMs;
  }

  /** Nodes whose process was ended and not started again. */
  get down(): readonly number[] {
    return [...this.#down];
  }

  began(node: number): void {
    this.#down.add(node);
    this.#last = this.#now();
  }

  ended(node: number): void {
    this.#down.delete(node);
    this.#last = this.#now();
  }

  /** Something that was not ended but disturbed goes on. */
  passed(): void {
    this.#last = this.#now();
  }

  /** Whether connections may be closed and refused now. */
  get excuse(): boolean {
    return this.#now() - this.#last <= this.#failoverMs;
  }

  /** By how much what is due now may be late. Milliseconds. */
  get lateMs(): number {
    return this.#now() - this.#last <= 2 * this.#failoverMs ? this.#failoverMs : 0;
  }
}
