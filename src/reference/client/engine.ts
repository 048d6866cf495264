import { ClientCore, type Snapshot } from './core.js';
import { Emitter } from './emitter.js';
import { runHandler } from './handlers.js';
import { ridMaker } from './ids.js';
import type { LineEnd } from './line.js';
import type { Action, Moment, Orders } from './outlet.js';
import type { ClientStorage } from './storage.js';
import {
  ClientError,
  type ClientLimits,
  type ClientOptions,
  type ClientTimers,
  type InboxMessage,
  type NewMessage,
  type StatusChange,
} from './types.js';

/** What a connection tells. `alive`: something came that is no text, such as a pong. */
export interface WireListener {
  open(): void;
  text(text: string): void;
  alive(): void;
  end(end: LineEnd): void;
}
/** One WebSocket. None of its methods throws. */
export interface Wire {
  send(text: string): void;
  ping(): void;
  close(): void;
  cut(): void;
}
export interface EnginePorts {
  readonly storage: ClientStorage;
  readonly dial: (url: string, token: string, listener: WireListener) => Wire;
  readonly canPing: boolean;
}
export type EngineOptions = Pick<ClientOptions<ClientStorage>, 'url' | 'token' | 'onMessage' | 'onStatus'> & {
  readonly timers: ClientTimers;
  readonly limits: ClientLimits;
};

interface Waiting {
  readonly orders: Orders | undefined;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** A timer of the platform cannot wait longer. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;
/** Timers that come within this time are answered together. */
const TIMER_GRAIN_MS = 4;

const moment = (): Moment => ({ now: performance.now(), wall: Date.now(), random: Math.random });

/** Gives the core its socket, storage and clock. What happens at the same time is stored in one step. */
export class Engine {
  readonly events = new Emitter();
  readonly #options: EngineOptions;
  readonly #ports: EnginePorts;
  readonly #core: ClientCore;
  #wire: { readonly connection: number; readonly wire: Wire } | undefined;
  #queue: Waiting[] = [];
  #isDraining = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failure: Error | undefined;
  #closed: Promise<void> | undefined;

  constructor(options: EngineOptions, ports: EnginePorts) {
    this.#options = options;
    this.#ports = ports;
    const { timers, limits, onStatus } = options;
    const nextRid = ridMaker();
    this.#core = new ClientCore({ timers, limits, nextRid, canPing: ports.canPing, keepsEnds: onStatus !== undefined });
  }

  async load(): Promise<Snapshot> {
    try {
      this.#core.load(await this.#ports.storage.load(), moment());
    } catch (cause) {
      if (cause instanceof ClientError) throw cause;
      throw new ClientError('storage', 'the storage cannot be read', 'See the cause.', { cause });
    }
    return this.snapshot();
  }

  snapshot(): Snapshot {
    return this.#core.snapshot();
  }

  /** Begins to connect and to call the handlers. */
  start(): void {
    const { onMessage, onStatus, timers } = this.#options;
    const host = { events: this.events, timers, isClosed: () => this.#closed !== undefined };
    if (onMessage) {
      const confirm = ({ id }: InboxMessage) => this.confirm(id);
      runHandler(host, 'message', this.snapshot().inbox, onMessage, confirm);
    }
    if (onStatus) {
      const told = ({ msgId, status }: StatusChange) => this.#run(() => this.#core.told(msgId, status));
      runHandler(host, 'status', [], onStatus, told);
    }
    void this.#run((at) => this.#core.start(at)).catch(() => {});
  }

  send(message: NewMessage, msgId: string): Promise<void> {
    return this.#run((at) => this.#core.send(message, msgId, at));
  }

  async cancel(msgId: string): Promise<boolean> {
    let cancelled = false;
    await this.#run(() => {
      cancelled = this.#core.cancel(msgId);
    });
    return cancelled;
  }

  ask(msgId: string): Promise<void> {
    return this.#run((at) => this.#core.ask(msgId, at));
  }

  confirm(id: number): Promise<void> {
    return this.#run(() => this.#core.confirm(id));
  }

