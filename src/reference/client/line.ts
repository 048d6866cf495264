import { lookEveryMs, wasStalled } from '../../protocol/liveness.js';
import { jittered, type Moment, type Outlet } from './outlet.js';
import type { ClientTimers, ConnectionState } from './types.js';

/** How a connection or an attempt ended: a close code, an HTTP status in place of the upgrade, or neither. */
export interface LineEnd {
  readonly code?: number;
  readonly status?: number;
  /** From the header Retry-After. */
  readonly retryAfterMs?: number;
}

/** After these it makes no sense to come back soon: the token, or what this client sends, is wrong. */
const SLOW_CODES: ReadonlySet<number> = new Set([1002, 1003, 1007, 1008, 1009, 4400]);
const SLOW_STATUSES: ReadonlySet<number> = new Set([401, 403]);
const REPLACED = 4409;

export interface LineOptions {
  readonly outlet: Outlet;
  readonly timers: ClientTimers;
  /** Browsers cannot ping: there a silent server is noticed only while a request is unanswered. */
  readonly canPing: boolean;
  /** Called when the connection is up, and when it is gone. */
  readonly onOpened: (connection: number, moment: Moment) => void;
  readonly onEnded: (moment: Moment) => void;
}

/** The one connection of a client: when to dial, when to wait, when to take the server for dead (section 1). */
export class Line {
  readonly #options: LineOptions;
  state: ConnectionState = 'waiting';
  /** Number of the current connection or attempt; what an older one says is ignored. */
  connection = 0;
  #attempts = 0;
  #startedAt = 0;
  #dialAt: number | undefined;
  #notBefore = 0;
  #lookedAt = 0;
  #pingedAt = 0;
  #seenAt = 0;
  /** Since when a request waits for an answer. */
  #waitingSince: number | undefined;
  /** When the server got its time anew because this process stood still; nothing has come since. */
  #graceAt: number | undefined;

  constructor(options: LineOptions) {
    this.#options = options;
  }

  get wakeAt(): number {
    if (this.state === 'waiting') return this.#dialAt ?? Number.POSITIVE_INFINITY;
    return this.#isUp ? this.#lookedAt + lookEveryMs(this.#options.timers.deadAfterMs) : Number.POSITIVE_INFINITY;
  }

  get #isUp(): boolean {
    return this.state === 'online' || this.state === 'connecting';
  }

  /** Dials at once, unless the server asked for a pause. Also takes back a device that was replaced. */
  connect(moment: Moment): void {
    if (this.#isUp || this.state === 'closed') return;
    this.#become('waiting');
    this.#dialAt = Math.max(moment.now, this.#notBefore);
    this.tick(moment);
  }

  /** The network is back: the pause makes no sense any more, but a wish of the server still counts. */
  hurry(moment: Moment): void {
    if (this.state === 'waiting' && moment.now - this.#startedAt >= this.#options.timers.reconnectAfterMs)
      this.connect(moment);
  }

  hangUp(state: 'offline' | 'closed', moment: Moment): void {
    if (this.state === 'closed') return;
    const wasUp = this.#isUp;
    this.#become(state);
    if (!wasUp) return;
    this.#options.outlet.act({ do: 'hang-up', connection: this.connection, how: 'close' });
    this.#options.onEnded(moment);
  }

  opened(moment: Moment): void {
    this.#become('online');
    this.#startedAt = moment.now;
    this.#renew(moment);
    this.#options.onOpened(this.connection, moment);
  }

  /** Something came: a frame, a ping or a pong. */
  seen(moment: Moment): void {
    this.#seenAt = moment.now;
    this.#graceAt = undefined;
  }

  /** A packet came that answers something: nobody may be waiting any more. */
  asked(isWaiting: boolean, moment: Moment): void {
    if (!isWaiting) this.#waitingSince = undefined;
    else this.#waitingSince ??= moment.now;
  }

  ended(end: LineEnd, moment: Moment): void {
    if (!this.#isUp) return;
    const { reconnectAfterMs, reconnectMaxMs } = this.#options.timers;
    const wasOnline = this.state === 'online';
    if (wasOnline && moment.now - this.#startedAt >= reconnectMaxMs) this.#attempts = 0;
    const isSlow = SLOW_CODES.has(end.code ?? 0) || SLOW_STATUSES.has(end.status ?? 0);
    const nominalMs = isSlow
      ? reconnectMaxMs
      : Math.min(reconnectAfterMs * 2 ** Math.min(this.#attempts, 30), reconnectMaxMs);
    this.#attempts += 1;
    this.#notBefore = moment.now + (isSlow ? reconnectMaxMs * 0.8 : (end.retryAfterMs ?? 0));
    this.#startedAt = moment.now;
    this.#dialAt = Math.max(moment.now + jittered(nominalMs, reconnectMaxMs, moment.random()), this.#notBefore);
    this.#become(end.code === REPLACED ? 'replaced' : 'waiting');
    if (wasOnline) this.#options.onEnded(moment);
  }

  tick(moment: Moment): void {
    if (this.state === 'waiting' && this.#dialAt !== undefined && this.#dialAt <= moment.now) this.#dial(moment);
    else if (this.#isUp && this.wakeAt <= moment.now) this.#look(moment);
  }

  #dial(moment: Moment): void {
    this.connection += 1;
    this.#become('connecting');
    this.#startedAt = moment.now;
    this.#renew(moment);
    this.#options.outlet.act({ do: 'dial', connection: this.connection });
  }

  #renew(moment: Moment): void {
    this.#seenAt = moment.now;
    this.#lookedAt = moment.now;
    this.#pingedAt = moment.now;
    this.#waitingSince = undefined;
    this.#graceAt = undefined;
  }

  /** A process that stood still has not read what the server sent meanwhile: the server gets its time anew. */
  #look(moment: Moment): void {
    const { now } = moment;
    const { deadAfterMs } = this.#options.timers;
    const stalled = wasStalled(now - this.#lookedAt, deadAfterMs);
    this.#lookedAt = now;
    if (stalled && this.#graceAt === undefined) {
      this.#graceAt = now;
      this.#ping(now);
    }
    const since = Math.max(this.#seenAt, this.#graceAt ?? 0, this.#expectsSince(now));
    if (now - since >= deadAfterMs) {
      this.#options.outlet.act({ do: 'hang-up', connection: this.connection, how: 'cut' });
      this.ended({}, moment);
    } else if (now - Math.max(this.#seenAt, this.#pingedAt) >= deadAfterMs / 4) this.#ping(now);
  }

  /** Since when the server ought to say something. */
  #expectsSince(now: number): number {
    if (this.state === 'connecting') return this.#startedAt;
    if (this.#options.canPing) return 0;
    return this.#waitingSince ?? now;
  }

  #ping(now: number): void {
    if (this.state !== 'online' || !this.#options.canPing) return;
    this.#pingedAt = now;
    this.#options.outlet.act({ do: 'ping', connection: this.connection });
  }

  #become(state: ConnectionState): void {
    if (this.state === state) return;
    this.state = state;
    this.#options.outlet.tell('connection', { state });
  }
}
