const BEAT_MS = 10;
const KEPT = 10_000;

/**
 * Measures for how long the kit's own event loop stood still. A kit that stalls reads late, answers pings late, and may
 * be cut as a dead peer by a server that is right to do so: what failed meanwhile must not count against the subject.
 */
export class StallMeter {
  readonly #stalls: { at: number; ms: number }[] = [];
  readonly #timer: NodeJS.Timeout;
  #last = performance.now();

  constructor() {
    this.#timer = setInterval(() => this.#beat(), BEAT_MS);
    this.#timer.unref();
  }

  #beat(): void {
    const now = performance.now();
    const ms = now - this.#last - BEAT_MS;
    this.#last = now;
    if (ms < BEAT_MS) return;
    this.#stalls.push({ at: now, ms });
    if (this.#stalls.length > KEPT) this.#stalls.shift();
  }

  /** The longest stall that ended at or after that time of `performance.now()`, in milliseconds. */
  worstSince(from: number): number {
    this.#beat();
    let worst = 0;
    for (let i = this.#stalls.length - 1; i >= 0; i--) {
      const stall = this.#stalls[i];
      if (!stall || stall.at < from) break;
      worst = Math.max(worst, stall.ms);
    }
    return Math.round(worst);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
