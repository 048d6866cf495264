/** What the one log of a cluster tells, in its order; every node sees the same. */
export type LogEvent = { revision: number } & (
  | { kind: 'entry'; key: string; text: string }
  /** A node began a life: an earlier one of it has ended. */
  | { kind: 'joined'; node: string; life: string }
  /** Its lease lapsed, or it left. */
  | { kind: 'left'; node: string }
  /** Nothing but that the log goes on. */
  | { kind: 'beat' }
);

/** The life of a node: from its joining until its lease lapses. */
export interface Lease {
  readonly life: string;
  /** Resolves with false when the lease has lapsed. Rejects when nobody answered. */
  renew(): Promise<boolean>;
  /** Ends it at once. */
  leave(): Promise<void>;
}

/** The state of all nodes after a revision, in pieces. It takes the place of the log up to there. */
export interface Snapshot {
  readonly revision: number;
  readonly name: string;
  readonly pieces: number;
}

/** Where snapshots are: as durable as the log. One that was not written to its end does not exist. */
export interface Snapshots {
  newest(): Promise<Snapshot | undefined>;
  /** Rejects when it is not there any more: then a newer one is. */
  read(snapshot: Snapshot, index: number): Promise<string>;
  /**
   * Drops older ones. Resolves with undefined, and the newest one is what it was, when the life has ended or another
   * one than `before` is the newest.
   */
  write(
    revision: number,
    pieces: Iterable<string>,
    before: Snapshot | undefined,
    lease: Lease,
  ): Promise<Snapshot | undefined>;
  /** This node has applied all up to there. */
  report(revision: number, lease: Lease): Promise<void>;
  /**
   * Drops the log up to there. Resolves with false, and drops nothing, while a living node has not reported that it has
   * applied as much.
   */
  trim(snapshot: Snapshot): Promise<boolean>;
}

/** The name of an entry. */
export const entryKey = (life: string, count: number): string => `${life}-${count}`;

/**
 * One log for all nodes. Another engine can stand here once it has passed a test of partitions: an entry that was
 * appended is never lost, moved or doubled, whichever of its members is lost.
 */
export interface Log {
  /**
   * Appends the `count`th entry of a life, from 1, each after the outcome of the one before is known. Unless it was
   * appended already: a retry is safe, however late. `fenced`: the life of the node has ended, and the entry will never
   * be there; it is not there either, unless a snapshot covers it. Rejects when the outcome is unknown.
   */
  append(count: number, text: string, lease: Lease): Promise<'appended' | 'fenced'>;
  /** How long a lease lives after its last renewal. Milliseconds. */
  readonly leaseMs: number;
  join(node: string, life: string): Promise<Lease>;
  /**
   * Everything after a revision, one event after the other, until the signal aborts. It reconnects by itself. Resolves
   * also when what comes next was trimmed: a snapshot has it.
   */
  follow(after: number, onEvent: (event: LogEvent) => void, signal: AbortSignal): Promise<void>;
  /** The newest revision is that old or older: whoever has seen less asks elsewhere. */
  noteLag(): void;
  readonly snapshots: Snapshots;
  /** A snapshot is due after so many entries, or fewer long ones. */
  readonly snapshotAfter: number;
}
