import { setTimeout as sleep } from 'node:timers/promises';
import { newEpoch } from '../server/records.js';
import type { Lease, Log } from './log.js';

const RETRY_MS = 100;
const LEAVE_MS = 1_000;

export interface MembershipHost {
  node: string;
  log: Log;
  /** The node may not speak any more: every connection ends. */
  onLapsed(): void;
}

/**
 * The life of this node in the cluster. It may speak only while its lease is certain to hold: by its own clock, counted
 * from when the last successful renewal was sent. So a node that was frozen writes nothing when it goes on.
 */
export class Membership {
  readonly #host: MembershipHost;
  readonly #ended = new AbortController();
  /** Begins the name of each life of this process. */
  readonly #process: string;
  #lives = 0;
  #pause = new AbortController();
  #lease: Lease | undefined;
  #validUntil = 0;
  /** The life that the log told of last. It may tell of one before the engine has answered that it began. */
  #joined: string | undefined;

  constructor(host: MembershipHost) {
    this.#host = host;
    this.#process = `${host.node}-${newEpoch()}`;
  }

  get lease(): Lease | undefined {
    return this.#lease;
  }

  get mayWrite(): boolean {
    return this.#lease !== undefined && performance.now() < this.#validUntil;
  }

  /** Its own joining was applied: it knows all that was answered before. */
  get #hasCaughtUp(): boolean {
    return this.#lease !== undefined && this.#joined === this.#lease.life;
  }

  get isServing(): boolean {
    return this.#hasCaughtUp && this.mayWrite;
  }

  /** Whether that is a life of this process. */
  isOwn(life: string): boolean {
    return life.startsWith(`${this.#process}_`);
  }

  /** The log tells that a node began a life. */
  joined(node: string, life: string): void {
    if (node === this.#host.node) this.#joined = life;
  }

  /** The log, or the engine, says that this life has ended. */
  lapse(life: string): void {
    if (this.#lease?.life !== life) return;
    this.#lease = undefined;
    this.#host.onLapsed();
    this.#pause.abort();
  }

  /** Joins, renews, and begins a new life after each that lapsed, until `leave`. */
  async run(): Promise<void> {
    const { log } = this.#host;
    while (!this.#ended.signal.aborted) {
      if (this.#lease === undefined) await this.#join();
      else await this.#renew(this.#lease);
      const pauseMs = this.#lease === undefined ? RETRY_MS : log.leaseMs / 4;
      this.#pause = new AbortController();
      await sleep(pauseMs, undefined, { signal: this.#pause.signal }).catch(() => undefined);
    }
  }

  async #join(): Promise<void> {
    const { node, log } = this.#host;
    const sentAt = performance.now();
    try {
      this.#lives += 1;
      const lease = await log.join(node, `${this.#process}_${this.#lives}`);
      this.#validUntil = sentAt + log.leaseMs;
      this.#lease = lease;
    } catch {
      // The log cannot be reached now: upgrades are refused until it can.
    }
  }

  async #renew(lease: Lease): Promise<void> {
    const sentAt = performance.now();
    let holds = sentAt < this.#validUntil;
    try {
      holds &&= await lease.renew();
      if (holds) this.#validUntil = sentAt + this.#host.log.leaseMs;
    } catch {
      this.#host.log.noteLag();
      holds = this.mayWrite;
    }
    if (!holds) this.lapse(lease.life);
  }

  /** Gives the lease back, so that nobody waits for its end. */
  async leave(): Promise<void> {
    this.#ended.abort();
    this.#pause.abort();
    const lease = this.#lease;
    this.#lease = undefined;
    await Promise.race([lease?.leave().catch(() => undefined), sleep(LEAVE_MS, undefined, { ref: false })]);
  }
}
