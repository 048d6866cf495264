import type { ErrorCode } from '../../../schemas/index.js';
import { answer, endForAll, refuse, tellExpired } from './answer.js';
import type { CorkGroup } from './cork.js';
import type { Counters } from './counters.js';
import { type Decider, decide } from './decide.js';
import { ExpiryClock } from './expiry-clock.js';
import type { Log } from './log.js';
import type { Outbox } from './outbox.js';
import { seqOf } from './records.js';
import type { Registry } from './registry.js';
import type { AckRequest, ExpireRequest, Outcome, Request } from './requests.js';
import type { Change, Store } from './store.js';
import type { UserCache } from './user-cache.js';
import { loadWorkingSet } from './working-set.js';

export interface CommitLoopHost {
  store: Store;
  registry: Registry;
  cache: UserCache;
  cork: CorkGroup;
  log: Log;
  epoch: string;
  wallClock(): number;
  /** Class `expiry`. */
  expires: boolean;
  /** Class `multi-device`. */
  multiDevice: boolean;
  /** Class `observable`. */
  counters: Counters | undefined;
  maxBodyBytes: number;
  maxInboxMessages: number;
  maxDevicesPerUser: number;
  maxPendingRequests: number;
  maxPendingBytes: number;
}

/** What a server submits its requests to: its own commits, or the log of a cluster. */
export interface Loop {
  /** To be called once, before anything else. */
  start(): Promise<void>;
  /** To be called at the end. */
  stop(): void;
  submit(request: Request): void;
  requestScan(outbox: Outbox): void;
  /** Resolves with the number of messages that were forgotten. */
  purge(before: number, limit: number): Promise<number>;
  /** Resolves when everything that was submitted is stored and answered. */
  drain(): Promise<void>;
}

/** Scans of one round: with many receivers that return at once, the others wait for the next rounds. */
const SCANS_PER_ROUND = 32;
const SCAN_RETRY_MS = 500;
/** Messages that expire in one round at most; the others follow in the next. */
const EXPIRE_LIMIT = 1_000;

/**
 * The heart of the server. One round takes all requests that came while the last round ran, looks up what they need,
 * decides, stores everything in one synced commit, and then answers. Rounds never overlap. So a look-up and the commit
 * that rests on it are one atomic step, pushing and marking exclude each other, and no two copies race.
 */
export class CommitLoop implements Loop {
  readonly #host: CommitLoopHost;
  #requests: Request[] = [];
  readonly #scans = new Set<Outbox>();
  #purge: { before: number; limit: number; done: (purged: number) => void } | undefined;
  #seq: number;
  #pendingBytes = 0;
  readonly #expiry: ExpiryClock;
  #running: Promise<void> | undefined;

  constructor(host: CommitLoopHost) {
    this.#host = host;
    this.#seq = host.store.lastSeq;
    this.#expiry = new ExpiryClock(host.wallClock, () => this.#wake());
  }

  /** To be called once, before anything else: ends what expired while the server was down, and tells nobody. */
  async start(): Promise<void> {
    const { store, wallClock } = this.#host;
    for (;;) {
      const due = await store.findDue(wallClock(), EXPIRE_LIMIT);
      if (due.length === 0) break;
      const request: ExpireRequest = { kind: 'expire', due };
      await this.#decideAndStore([request]);
    }
    this.#expiry.set(await store.nextExpiry());
    this.#host.counters?.begin(store.waiting);
  }

  /** To be called at the end. */
  stop(): void {
    this.#expiry.stop();
  }

  submit(request: Request): void {
    const { maxPendingRequests, maxPendingBytes } = this.#host;
    if (this.#requests.length >= maxPendingRequests || this.#pendingBytes >= maxPendingBytes) {
      this.#settle(request, () => this.#refuse(request, 'busy'));
      return;
    }
    this.#requests.push(request);
    if (request.kind === 'message') this.#pendingBytes += request.packet.body.length;
    if (request.kind === 'ack') holdBack(request);
    this.#wake();
  }

  requestScan(outbox: Outbox): void {
    this.#scans.add(outbox);
    this.#wake();
  }

  /** Forgets in a round of its own what was acked before that time. */
  purge(before: number, limit: number): Promise<number> {
    return new Promise((done) => {
      this.#purge = { before, limit, done };
      this.#wake();
    });
  }

