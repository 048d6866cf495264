/** What each scenario costs beside its declared waits: connecting, packets, judging. */
const COST_MS = 40;
/** Before that much of the work was done its pace says nothing. */
const LEAST_DONE = 0.02;

/** How much of a run is left: the waits that the scripts declare, and how fast those went that are done. */
export class Pace {
  readonly #waits: ReadonlyMap<string, number>;
  readonly #startedAt: number;
  readonly #open: Set<string>;
  readonly #total: number;
  #left: number;

  /** By name, the milliseconds for which each scenario waits; `now` by the same clock as later. */
  constructor(waits: ReadonlyMap<string, number>, now: number) {
    this.#waits = waits;
    this.#startedAt = now;
    this.#open = new Set(waits.keys());
    this.#total = [...waits.keys()].reduce((sum, name) => sum + this.#costOf(name), 0);
    this.#left = this.#total;
  }

  #costOf(name: string): number {
    return (this.#waits.get(name) ?? 0) + COST_MS;
  }

  /** It was played; a further attempt changes nothing. */
  note(name: string): void {
    if (this.#open.delete(name)) this.#left -= this.#costOf(name);
  }

  leftMs(now: number): number | undefined {
    const done = this.#total - this.#left;
    if (this.#total === 0 || done < this.#total * LEAST_DONE) return undefined;
    return ((now - this.#startedAt) * this.#left) / done;
  }
}
