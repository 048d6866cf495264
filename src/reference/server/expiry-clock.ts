/** The clock by which messages expire may be set, so nothing waits longer than this before it looks again. */
const LONGEST_LOOK_MS = 500;

/** Knows when the next message expires, and calls `wake` then. Times of the wall clock, milliseconds. */
export class ExpiryClock {
  readonly #wallClock: () => number;
  readonly #wake: () => void;
  #nextAt = Number.POSITIVE_INFINITY;
  #paused = false;
  #stopped = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(wallClock: () => number, wake: () => void) {
    this.#wallClock = wallClock;
    this.#wake = wake;
  }

  isDue(): boolean {
    return !this.#paused && this.#nextAt <= this.#wallClock();
  }

  /** A message was accepted that ends at that time. Undefined: never. */
  notice(expiresAt: number | undefined): void {
    if (expiresAt !== undefined && expiresAt < this.#nextAt) this.set(expiresAt);
  }

  /** The next end of all messages. Undefined: there is none. */
  set(expiresAt: number | undefined): void {
    this.#nextAt = expiresAt ?? Number.POSITIVE_INFINITY;
    this.#plan();
  }

  /** What was due could not be ended, because the store failed or the clock was set back: nothing is due for a moment. */
  pause(): void {
    if (this.#nextAt === Number.POSITIVE_INFINITY) return;
    this.#paused = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#paused = false;
      this.#look();
    }, LONGEST_LOOK_MS);
  }

  stop(): void {
    this.#stopped = true;
    this.#nextAt = Number.POSITIVE_INFINITY;
    clearTimeout(this.#timer);
  }

  #plan(): void {
    if (this.#paused || this.#stopped) return;
    clearTimeout(this.#timer);
    if (this.#nextAt === Number.POSITIVE_INFINITY) return;
    const dueIn = this.#nextAt - this.#wallClock();
    this.#timer = setTimeout(() => this.#look(), Math.max(1, Math.min(dueIn, LONGEST_LOOK_MS)));
  }

  #look(): void {
    if (this.isDue()) this.#wake();
    else this.#plan();
  }
}
