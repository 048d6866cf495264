import { setTimeout as sleep } from 'node:timers/promises';
import { CLOSE } from '../../../schemas/wire.js';
import type { Identity } from '../../protocol/index.js';
import { answer, endForAll, refuse, tellExpired, tellSender } from '../server/answer.js';
import { type CommitLoopHost, holdBack, type Loop } from '../server/commit-loop.js';
import type { Connection } from '../server/connection.js';
import { type Decider, decide } from '../server/decide.js';
import { ExpiryClock } from '../server/expiry-clock.js';
import type { MemoryStore } from '../server/memory-store.js';
import type { Outbox } from '../server/outbox.js';
import { isOver } from '../server/records.js';
import type { Request } from '../server/requests.js';
import { loadWorkingSet } from '../server/working-set.js';
import { Appender, type Proposal } from './appender.js';
import { ClusterCounts } from './cluster-counts.js';
import { requestOf, settle } from './cluster-requests.js';
import { type Command, readEntry } from './commands.js';
import { Keeper } from './keeper.js';
import type { Log, LogEvent } from './log.js';
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

const EXPIRE_LIMIT = 1_000;
/** Nodes propose what has expired one after another, so that mostly one does. */
const EXPIRE_TURN_MS = 150;
const DRAIN_LOOK_MS = 10;
const DRAIN_BOUND_MS = 3_000;

const LOAD_AGAIN_MS = 100;

/** Something that must happen in the order of the log. */
type Happening = LogEvent | { kind: 'missed'; onLoaded: () => void };

/**
 * Takes the place of the commit loop in a node of a cluster: requests become entries of the log, and every node applies
 * every entry, in its order, with the decisions of the single server. What is decided is the same everywhere; each node
 * tells its own connections of it.
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
  readonly #events: Happening[] = [];
  readonly #scans = new Set<Outbox>();
  readonly #places = new Places();
  #seq = 0;
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
    if (event.kind === 'entry') {
      await this.#applyEntry(event.key, event.text);
    } else if (event.kind === 'joined') {
      this.#presence.joined(event.node, event.life);
      this.#membership.joined(event.node, event.life);
    } else if (event.kind === 'left') {
      this.#presence.left(event.node);
      const { lease } = this.#membership;
      if (event.node === this.#host.node && lease && !this.#presence.isAlive(lease.life) && this.isServing) {
        this.#membership.lapse(lease.life);
      }
    }
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
    this.#seq = store.lastSeq;
    this.#keeper.loaded(snapshot);
    this.#expiry.set(await store.nextExpiry());
    this.#counts.stand(store.waiting);
    // It may have joined before the snapshot was taken.
    const life = this.#presence.lifeOf(node);
    if (life !== undefined) this.#membership.joined(node, life);
  }

  async #applyEntry(key: string, text: string): Promise<void> {
    const { store, cache, cork, maxInboxMessages } = this.#host;
    const { life, at, commands } = readEntry(text);
    const own = this.#appender.take(key);
    // The engine has no time of its own: that of the nodes counts, and never goes back.
    this.#state.now = Math.max(this.#state.now, at);
    const due = commands.some(([kind]) => kind === 'x') ? await store.findDue(this.#state.now, EXPIRE_LIMIT) : [];
    const requests = commands.map((command, index) => requestOf(command, own?.[index], due, this.#host.multiDevice));
    const asked = requests.filter((request) => request !== undefined);
    const workingSet = await loadWorkingSet(asked, store, cache, maxInboxMessages);
    const { outcomes, changes, expired } = decide(asked, workingSet, this.#decider(life));
    if (changes.length > 0) await store.commit(changes);
    this.#counts.committed(changes, this.#state.now, life, this.#membership.isOwn(life));
    for (const outcome of outcomes) if (outcome.kind === 'user') cache.setUser(outcome.request.user, outcome.devices);
    if (asked.length > 0) this.#expiry.set(await store.nextExpiry());
    for (const command of commands) {
      if (command[0] === 's') await this.#tell(command[1], command[2]);
      else if (command[0] === 'p') await this.#forget(command[1], this.#membership.isOwn(life));
    }
    cork.gather(() => {
      for (const one of expired) tellExpired(one, this.#host.registry);
      let next = 0;
      for (const [index, command] of commands.entries()) {
        const outcome = requests[index] === undefined ? undefined : outcomes[next++];
        if (command[0] === 'g') this.#presence.leave(command[1], command[2], command[3]);
        if (!outcome) continue;
        if (command[0] === 'c' && outcome.kind === 'user' && outcome.registration === 'stored') {
          this.#enter(life, command, own?.[index]);
        }
        answer(outcome, this.#view, this.#state.now);
        settle(own?.[index]);
      }
    });
  }

  /** What the answers ask: who is connected is known of all nodes, and packets go to the connections of this one. */
  readonly #view = {
    isConnected: (user: string) => this.#presence.isConnected(user),
    connectionsOf: (user: string) => this.#host.registry.connectionsOf(user),
    onWaiting: (message: { from: string; to: string; msgId: string }) => {
      // Also when its connection has just ended, and the log does not say so yet.
      if (this.#presence.isIn(message.to, this.#membership.lease?.life)) this.tellStored(message);
    },
  };

  #decider(life: string): Decider {
    const { cache, maxBodyBytes, maxInboxMessages, maxDevicesPerUser, expires, multiDevice } = this.#host;
    const nextSeq = (): number => {
      this.#seq += 1;
      return this.#seq;
    };
    const limits = { maxBodyBytes, maxInboxMessages, maxDevicesPerUser };
    return { cache, ...limits, expires, multiDevice, now: this.#state.now, epoch: life.replace('-', ''), nextSeq };
  }

  /** A device has connected, here or elsewhere: the connection that it had before is replaced. */
  #enter(life: string, [, user, device, place]: Command & { 0: 'c' }, own: Proposal | undefined): void {
    if (!this.#presence.isAlive(life)) return;
    const before = this.#presence.connect(user, device, { place, life });
    if (before !== undefined) this.#places.replace(before);
    if (life !== this.#membership.lease?.life) return;
    if (own && !own.givenUp) this.#places.claim({ user, device }, place);
    else this.#appender.propose(['g', user, device, place]);
  }

  async #tell(from: string, msgId: string): Promise<void> {
    const [dedup] = await this.#host.store.findDedup([{ from, msgId }]);
    if (!dedup || dedup.deliveredAt !== undefined || isOver(dedup, this.#state.now)) return;
    const { serverMsgId, to, acceptedAt } = dedup;
    tellSender(this.#host.registry, { from, msgId, serverMsgId, to }, 'stored', acceptedAt);
  }

  /** Until nothing is left: whoever has asked for it asks again. */
  async #forget(before: number, isOwn: boolean): Promise<void> {
    const { store, registry, dedupWindowMs } = this.#host;
    const { count, ended } = await store.purge(Math.min(before, this.#state.now - dedupWindowMs), EXPIRE_LIMIT);
    for (const { user, seq } of ended) endForAll(registry, user, seq);
    if (count === EXPIRE_LIMIT && isOwn && this.isServing) this.#appender.propose(['p', before]);
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
