import type { MemoryStore, StoreRow } from '../server/memory-store.js';
import type { AddedRow, ClusterCounts } from './cluster-counts.js';
import type { Snapshot, Snapshots } from './log.js';
import type { Presence, PresenceRow } from './presence.js';

/** Characters of one piece: a row more, all of three bytes, is still less than the 1.5 MB that etcd takes. */
const PIECE_LENGTH = 200_000;

type Row = StoreRow | PresenceRow | AddedRow | ['now', at: number];

/** What every node has that has applied as much of the log. */
export class ClusterState {
  readonly store: MemoryStore;
  readonly presence: Presence;
  readonly counts: ClusterCounts;
  /** The time of the last entry, by the clock of the node that wrote it. It never goes back. */
  now = 0;

  constructor(store: MemoryStore, presence: Presence, counts: ClusterCounts) {
    this.store = store;
    this.presence = presence;
    this.counts = counts;
  }

  /** The state as it is now, as texts that are made when they are asked for. Only between two entries. */
  copy(): Iterable<string> {
    const head: Row[] = [['now', this.now], ...this.presence.copy(), ...this.counts.copy()];
    const records = this.store.copy();
    return {
      *[Symbol.iterator]() {
        let lines: string[] = [];
        let length = 0;
        for (const rows of [head, records]) {
          for (const row of rows) {
            const line = JSON.stringify(row);
            lines.push(line);
            length += line.length;
            if (length < PIECE_LENGTH) continue;
            yield lines.join('\n');
            lines = [];
            length = 0;
          }
        }
        if (lines.length > 0) yield lines.join('\n');
      },
    };
  }

  /** Becomes that of the newest snapshot, or empty where there is none. What was begun and rejects is to be done again. */
  async load(snapshots: Snapshots): Promise<Snapshot | undefined> {
    const newest = await snapshots.newest();
    this.#clear();
    for (let index = 0; newest && index < newest.pieces; index += 1) {
      this.#restore(await snapshots.read(newest, index));
    }
    return newest;
  }

  /** One piece of a copy, into a state that is empty but for the pieces before it. */
  #restore(piece: string): void {
    for (const line of piece.split('\n')) {
      const row = JSON.parse(line) as Row;
      if (row[0] === 'now') this.now = row[1];
      else if (row[0] === 'added') this.counts.restore(row[1], row[2]);
      else if (row[0] === 'life' || row[0] === 'seat') this.presence.restore(row);
      else this.store.restore(row);
    }
  }

  #clear(): void {
    this.now = 0;
    this.store.clear();
    this.presence.clear();
    this.counts.clear();
  }
}