  /** Resolves when everything that was submitted is stored and answered. */
  async drain(): Promise<void> {
    while (this.#running) await this.#running;
  }

  #wake(): void {
    this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    // One round of the event loop, so that what all sockets have to say goes into one commit.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#requests.length > 0 || this.#scans.size > 0 || this.#purge || this.#expiry.isDue()) {
      const requests = this.#requests;
      this.#requests = [];
      this.#pendingBytes = 0;
      await this.#runScans();
      await this.#addDue(requests);
      if (requests.length > 0) await this.#runRequests(requests);
      await this.#runPurge();
    }
    this.#running = undefined;
  }

  async #runScans(): Promise<void> {
    const outboxes = [...this.#scans].slice(0, SCANS_PER_ROUND);
    await Promise.all(
      outboxes.map(async (outbox) => {
        this.#scans.delete(outbox);
        const limit = outbox.wanted;
        if (limit === 0) return;
        try {
          outbox.load(await this.#host.store.scanInbox(outbox.user, outbox.device, outbox.cursor, limit), limit);
        } catch (error) {
          this.#host.log('error', 'scan-failed', { user: outbox.user, error });
          setTimeout(() => outbox.pump(), SCAN_RETRY_MS);
        }
      }),
    );
  }

  /** What has expired is decided first: an ack that comes now comes late. */
  async #addDue(requests: Request[]): Promise<void> {
    const { store, wallClock, log } = this.#host;
    if (!this.#expiry.isDue()) return;
    try {
      const due = await store.findDue(wallClock(), EXPIRE_LIMIT);
      if (due.length > 0) requests.unshift({ kind: 'expire', due });
      else this.#expiry.set(await store.nextExpiry());
    } catch (error) {
      log('error', 'expiry-failed', { error });
      this.#expiry.pause();
    }
  }

  async #decideAndStore(requests: readonly Request[]): Promise<ReturnType<typeof decide>> {
    const { store, cache } = this.#host;
    const workingSet = await loadWorkingSet(requests, store, cache, this.#host.maxInboxMessages);
    const decided = decide(requests, workingSet, this.#decider());
    if (decided.changes.length > 0) await store.commit(decided.changes);
    return decided;
  }

  async #runRequests(requests: readonly Request[]): Promise<void> {
    const { cache, cork, registry, log, wallClock } = this.#host;
    let decided: ReturnType<typeof decide>;
    try {
      decided = await this.#decideAndStore(requests);
    } catch (error) {
      if (requests[0]?.kind === 'expire') this.#expiry.pause();
      log('error', 'commit-failed', { requests: requests.length, error });
      cache.forgetInboxSizes();
      cork.gather(() => {
        for (const request of requests) this.#settle(request, () => this.#refuse(request, 'internal'));
      });
      return;
    }
    if (requests[0]?.kind === 'expire' && decided.expired.length === 0) this.#expiry.pause();
    this.#remember(decided.changes, decided.outcomes);
    const now = wallClock();
    cork.gather(() => {
      for (const expired of decided.expired) tellExpired(expired, registry);
      for (const outcome of decided.outcomes) this.#settle(outcome.request, () => answer(outcome, registry, now));
    });
  }

  /** What a commit that succeeded means for everything that is kept beside the store. */
  #remember(changes: readonly Change[], outcomes: readonly Outcome[]): void {
    const { cache, counters, wallClock } = this.#host;
    counters?.committed(changes, wallClock());
    for (const change of changes) {
      if (change.kind === 'accept') this.#expiry.notice(change.message.expiresAt);
    }
    for (const outcome of outcomes) {
      if (outcome.kind === 'user') cache.setUser(outcome.request.user, outcome.devices);
    }
  }

  #decider(): Decider {
    const { cache, maxBodyBytes, maxInboxMessages, maxDevicesPerUser, expires, multiDevice, epoch } = this.#host;
    const nextSeq = (): number => {
      this.#seq += 1;
      return this.#seq;
    };
    return {
      cache,
      maxBodyBytes,
      maxInboxMessages,
      maxDevicesPerUser,
      expires,
      multiDevice,
      epoch,
      now: this.#host.wallClock(),
      nextSeq,
    };
  }

  #settle(request: Request, tell: () => void): void {
    tell();
    if (request.kind === 'message' || request.kind === 'ack') request.connection.settleRequest(request.packet);
  }

  #refuse(request: Request, code: ErrorCode): void {
    refuse(request, code);
    if (request.kind === 'ack') release(request);
  }

  async #runPurge(): Promise<void> {
    const purge = this.#purge;
    if (!purge) return;
    this.#purge = undefined;
    try {
      const { count, ended } = await this.#host.store.purge(purge.before, purge.limit);
      for (const { user, seq } of ended) endForAll(this.#host.registry, user, seq);
      purge.done(count);
    } catch (error) {
      this.#host.log('error', 'purge-failed', { error });
      purge.done(0);
    }
  }
}

const flightOf = ({ connection, packet }: AckRequest): number | undefined => {
  const seq = seqOf(packet.serverMsgId);
  if (seq === undefined) return undefined;
  return connection.outbox.has(seq, packet.serverMsgId) ? seq : undefined;
};

/** While an ack is being stored, nothing pushes its message. */
export const holdBack = (request: AckRequest): void => {
  const seq = flightOf(request);
  if (seq !== undefined) request.connection.outbox.apply(seq, 'ack');
};

const release = (request: AckRequest): void => {
  const seq = flightOf(request);
  if (seq !== undefined) request.connection.outbox.apply(seq, 'ack-failed');
};
