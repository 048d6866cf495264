import type { Lease, Log, Snapshot } from './log.js';

/** Characters of entries that count as one more: a log of long ones is cut earlier. */
const LENGTH_OF_ONE = 10_000;
/** By a full piece the state is as long as by so many entries. A snapshot pays only where the log is as long as the state. */
const ENTRIES_OF_A_PIECE = 20;
/** Reports in the time of one snapshot. */
const REPORTS = 4;

export interface KeeperHost {
  log: Log;
  /** Of a node that serves. */
  lease(): Lease | undefined;
  /** One node writes the snapshots, the first one. Should two do so, one of them writes in vain. */
  isFirst(): boolean;
  /** The state after the entry that was applied last. */
  copy(): Iterable<string>;
}

/**
 * Keeps the log short: says how far this node is, and on the first node writes snapshots, and trims the log once each
 * living node is as far. What fails is done again after some more entries.
 */
export class Keeper {
  readonly #host: KeeperHost;
  #newest: Snapshot | undefined;
  #trimmed: Snapshot | undefined;
  #sinceSnapshot = 0;
  #sinceReport = 0;
  /** A snapshot that takes as long as the entries until the next one must not keep the log from being trimmed. */
  #owesReport = false;
  #isBusy = false;

  constructor(host: KeeperHost) {
    this.#host = host;
  }

  /** The state is that of this snapshot now. Undefined: it is empty. */
  loaded(snapshot: Snapshot | undefined): void {
    this.#newest = snapshot;
    this.#sinceSnapshot = 0;
    this.#sinceReport = 0;
  }

  /** To be called between two entries: all up to the revision has been applied, and nothing beyond. */
  applied(revision: number, length: number): void {
    const weight = 1 + length / LENGTH_OF_ONE;
    this.#sinceSnapshot += weight;
    this.#sinceReport += weight;
    const lease = this.#host.lease();
    if (this.#isBusy || lease === undefined) return;
    const mayReport = this.#sinceReport >= this.#host.log.snapshotAfter / REPORTS;
    if (this.#isDue(revision) && this.#host.isFirst() && !(this.#owesReport && mayReport)) {
      const before = this.#newest;
      const pieces = this.#host.copy();
      this.#sinceSnapshot = 0;
      this.#owesReport = true;
      void this.#do(() => this.#write(revision, pieces, before, lease));
    } else if (mayReport) {
      this.#sinceReport = 0;
      this.#owesReport = false;
      void this.#do(() => this.#report(revision, lease));
    }
  }

  #isDue(revision: number): boolean {
    // Whoever is behind may know of a newer one.
    return this.#sinceSnapshot >= this.#due && revision > (this.#newest?.revision ?? 0);
  }

  get #due(): number {
    return Math.max(this.#host.log.snapshotAfter, ((this.#newest?.pieces ?? 1) - 1) * ENTRIES_OF_A_PIECE);
  }

  async #do(work: () => Promise<void>): Promise<void> {
    this.#isBusy = true;
    await work().catch(() => undefined);
    this.#isBusy = false;
  }

  async #report(revision: number, lease: Lease): Promise<void> {
    const { snapshots } = this.#host.log;
    await snapshots.report(revision, lease);
    const newest = await snapshots.newest();
    if (newest === undefined) return;
    // Another node has written it.
    if (newest.name !== this.#newest?.name) this.#sinceSnapshot = 0;
    this.#newest = newest;
    if (!this.#host.isFirst() || newest.name === this.#trimmed?.name) return;
    if (await snapshots.trim(newest)) this.#trimmed = newest;
  }

  async #write(revision: number, pieces: Iterable<string>, before: Snapshot | undefined, lease: Lease): Promise<void> {
    // Unless it succeeds.
    let next = this.#due * (1 - 1 / REPORTS);
    try {
      const written = await this.#host.log.snapshots.write(revision, pieces, before, lease);
      if (written === undefined) return;
      this.#newest = written;
      next = 0;
    } finally {
      this.#sinceSnapshot += next;
    }
  }
}
