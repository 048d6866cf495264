import type { Counters } from '../server/counters.js';
import type { Change } from '../server/store.js';
import type { Presence } from './presence.js';

export type AddedRow = ['added', process: string, added: number];

/** A process of a node keeps what it has counted over all its lives: they begin alike. */
const processOf = (life: string): string => life.slice(0, life.lastIndexOf('_'));

/**
 * What the metrics of a cluster count (section 4.2.9): each change on the node that said it. What waits stands on the
 * first living node, and what nobody who lives has counted stands there as recovered; so the pages of all add up.
 */
export class ClusterCounts {
  readonly #counters: Counters | undefined;
  readonly #presence: Presence;
  readonly #node: string;
  /** What each process has added to the messages that wait. */
  readonly #added = new Map<string, number>();

  constructor(counters: Counters | undefined, presence: Presence, node: string) {
    this.#counters = counters;
    this.#presence = presence;
    this.#node = node;
  }

  /** Changes that an entry of that life has made; `isOwn`: of this process. */
  committed(changes: readonly Change[], now: number, life: string, isOwn: boolean): void {
    if (isOwn) this.#counters?.committed(changes, now);
    let added = 0;
    for (const change of changes) {
      if (change.kind === 'accept') added += 1;
      else if (change.kind === 'ack' || (change.kind === 'expire' && change.missing === undefined)) added -= 1;
    }
    if (added !== 0) this.#added.set(processOf(life), (this.#added.get(processOf(life)) ?? 0) + added);
  }

  copy(): AddedRow[] {
    return [...this.#added].map(([process, added]) => ['added', process, added]);
  }

  restore(process: string, added: number): void {
    this.#added.set(process, added);
  }

  clear(): void {
    this.#added.clear();
  }

  /** After each change of the state, or of who lives. */
  stand(waiting: number): void {
    if (this.#counters === undefined) return;
    const processes = new Set(this.#presence.lives.map(processOf));
    let known = 0;
    for (const [process, added] of this.#added) if (processes.has(process)) known += added;
    const isFirst = this.#presence.rankOf(this.#node) === 0;
    this.#counters.stand(isFirst ? waiting : 0, isFirst ? waiting - known : 0);
  }
}
