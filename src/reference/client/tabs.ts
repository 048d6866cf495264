import type { Channel, Locks } from './browser-globals.js';
import type { Backend, Client } from './client.js';
import type { Snapshot } from './core.js';
import type { Engine } from './engine.js';
import { ClientError, type ClientErrorCode, type ClientEvent } from './types.js';

type Method = Exclude<keyof Backend, 'close'>;
type Failure = { readonly code: ClientErrorCode; readonly message: string; readonly remedy: string };

/** What tabs say to each other. `who` names the tab that asks. */
type Note =
  | { readonly note: 'who-leads' }
  | { readonly note: 'state'; readonly snapshot: Snapshot }
  | { readonly note: 'event'; readonly event: ClientEvent }
  | {
      readonly note: 'call';
      readonly who: string;
      readonly call: number;
      readonly method: Method;
      readonly args: readonly unknown[];
    }
  | {
      readonly note: 'result';
      readonly who: string;
      readonly call: number;
      readonly value?: unknown;
      readonly failure?: Failure;
    };

interface Call {
  readonly method: Method;
  readonly args: readonly unknown[];
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

export interface TabsPorts {
  readonly name: string;
  readonly locks: Locks;
  readonly channel: Channel;
  /** Makes the engine of this tab; called once it leads. */
  readonly newEngine: () => Engine;
}

const asFailure = (error: unknown): Failure =>
  error instanceof ClientError
    ? { code: error.code, message: error.message, remedy: error.remedy }
    : { code: 'storage', message: String(error), remedy: 'Load the page again.' };

/**
 * Lets the tabs of a page share one device. The tab that holds the lock leads: it has the engine, and so the connection
 * and the storage. The others ask it, and hear all its events. When it goes, the next in line leads.
 */
export class Tabs implements Backend {
  readonly #ports: TabsPorts;
  readonly #who = crypto.getRandomValues(new Uint32Array(2)).join('-');
  readonly #calls = new Map<number, Call>();
  readonly #leaving = new AbortController();
  #nextCall = 0;
  #engine: Engine | undefined;
  #client: Client | undefined;
  /** Why this tab could not lead when its turn came; until another tab does, nobody does what is asked. */
  #failure: ClientError | undefined;
  #onReady: { resolve: () => void; reject: (error: Error) => void } | undefined;
  #letGo = (): void => {};

  constructor(ports: TabsPorts) {
    this.#ports = ports;
  }

