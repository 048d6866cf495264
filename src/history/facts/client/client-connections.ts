/** A packet is not read at once. */
const READ_MS = 500;

/** When the process could read: since when it has not been frozen, and since when it is. */
export interface Wakefulness {
  readonly awakeSince: number;
  /** Undefined: it runs. */
  readonly frozenAt: number | undefined;
}

/** The connections of a client under test: which are open, and what can still have been read on those that ended. */
export class ClientConnections {
  /** Those that are open and heard. */
  readonly open = new Set<number>();
  readonly openedAt = new Map<number, number>();
  /** When one ended last: what was on its way then may be lost. */
  endedAt: number | undefined;
  /** Until when the client can have read a connection that has ended, and since when it had not been frozen then. */
  readonly #readable = new Map<number, { until: number; awakeSince: number }>();
  /** How many msg:R each connection has brought, words included. */
  readonly #requestsOn = new Map<number, number>();

  opened(conn: number, at: number): void {
    this.open.add(conn);
    this.openedAt.set(conn, at);
  }

  /** It stays open, and nobody hears it any more. */
  fellSilent(conn: number, at: number): void {
    this.endedAt = at;
    this.open.delete(conn);
  }

  /** What waits for a client that is frozen is lost with its connection. */
  ended(conn: number, at: number, { awakeSince, frozenAt }: Wakefulness): void {
    this.endedAt = at;
    this.#readable.set(conn, { until: frozenAt ?? at, awakeSince });
  }

  /** Its end has been told to everybody who listens. */
  left(conn: number): void {
    this.open.delete(conn);
  }

  noteRequest(conn: number): void {
    this.#requestsOn.set(conn, this.requestsOn(conn) + 1);
  }

  /** How many msg:R that connection has brought by now. */
  requestsOn(conn: number): number {
    return this.#requestsOn.get(conn) ?? 0;
  }

  /** Whether one has been open for that long, in ms, at that time. */
  isOpenFor(longMs: number, at: number): boolean {
    return [...this.open].some((conn) => at - (this.openedAt.get(conn) ?? at) >= longMs);
  }

  /** Its connection ended so soon after it that the client may never have read it. */
  isCutShort({ at, conn }: { at: number; conn: number }, readMs = READ_MS): boolean {
    const readable = this.#readable.get(conn);
    return readable !== undefined && readable.until < Math.max(at, readable.awakeSince) + readMs;
  }
}
