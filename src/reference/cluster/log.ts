/** What the one log of a cluster tells, in its order; every node sees the same. */
export type LogEvent = { revision: number } & (
  | { kind: 'entry'; key: string; text: string }
  /** A node began a life: an earlier one of it has ended. */
  | { kind: 'joined'; node: string; life: string }
  /** Its lease lapsed, or it left. */
  | { kind: 'left'; node: string }
);

/** The life of a node: from its joining until its lease lapses. */
export interface Lease {
  readonly life: string;
  /** Resolves with false when the lease has lapsed. Rejects when nobody answered. */
  renew(): Promise<boolean>;
  /** Ends it at once. */
  leave(): Promise<void>;
}

/**
 * One log for all nodes. Another engine can stand here once it has passed a test of partitions: an entry that was
 * appended is never lost, moved or doubled, whichever of its members is lost.
 */
export interface Log {
  /**
   * Appends unless the key is there already, so a retry with the same key is safe. `fenced`: the life of the node has
   * ended, and the entry is not there and never will be. Rejects when the outcome is unknown.
   */
  append(key: string, text: string, lease: Lease): Promise<'appended' | 'fenced'>;
  /** How long a lease lives after its last renewal. Milliseconds. */
  readonly leaseMs: number;
  join(node: string, life: string): Promise<Lease>;
  /** Everything after a revision, one event after the other, until the signal aborts. It reconnects by itself. */
  follow(after: number, onEvent: (event: LogEvent) => void, signal: AbortSignal): Promise<void>;
  /** The newest revision is that old or older: whoever has seen less asks elsewhere. */
  noteLag(): void;
}