  /** Whether the server has recorded our ack, after a wait of at most that time. */
  settled(from: string, msgId: string, atMostMs: number): Promise<boolean> {
    if (!this.#core.owes({ from, msgId })) return Promise.resolve(true);
    return new Promise((resolve) => {
      const end = (isSettled: boolean): void => {
        clearTimeout(timer);
        stop();
        resolve(isSettled);
      };
      const timer = setTimeout(() => end(false), atMostMs);
      const stop = this.events.on('settled', (id) => {
        if (id.from === from && id.msgId === msgId) end(true);
      });
    });
  }

  disconnect(): Promise<void> {
    return this.#run((at) => this.#core.hangUp('offline', at));
  }

  reconnect(): Promise<void> {
    return this.#run((at) => this.#core.connect(at));
  }

  /** The network is back. */
  hurry(): void {
    void this.#run((at) => this.#core.hurry(at)).catch(() => {});
  }

  close(): Promise<void> {
    this.#closed ??= this.#windUp();
    return this.#closed;
  }

  async #windUp(): Promise<void> {
    await this.#act((at) => this.#core.hangUp('closed', at)).catch(() => {});
    clearTimeout(this.#timer);
    await this.#ports.storage.close();
  }

  #run(step: (at: Moment) => void): Promise<void> {
    if (this.#closed) return Promise.reject(new ClientError('closed', 'the client is closed', 'Connect again.'));
    return this.#act(step);
  }

  /** One step of the core. Resolves when what it changed is stored and what it wants is done. */
  #act(step: (at: Moment) => void): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure);
    try {
      step(moment());
    } catch (error) {
      return Promise.reject(error);
    }
    const orders = this.#core.take();
    this.#setTimer();
    return new Promise((resolve, reject) => {
      this.#queue.push({ orders, resolve, reject });
      if (!this.#isDraining) void this.#drain();
    });
  }

  async #drain(): Promise<void> {
    this.#isDraining = true;
    while (this.#queue.length > 0) {
      const some = this.#queue.splice(0);
      const changes = some.flatMap(({ orders }) => orders?.changes ?? []);
      try {
        if (changes.length > 0) await this.#ports.storage.write(changes);
      } catch (cause) {
        this.#fail(cause, some);
        break;
      }
      for (const { orders, resolve } of some) {
        for (const action of orders?.actions ?? []) this.#perform(action);
        resolve();
      }
    }
    this.#isDraining = false;
  }

  /** What is not stored must not be promised to anybody: without its storage the client ends. */
  #fail(cause: unknown, some: readonly Waiting[]): void {
    this.#failure = new ClientError('storage', 'the storage cannot be written', 'See the cause. Close the client.', {
      cause,
    });
    clearTimeout(this.#timer);
    this.#wire?.wire.cut();
    this.#core.hangUp('closed', moment());
    this.#core.take();
    for (const { reject } of [...some, ...this.#queue.splice(0)]) reject(this.#failure);
    this.events.emit({ kind: 'connection', data: { state: 'closed' } });
    this.events.emit({ kind: 'error', data: { code: 'storage', message: `${this.#failure.message}: ${cause}` } });
  }

  #perform(action: Action): void {
    if (action.do === 'tell') this.events.emit(action.event);
    else if (action.do === 'dial') void this.#dial(action.connection);
    else if (action.connection !== this.#wire?.connection) return;
    else if (action.do === 'frame') this.#wire.wire.send(action.text);
    else if (action.do === 'ping') this.#wire.wire.ping();
    else if (action.how === 'close') this.#wire.wire.close();
    else this.#wire.wire.cut();
  }

  async #dial(connection: number): Promise<void> {
    const { url, token } = this.#options;
    const step = (what: (at: Moment) => void): void => void this.#run(what).catch(() => {});
    try {
      const current = typeof token === 'string' ? token : await token();
      if (!this.#core.isCurrent(connection)) return;
      this.#wire?.wire.cut();
      const wire = this.#ports.dial(url, current, {
        open: () => step((at) => this.#core.opened(connection, at)),
        text: (text) => step((at) => this.#core.received(connection, text, at)),
        alive: () => step((at) => this.#core.seen(connection, at)),
        end: (end) => step((at) => this.#core.ended(connection, end, at)),
      });
      this.#wire = { connection, wire };
    } catch (error) {
      this.events.emit({ kind: 'error', data: { code: 'invalid-option', message: `cannot dial: ${error}` } });
      step((at) => this.#core.ended(connection, {}, at));
    }
  }

  #setTimer(): void {
    clearTimeout(this.#timer);
    if (this.#closed) return;
    const delay = this.#core.wakeAt - performance.now() + TIMER_GRAIN_MS;
    // Also set when nothing is due: a client that was replaced stays, and waits for its user.
    this.#timer = setTimeout(
      () => void this.#run((at) => this.#core.tick(at)).catch(() => {}),
      Math.min(Math.max(delay, 1), MAX_TIMEOUT_MS),
    );
  }
}
