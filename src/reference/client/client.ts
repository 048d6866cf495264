import type { Snapshot } from './core.js';
import { Emitter, Stream } from './emitter.js';
import { newMsgId } from './ids.js';
import type {
  ClientEvent,
  ClientEvents,
  ConnectionState,
  InboxMessage,
  NewMessage,
  OutgoingMessage,
  StatusChange,
} from './types.js';

/** Who does the work: the engine of this program, or that of another tab of the same page. */
export interface Backend {
  send(message: NewMessage, msgId: string): Promise<void>;
  cancel(msgId: string): Promise<boolean>;
  ask(msgId: string): Promise<void>;
  confirm(id: number): Promise<void>;
  settled(from: string, msgId: string, atMostMs: number): Promise<boolean>;
  disconnect(): Promise<void>;
  reconnect(): Promise<void>;
  close(): Promise<void>;
}

const hasEnded = ({ status }: OutgoingMessage): boolean =>
  status === 'delivered' || status === 'expired' || status === 'refused' || status === 'unknown';

/**
 * A client of an IM-RAN server. Made by `connect`. It works offline: what is sent waits in its queue until a connection
 * is there, and what came waits in its inbox until the application has confirmed it.
 */
export class Client {
  readonly #backend: Backend;
  readonly #emitter = new Emitter();
  readonly #streams = new Set<{ end(): void }>();
  readonly #outgoing = new Map<string, OutgoingMessage>();
  readonly #inbox = new Map<number, InboxMessage>();
  #connection: ConnectionState = 'waiting';
  #closed: Promise<void> | undefined;

  /** For `connect` only. */
  constructor(backend: Backend) {
    this.#backend = backend;
  }

  /** What the client is doing about its connection. The event `connection` tells of changes. */
  get connection(): ConnectionState {
    return this.#connection;
  }

  /** The messages of this client that have not come to their end, or whose end the application has not heard of; in order. */
  get outgoing(): readonly OutgoingMessage[] {
    return [...this.#outgoing.values()];
  }

  /** The messages that came and are not confirmed, in the order in which they came. */
  get inbox(): readonly InboxMessage[] {
    return [...this.#inbox.values()];
  }

  /**
   * Hands a message over. Resolves with its msgId when it is stored, online or not: from then on it reaches the server
   * or an outcome. Messages are sent in the order of the calls. Rejects with a `ClientError`: `invalid-message`, `queue-full`, `closed`.
   * An application that makes its own ids gives a `msgId`; the same one twice is one message.
   */
  async send(message: NewMessage, msgId: string = newMsgId(Date.now())): Promise<string> {
    await this.#backend.send(message, msgId);
    return msgId;
  }

  /** Takes back a message that was never sent. False: it was sent, or there is none. */
  cancel(msgId: string): Promise<boolean> {
    return this.#backend.cancel(msgId);
  }

  /** Asks the server what became of a message that is `stored`. The answer comes as a status. */
  ask(msgId: string): Promise<void> {
    return this.#backend.ask(msgId);
  }

  /** Says that the application has dealt with a message: it leaves the inbox, durably. */
  confirm(message: Pick<InboxMessage, 'id'>): Promise<void> {
    return this.#backend.confirm(message.id);
  }

  /** Waits until the server has recorded our ack for a message, at most that time. Resolves with whether it has. */
  settled(message: Pick<InboxMessage, 'from' | 'msgId'>, atMostMs: number): Promise<boolean> {
    return this.#backend.settled(message.from, message.msgId, atMostMs);
  }

  /** Goes offline and stays so until `reconnect`. Sending goes on working; messages wait. */
  disconnect(): Promise<void> {
    return this.#backend.disconnect();
  }

  /** Connects again after `disconnect`, or takes the device back after `replaced`. Also ends a pause between two attempts. */
  reconnect(): Promise<void> {
    return this.#backend.reconnect();
  }

  /** Ends the client. What is open stays in the storage. */
  close(): Promise<void> {
    this.#closed ??= this.#backend.close().finally(() => {
      for (const stream of [...this.#streams]) stream.end();
    });
    return this.#closed;
  }

  /** Calls `listener` on each event of that kind. Returns a function that ends it. */
  on<K extends keyof ClientEvents>(kind: K, listener: (data: ClientEvents[K]) => void): () => void {
    return this.#emitter.on(kind, listener);
  }

  /** The inbox as an iteration without end: what is in it now, then each message that comes. Confirm each yourself. */
  messages(): AsyncIterableIterator<InboxMessage> {
    return this.#stream('message', this.inbox);
  }

  /** Changes of status from now on. */
  statuses(): AsyncIterableIterator<StatusChange> {
    return this.#stream('status', []);
  }

  #stream<K extends 'message' | 'status'>(kind: K, first: readonly ClientEvents[K][]): Stream<ClientEvents[K]> {
    const stop = this.on(kind, (item) => stream.push(item));
    const stream = new Stream<ClientEvents[K]>(() => {
      stop();
      this.#streams.delete(stream);
    });
    for (const item of first) stream.push(item);
    this.#streams.add(stream);
    return stream;
  }

  /**
   * For `connect` only: what the engine says.
   * @internal
   */
  apply(event: ClientEvent): void {
    const { kind, data } = event;
    if (kind === 'message') this.#inbox.set(data.id, data);
    else if (kind === 'confirmed') this.#inbox.delete(data.id);
    else if (kind === 'queued') this.#outgoing.set(data.msgId, data);
    else if (kind === 'forgotten') this.#outgoing.delete(data.msgId);
    else if (kind === 'connection') this.#connection = data.state;
    else if (kind === 'status') {
      const known = this.#outgoing.get(data.msgId);
      if (known) this.#outgoing.set(data.msgId, { ...known, status: data.status });
    }
    this.#emitter.emit(event);
  }

  /**
   * For `connect` only: the state of an engine that is new to this client. What differs is told as events.
   * @internal
   */
  adopt({ outgoing, inbox, connection }: Snapshot): void {
    const before = new Map(this.#outgoing);
    this.#outgoing.clear();
    for (const message of outgoing) {
      const known = before.get(message.msgId);
      before.delete(message.msgId);
      if (!known) this.apply({ kind: 'queued', data: message });
      this.#outgoing.set(message.msgId, message);
      const { msgId, to, status } = message;
      if (known && known.status !== status) this.apply({ kind: 'status', data: { msgId, to, status } });
    }
    for (const message of before.values()) {
      // Its end was told to another tab.
      if (!hasEnded(message)) this.apply({ kind: 'forgotten', data: { msgId: message.msgId } });
    }
    const held = new Set(inbox.map(({ id }) => id));
    for (const id of [...this.#inbox.keys()]) if (!held.has(id)) this.apply({ kind: 'confirmed', data: { id } });
    for (const message of inbox) if (!this.#inbox.has(message.id)) this.apply({ kind: 'message', data: message });
    if (connection !== this.#connection) this.apply({ kind: 'connection', data: { state: connection } });
  }
}
