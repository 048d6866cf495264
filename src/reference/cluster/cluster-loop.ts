import { setTimeout as sleep } from 'node:timers/promises';
import { CLOSE } from '../../../schemas/wire.js';
import type { Identity } from '../../protocol/index.js';
import { refuse } from '../server/answer.js';
import { type CommitLoopHost, holdBack, type Loop } from '../server/commit-loop.js';
import type { Connection } from '../server/connection.js';
import { ExpiryClock } from '../server/expiry-clock.js';
import type { MemoryStore } from '../server/memory-store.js';
import type { Outbox } from '../server/outbox.js';
import type { Request } from '../server/requests.js';
import { Appender } from './appender.js';
import { ClusterCounts } from './cluster-counts.js';
import { settle } from './cluster-requests.js';
import { Keeper } from './keeper.js';
import type { Log, LogEvent } from './log.js';
import { LogApplier } from './log-applier.js';
import { Membership } from './membership.js';
import { Places } from './places.js';
import { Presence } from './presence.js';
import { ClusterState } from './state.js';

export interface ClusterHost extends Omit<CommitLoopHost, 'epoch'> {
  store: MemoryStore;
  logOfAll: Log;
  node: string;
  answerWithinMs: number;
  dedupWindowMs: number;
}

/** Nodes propose what has expired one after another, so that mostly one does. */
const EXPIRE_TURN_MS = 150;
const DRAIN_LOOK_MS = 10;
const DRAIN_BOUND_MS = 3_000;

const LOAD_AGAIN_MS = 100;

/** Something that must happen in the order of the log. */
type Happening = LogEvent | { kind: 'missed'; onLoaded: () => void };

/**
 * Takes the place of the commit loop in a node of a cluster: requests become entries of the log, and every node applies
 * every entry, in its order (`LogApplier`).
 */
export class ClusterLoop implements Loop {
  readonly #host: ClusterHost;
  readonly #presence = new Presence();
  readonly #membership: Membership;
  readonly #counts: ClusterCounts;
  readonly #state: ClusterState;
  readonly #keeper: Keeper;
  readonly #appender: Appender;
  readonly #following = new AbortController();
  readonly #expiry: ExpiryClock;
  readonly #applier: LogApplier;
  readonly #events: Happening[] = [];
  readonly #scans = new Set<Outbox>();
  readonly #places = new Places();
  /** Of the last event that was applied. */
  #revision = 0;
  #running: Promise<void> | undefined;

