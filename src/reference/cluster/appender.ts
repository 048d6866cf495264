import { setTimeout as sleep } from 'node:timers/promises';
import type { Request } from '../server/requests.js';
import { type Command, writeEntry } from './commands.js';
import { entryKey, type Lease, type Log } from './log.js';

/** Something to be put into the log. `request`: who waits for what comes of it. */
export interface Proposal {
  readonly command: Command;
  readonly request: Request | undefined;
  readonly since: number;
  /** Whoever waited for it has been told otherwise. */
  givenUp?: true;
}

/** Characters of one entry: etcd takes requests of 1.5 MB, and base64 adds a third. */
const MAX_ENTRY_LENGTH = 400_000;
const RETRY_MS = 50;
const LOOK_MS = 50;

export interface AppenderHost {
  log: Log;
  answerWithinMs: number;
  wallClock(): number;
  lease(): Lease | undefined;
  /** It was never sent: the sender may try again. */
  refuse(request: Request): void;
  /** It was sent, and nobody knows what came of it: its connection ends. */
  abandon(request: Request): void;
  onFenced(lease: Lease): void;
}

const sizeOf = ({ command }: Proposal): number =>
  100 + (command[0] === 'm' && typeof command[3] === 'object' ? JSON.stringify(command[3]).length : 0);

/**
 * Puts what this node has to say into the log: one entry after another, each with all that came meanwhile, so that what a
 * connection sent keeps its order. An entry whose outcome is unknown is tried again under the same count until it is known.
 */
export class Appender {
  readonly #host: AppenderHost;
  #queue: Proposal[] = [];
  /** Sent, and not seen in the log yet. */
  readonly #sent = new Map<string, readonly Proposal[]>();
  #life = '';
  /** Entries of this life. */
  #count = 0;
  #running = false;
  #stopped = false;
  readonly #timer: NodeJS.Timeout;

  constructor(host: AppenderHost) {
    this.#host = host;
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
  }

  /** What waits to be sent. */
  get waiting(): number {
    return this.#queue.length;
  }

  get isIdle(): boolean {
    return this.#queue.length === 0 && this.#sent.size === 0;
  }

  propose(command: Command, request?: Request): void {
    this.#queue.push({ command, request, since: performance.now() });
    this.wake();
  }

  /** What this node said in an entry, once it is seen in the log. Undefined: another node said it. */
  take(key: string): readonly Proposal[] | undefined {
    const proposals = this.#sent.get(key);
    this.#sent.delete(key);
    return proposals;
  }

  /** The life of the node has ended: what was not sent never will be. */
  drop(): void {
    for (const { request } of this.#queue.splice(0)) if (request) this.#host.refuse(request);
  }

  /** What was sent may never be seen: a snapshot covers it. */
  forgetSent(): void {
    for (const batch of this.#sent.values()) for (const proposal of batch) this.#giveUp(proposal);
    this.#sent.clear();
  }

  stop(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
  }

  wake(): void {
    if (this.#running) return;
    this.#running = true;
    setImmediate(() => void this.#run());
  }

  async #run(): Promise<void> {
    for (let lease = this.#host.lease(); lease && this.#queue.length > 0; lease = this.#host.lease()) {
      await this.#append(lease, this.#nextBatch());
    }
    this.#running = false;
  }

  #nextBatch(): Proposal[] {
    let length = 0;
    const end = this.#queue.findIndex((proposal, index) => {
      length += sizeOf(proposal);
      return index > 0 && length > MAX_ENTRY_LENGTH;
    });
    return this.#queue.splice(0, end < 0 ? this.#queue.length : end);
  }

  async #append(lease: Lease, batch: readonly Proposal[]): Promise<void> {
    const { log, wallClock, onFenced } = this.#host;
    if (this.#life !== lease.life) this.#count = 0;
    this.#life = lease.life;
    this.#count += 1;
    const key = entryKey(lease.life, this.#count);
    this.#sent.set(key, batch);
    const text = writeEntry({ life: lease.life, at: wallClock(), commands: batch.map(({ command }) => command) });
    while (!this.#stopped) {
      try {
        const outcome = await log.append(this.#count, text, lease);
        if (outcome === 'appended') return;
        this.#sent.delete(key);
        for (const proposal of batch) this.#giveUp(proposal);
        onFenced(lease);
        return;
      } catch {
        await sleep(RETRY_MS);
      }
    }
  }

  #giveUp(proposal: Proposal): void {
    if (proposal.givenUp || !proposal.request) return;
    proposal.givenUp = true;
    this.#host.abandon(proposal.request);
  }

  /** `busy` only for what was never sent; the connection of what was sent ends, and is never told `rejected`. */
  #look(): void {
    const { answerWithinMs, log } = this.#host;
    const now = performance.now();
    const isLate = ({ since }: Proposal): boolean => now - since > 0.8 * answerWithinMs;
    if (this.#queue.some(isLate)) {
      const late = this.#queue.filter((proposal) => proposal.request && isLate(proposal));
      this.#queue = this.#queue.filter((proposal) => !late.includes(proposal));
      for (const { request } of late) if (request) this.#host.refuse(request);
    }
    for (const batch of this.#sent.values()) {
      if (!batch.some(isLate)) continue;
      log.noteLag();
      for (const proposal of batch) if (isLate(proposal)) this.#giveUp(proposal);
    }
  }
}
