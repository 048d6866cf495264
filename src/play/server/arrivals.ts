import type { ServerLink } from './server-link.js';

/** What has arrived, for steps that wait. */
export interface Arrival {
  what: 'msg:R' | 'ack:R' | 'connection' | 'attempt';
  label?: string;
  link?: ServerLink;
  at: number;
  taken?: boolean;
}

/** No script makes a client send so many messages that it does not name. */
const MAX_STRANGE = 100;

/** All that has arrived of the subject, which of it a step has taken, and since when a step watches. */
export class Arrivals {
  readonly all: Arrival[] = [];
  readonly #now: () => number;
  #strange = 0;
  /** When that came which the step that is played has got, and the one before it. */
  #met: number | undefined;
  #follows: number | undefined;
  #turnAt: number | undefined;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** False: it is one too many that no script names, and is left out. */
  add(arrival: Omit<Arrival, 'at'>): boolean {
    // Every step that waits looks through all of them: what no script names must not become many.
    if (arrival.label === 'unknown') this.#strange += 1;
    if (this.#strange > MAX_STRANGE && arrival.label === 'unknown') return false;
    this.all.push({ ...arrival, at: this.#arrivesAt() });
    return true;
  }

  /** What one turn of the event loop reads has come at one time: it was sent before the first of it could be answered. */
  #arrivesAt(): number {
    if (this.#turnAt === undefined) {
      this.#turnAt = this.#now();
      setImmediate(() => {
        this.#turnAt = undefined;
      });
    }
    return this.#turnAt;
  }

  /** A step has got it. */
  take(arrival: Arrival): void {
    arrival.taken = true;
    this.#met = Math.max(arrival.at, this.#met ?? 0);
  }

  /** The connections so far have ended by the script: only one that comes after this is for a step. */
  dropConnections(): void {
    for (const one of this.all) if (one.what === 'connection' || one.what === 'attempt') one.taken = true;
  }

  /** A step begins: what the one before it waited for is what it follows. */
  nextStep(): void {
    this.#follows = this.#met;
    this.#met = undefined;
  }

  /** Since when a step watches: since that came which the step before it got, however late the kit noticed it. */
  get watchedFrom(): number {
    return this.#follows ?? this.#now();
  }
}