  constructor(host: ClusterHost) {
    this.#host = host;
    const { logOfAll: log, node, answerWithinMs, wallClock } = host;
    this.#membership = new Membership({ node, log, onLapsed: () => this.#onLapsed() });
    const { counters } = host;
    this.#counts = new ClusterCounts(counters, this.#presence, node);
    this.#state = new ClusterState(host.store, this.#presence, this.#counts);
    this.#keeper = new Keeper({
      log,
      lease: () => (this.isServing ? this.#membership.lease : undefined),
      isFirst: () => this.#presence.rankOf(node) === 0,
      copy: () => this.#state.copy(),
    });
    if (counters) counters.countsStoredOf = (user) => this.#presence.firstLifeOf(user) === this.#membership.lease?.life;
    this.#appender = new Appender({
      log,
      answerWithinMs,
      wallClock,
      lease: () => this.#membership.lease,
      refuse: (request) => this.#refuse(request),
      abandon: (request) => this.#abandon(request),
      onFenced: ({ life }) => this.#membership.lapse(life),
    });
    this.#expiry = new ExpiryClock(wallClock, () => this.#proposeExpiry());
    this.#applier = new LogApplier({
      host,
      state: this.#state,
      membership: this.#membership,
      appender: this.#appender,
      places: this.#places,
      expiry: this.#expiry,
      tellStored: (message) => this.tellStored(message),
    });
  }

  get mayWrite(): boolean {
    return this.#membership.mayWrite;
  }

  get isServing(): boolean {
    return this.#membership.isServing;
  }

  /** Resolves at once: until the node has caught up, upgrades are refused. */
  async start(): Promise<void> {
    void this.#follow();
    void this.#membership.run();
  }

  /** Takes the newest snapshot and goes on from there, at first and whenever the log does not have what comes next. */
  async #follow(): Promise<void> {
    const { signal } = this.#following;
    while (!signal.aborted) {
      await new Promise<void>((onLoaded) => this.#onEvent({ kind: 'missed', onLoaded }));
      if (signal.aborted) return;
      await this.#host.logOfAll.follow(this.#revision, (event) => this.#onEvent(event), signal);
      await sleep(LOAD_AGAIN_MS, undefined, { ref: false });
    }
  }

  stop(): void {
    this.#expiry.stop();
    this.#appender.stop();
    this.#following.abort();
  }

  leave(): Promise<void> {
    return this.#membership.leave();
  }

  submit(request: Request): void {
    if (!this.isServing || this.#appender.waiting >= this.#host.maxPendingRequests) {
      this.#refuse(request);
      return;
    }
    if (request.kind === 'message') {
      const { connection, packet } = request;
      this.#appender.propose(['m', connection.user, connection.device, packet], request);
    } else if (request.kind === 'ack') {
      const { connection, packet } = request;
      holdBack(request);
      this.#appender.propose(['a', connection.user, connection.device, packet], request);
    } else if (request.kind === 'user') {
      const place = this.#places.next(this.#membership.lease?.life);
      this.#appender.propose(['c', request.user, request.device, place], request);
    }
  }

  requestScan(outbox: Outbox): void {
    this.#scans.add(outbox);
    this.#wake();
  }

  /** The log decides what is forgotten, so that a copy is known on all nodes or on none. */
  async purge(before: number): Promise<number> {
    if (this.isServing) this.#appender.propose(['p', before]);
    return 0;
  }

  async drain(): Promise<void> {
    const until = performance.now() + DRAIN_BOUND_MS;
    while (this.mayWrite && performance.now() < until && !(this.#appender.isIdle && this.#running === undefined)) {
      await new Promise((resolve) => setTimeout(resolve, DRAIN_LOOK_MS));
    }
  }

  /** The sender of that message must hear `stored`, wherever it is, unless something newer is true by then. */
  tellStored({ from, msgId }: { from: string; msgId: string }): void {
    if (this.isServing) this.#appender.propose(['s', from, msgId]);
  }

  /** A connection that the log has let in is open. */
  opened(connection: Connection): void {
    const place = this.#places.open(connection);
    if (place === undefined) return;
    if (this.#presence.placeOf(connection.user, connection.device) !== place) this.#places.replace(place);
  }

  ended(connection: Connection): void {
    this.#giveBack(connection, this.#places.end(connection));
  }

  /** It was let in, and has gone before it opened. */
  unclaim(identity: Identity): void {
    this.#giveBack(identity, this.#places.unclaim(identity));
  }

  #giveBack({ user, device }: Identity, place: string | undefined): void {
    if (place !== undefined && this.isServing) this.#appender.propose(['g', user, device, place]);
  }

  #onEvent(event: Happening): void {
    this.#events.push(event);
    this.#wake();
  }

  #wake(): void {
    this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#events.length > 0 || this.#scans.size > 0) {
      for (const outbox of [...this.#scans]) await this.#scan(outbox);
      for (const event of this.#events.splice(0)) await this.#apply(event);
    }
    this.#running = undefined;
  }

  async #scan(outbox: Outbox): Promise<void> {
    this.#scans.delete(outbox);
    const limit = outbox.wanted;
    if (limit === 0) return;
    outbox.load(await this.#host.store.scanInbox(outbox.user, outbox.device, outbox.cursor, limit), limit);
  }

  async #apply(event: Happening): Promise<void> {
    if (event.kind === 'missed') {
      await this.#load();
      event.onLoaded();
      return;
    }
    // Told late: the snapshot has it.
    if (event.revision <= this.#revision) return;
    await this.#applier.apply(event);
    this.#counts.stand(this.#host.store.waiting);
    this.#revision = event.revision;
    this.#keeper.applied(event.revision, event.kind === 'entry' ? event.text.length : 0);
  }

  /**
   * A snapshot takes the place of what was applied. Whoever was told something by this life of the node must not be told
   * more: what happened meanwhile was missed.
   */
  async #load(): Promise<void> {
    const { lease } = this.#membership;
    if (this.#revision > 0 && lease) this.#membership.lapse(lease.life);
    this.#appender.forgetSent();
    while (!this.#following.signal.aborted) {
      try {
        await this.#loadNewest();
        return;
      } catch {
        // The log cannot be reached now, or there is a newer snapshot.
        await sleep(LOAD_AGAIN_MS);
      }
    }
  }

  async #loadNewest(): Promise<void> {
    const { logOfAll: log, store, cache, node } = this.#host;
    cache.clear();
    const snapshot = await this.#state.load(log.snapshots);
    this.#revision = snapshot?.revision ?? 0;
    this.#applier.loaded();
    this.#keeper.loaded(snapshot);
    this.#expiry.set(await store.nextExpiry());
    this.#counts.stand(store.waiting);
    // It may have joined before the snapshot was taken.
    const life = this.#presence.lifeOf(node);
    if (life !== undefined) this.#membership.joined(node, life);
  }

  #proposeExpiry(): void {
    const turn = this.#presence.rankOf(this.#host.node);
    setTimeout(() => {
      if (!this.#expiry.isDue()) return;
      if (this.isServing) this.#appender.propose(['x']);
      this.#expiry.pause();
    }, turn * EXPIRE_TURN_MS);
  }

  #onLapsed(): void {
    for (const connection of [...this.#host.registry.all()])
      connection.close(CLOSE.goingAway, 'the node lost its lease');
    this.#places.clear();
    this.#appender.drop();
  }

  #refuse(request: Request): void {
    if (request.kind === 'expire') return;
    refuse(request, 'busy');
    settle({ request });
  }

  #abandon(request: Request): void {
    if (request.kind === 'user') request.done('failed');
    else if (request.kind !== 'expire') request.connection.close?.(CLOSE.goingAway, 'the outcome is unknown');
    settle({ request });
  }
}
