import type { ErrorCode } from '../../schemas/index.js';
import { answer, refuse } from './answer.js';
import type { CorkGroup } from './cork.js';
import { type Decider, decide } from './decide.js';
import type { Known } from './known.js';
import type { Log } from './log.js';
import { lookUp } from './look-up.js';
import type { Outbox } from './outbox.js';
import { seqOf } from './records.js';
import type { Registry } from './registry.js';
import type { AckRequest, Outcome, Request } from './requests.js';
import type { Store } from './store.js';

export interface TurnsHost {
  store: Store;
  registry: Registry;
  known: Known;
  cork: CorkGroup;
  log: Log;
  epoch: string;
  wallClock(): number;
  maxBodyBytes: number;
  maxInboxMessages: number;
  maxPendingRequests: number;
}

/** Scans of one turn: with many receivers that return at once, the others wait for the next turns. */
const SCANS_PER_TURN = 32;
const SCAN_RETRY_MS = 500;

/**
 * The heart of the server. One turn takes all requests that came while the last turn ran, looks up what they need,
 * decides, stores everything in one synced commit, and then answers. Turns never overlap. So a look-up and the commit
 * that rests on it are one atomic step, pushing and marking exclude each other, and no two copies race.
 */
export class Turns {
  readonly #host: TurnsHost;
  #requests: Request[] = [];
  readonly #scans = new Set<Outbox>();
  #purge: { before: number; limit: number; done: (purged: number) => void } | undefined;
  #seq: number;
  #running: Promise<void> | undefined;

  constructor(host: TurnsHost) {
    this.#host = host;
    this.#seq = host.store.lastSeq;
  }

  submit(request: Request): void {
    if (this.#requests.length >= this.#host.maxPendingRequests) {
      this.#settle(request, () => this.#refuse(request, 'busy'));
      return;
    }
    this.#requests.push(request);
    if (request.kind === 'ack') holdBack(request);
    this.#wake();
  }

  requestScan(outbox: Outbox): void {
    this.#scans.add(outbox);
    this.#wake();
  }

  /** Forgets in a turn of its own what was acked before that time. */
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
    while (this.#requests.length > 0 || this.#scans.size > 0 || this.#purge) {
      const requests = this.#requests;
      this.#requests = [];
      await this.#runScans();
      if (requests.length > 0) await this.#runRequests(requests);
      await this.#runPurge();
    }
    this.#running = undefined;
  }

  async #runScans(): Promise<void> {
    const outboxes = [...this.#scans].slice(0, SCANS_PER_TURN);
    await Promise.all(
      outboxes.map(async (outbox) => {
        this.#scans.delete(outbox);
        const limit = outbox.room;
        if (limit === 0) return;
        try {
          outbox.load(await this.#host.store.scanInbox(outbox.user, outbox.cursor, limit), limit);
        } catch (error) {
          this.#host.log('error', 'scan-failed', { user: outbox.user, error });
          setTimeout(() => outbox.pump(), SCAN_RETRY_MS);
        }
      }),
    );
  }

  async #runRequests(requests: readonly Request[]): Promise<void> {
    const { store, known, cork, registry, log } = this.#host;
    let outcomes: Outcome[];
    try {
      const findings = await lookUp(requests, store, known, this.#host.maxInboxMessages);
      const decided = decide(requests, findings, this.#decider());
      outcomes = decided.outcomes;
      if (decided.changes.length > 0) await store.commit(decided.changes);
    } catch (error) {
      log('error', 'commit-failed', { requests: requests.length, error });
      known.forgetInboxSizes();
      cork.gather(() => {
        for (const request of requests) this.#settle(request, () => this.#refuse(request, 'internal'));
      });
      return;
    }
    cork.gather(() => {
      for (const outcome of outcomes) this.#settle(outcome.request, () => answer(outcome, registry));
    });
  }

  #decider(): Decider {
    const { known, maxBodyBytes, maxInboxMessages, epoch, wallClock } = this.#host;
    const nextSeq = (): number => {
      this.#seq += 1;
      return this.#seq;
    };
    return { known, maxBodyBytes, maxInboxMessages, epoch, now: wallClock(), nextSeq };
  }

  #settle(request: Request, tell: () => void): void {
    tell();
    if (request.kind !== 'user') request.connection.settleRequest();
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
      purge.done(await this.#host.store.purge(purge.before, purge.limit));
    } catch (error) {
      this.#host.log('error', 'purge-failed', { error });
      purge.done(0);
    }
  }
}

const flightOf = ({ connection, packet }: AckRequest): number | undefined => {
  const seq = seqOf(packet.serverMsgId);
  if (seq === undefined) return undefined;
  return connection.outbox.find(seq)?.serverMsgId === packet.serverMsgId ? seq : undefined;
};

/** While an ack is being stored, nothing pushes its message. */
const holdBack = (request: AckRequest): void => {
  const seq = flightOf(request);
  if (seq !== undefined) request.connection.outbox.apply(seq, 'ack');
};

const release = (request: AckRequest): void => {
  const seq = flightOf(request);
  if (seq !== undefined) request.connection.outbox.apply(seq, 'ack-failed');
};