  /** Resolves when this tab leads, or has heard from the tab that does. */
  start(client: Client): Promise<void> {
    this.#client = client;
    const ready = new Promise<void>((resolve, reject) => {
      this.#onReady = { resolve, reject };
    });
    const { locks, channel, name } = this.#ports;
    channel.onmessage = ({ data }) => this.#heard(data as Note);
    locks.request(name, { signal: this.#leaving.signal }, () => this.#lead()).catch((error) => this.#cannotLead(error));
    this.#post({ note: 'who-leads' });
    return ready;
  }

  /** Returns when this tab closes its client; the end of the page ends it, too. */
  async #lead(): Promise<void> {
    const engine = this.#ports.newEngine();
    const client = this.#client as Client;
    const snapshot = await engine.load();
    if (this.#leaving.signal.aborted) return await engine.close();
    this.#engine = engine;
    engine.events.onAny((event) => {
      client.apply(event);
      this.#post({ note: 'event', event });
    });
    client.adopt(snapshot);
    this.#post({ note: 'state', snapshot });
    const held = new Promise<void>((resolve) => {
      this.#letGo = resolve;
    });
    this.#onReady?.resolve();
    setTimeout(() => engine.start(), 0);
    // What this tab asked the one that has gone. None of it does harm when it is done twice.
    for (const [call, { method, args }] of [...this.#calls]) void this.#serve(call, method, args);
    await held;
  }

  /** The lock goes on to the next tab. What was asked of this one is refused, and not kept waiting for ever. */
  #cannotLead(error: unknown): void {
    if (this.#leaving.signal.aborted) return;
    const { code, message, remedy } = asFailure(error);
    this.#failure = new ClientError(code, message, remedy, { cause: error });
    this.#onReady?.reject(this.#failure);
    this.#client?.apply({ kind: 'connection', data: { state: 'closed' } });
    for (const { reject } of this.#calls.values()) reject(this.#failure);
    this.#calls.clear();
  }

  async #serve(call: number, method: Method, args: readonly unknown[], who = this.#who): Promise<void> {
    let answer: Extract<Note, { note: 'result' }>;
    try {
      const run = (this.#engine as Engine)[method] as (...args: unknown[]) => Promise<unknown>;
      answer = { note: 'result', who, call, value: await run.apply(this.#engine, [...args]) };
    } catch (error) {
      answer = { note: 'result', who, call, failure: asFailure(error) };
    }
    if (who === this.#who) this.#settle(answer);
    else this.#post(answer);
  }

  #heard(note: Note): void {
    if (this.#engine) {
      if (note.note === 'who-leads') this.#post({ note: 'state', snapshot: this.#engine.snapshot() });
      else if (note.note === 'call') void this.#serve(note.call, note.method, note.args, note.who);
      return;
    }
    if (note.note === 'event') this.#client?.apply(note.event);
    else if (note.note === 'result' && note.who === this.#who) this.#settle(note);
    else if (note.note === 'state') {
      this.#failure = undefined;
      this.#client?.adopt(note.snapshot);
      this.#onReady?.resolve();
      for (const [call, { method, args }] of this.#calls) this.#ask(call, method, args);
    }
  }

  #settle({ call, value, failure }: Extract<Note, { note: 'result' }>): void {
    const waiting = this.#calls.get(call);
    this.#calls.delete(call);
    if (failure) waiting?.reject(new ClientError(failure.code, failure.message, failure.remedy));
    else waiting?.resolve(value);
  }

  #ask(call: number, method: Method, args: readonly unknown[]): void {
    this.#post({ note: 'call', who: this.#who, call, method, args });
  }

  #post(note: Note): void {
    if (!this.#leaving.signal.aborted) this.#ports.channel.postMessage(note);
  }

  /** A call waits until some tab has done it: the leader now, or the one that leads after it. */
  #call<T>(method: Method, ...args: unknown[]): Promise<T> {
    if (this.#leaving.signal.aborted)
      return Promise.reject(new ClientError('closed', 'the client is closed', 'Connect again.'));
    if (this.#failure) return Promise.reject(this.#failure);
    return new Promise<unknown>((resolve, reject) => {
      const call = this.#nextCall;
      this.#nextCall += 1;
      this.#calls.set(call, { method, args, resolve, reject });
      if (this.#engine) void this.#serve(call, method, args);
      else this.#ask(call, method, args);
    }) as Promise<T>;
  }

  send(...args: Parameters<Backend['send']>): Promise<void> {
    return this.#call('send', ...args);
  }
  cancel(msgId: string): Promise<boolean> {
    return this.#call('cancel', msgId);
  }
  ask(msgId: string): Promise<void> {
    return this.#call('ask', msgId);
  }
  confirm(id: number): Promise<void> {
    return this.#call('confirm', id);
  }
  settled(...args: Parameters<Backend['settled']>): Promise<boolean> {
    return this.#call('settled', ...args);
  }
  disconnect(): Promise<void> {
    return this.#call('disconnect');
  }
  reconnect(): Promise<void> {
    return this.#call('reconnect');
  }

  /** Closes this tab's client only; another tab goes on. */
  async close(): Promise<void> {
    const engine = this.#engine;
    this.#engine = undefined;
    this.#leaving.abort();
    await engine?.close();
    this.#ports.channel.close();
    this.#letGo();
    const closed = new ClientError('closed', 'the client is closed', 'Connect again.');
    for (const { reject } of this.#calls.values()) reject(closed);
    this.#calls.clear();
  }
}
