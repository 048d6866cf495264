import { WIRE } from '../../../schemas/wire.js';
import { Incoming } from './incoming.js';
import { Line, type LineEnd } from './line.js';
import { Outgoing } from './outgoing.js';
import { type Moment, type Orders, Outlet } from './outlet.js';
import { isBody, isUserId, readPacket } from './read-packet.js';
import {
  ClientError,
  type ClientLimits,
  type ClientTimers,
  type ConnectionState,
  type InboxMessage,
  type MessageStatus,
  type NewMessage,
  type OutgoingMessage,
} from './types.js';

export interface CoreOptions {
  readonly timers: ClientTimers;
  readonly limits: ClientLimits;
  readonly nextRid: () => string;
  readonly canPing: boolean;
  readonly keepsEnds: boolean;
}

/** All that an application can see of a client, as data. */
export interface Snapshot {
  readonly outgoing: readonly OutgoingMessage[];
  readonly inbox: readonly InboxMessage[];
  readonly connection: ConnectionState;
}

const utf8 = new TextEncoder();

/** Longest members that a frame can have around the body. */
const FRAME_ROOM = 400;

const refuse = (what: string, remedy: string): never => {
  throw new ClientError('invalid-message', what, remedy);
};

/** Throws a ClientError when no server could take the message. */
export const checkMessage = ({ to, body, ttlMs }: NewMessage, { maxFrameBytes }: ClientLimits): void => {
  if (!isUserId(to)) refuse('the recipient is not a user id', 'Use 1 to 64 characters of A-Z a-z 0-9 . _ @ -');
  if (!isBody(body)) refuse('the body is no text without lone surrogates', 'Send whole characters.');
  if (ttlMs !== undefined && !(Number.isInteger(ttlMs) && ttlMs >= 1 && ttlMs <= WIRE.ttlMaxMs))
    refuse(`ttlMs is ${ttlMs}`, `Give a whole number of milliseconds from 1 to ${WIRE.ttlMaxMs}, or leave it out.`);
  if (utf8.encode(JSON.stringify(body)).length + FRAME_ROOM > maxFrameBytes)
    refuse(`the body makes a frame of more than ${maxFrameBytes} bytes`, 'Send it in parts.');
};

/**
 * The client without I/O: socket, storage, clock and random are the owner's. Every method takes the moment; after it
 * the owner takes the orders and carries them out, and calls `tick` at `wakeAt`.
 */
export class ClientCore {
  readonly #outlet = new Outlet();
  readonly #limits: ClientLimits;
  readonly #outgoing: Outgoing;
  readonly #incoming: Incoming;
  readonly #line: Line;

  constructor({ timers, limits, nextRid, canPing, keepsEnds }: CoreOptions) {
    const outlet = this.#outlet;
    this.#limits = limits;
    this.#outgoing = new Outgoing({ outlet, timers, limits, nextRid, keepsEnds });
    this.#incoming = new Incoming({ outlet, timers, nextRid });
    this.#line = new Line({
      outlet,
      timers,
      canPing,
      onOpened: (connection, moment) => {
        // Acks first: they are few and short, and the server may wait for them before it pushes more.
        this.#incoming.opened(connection, moment);
        this.#outgoing.opened(connection, moment);
      },
      onEnded: (moment) => {
        this.#incoming.ended(moment);
        this.#outgoing.ended(moment);
      },
    });
  }

  /** Takes what an earlier process left. Before anything else. */
  load(records: Iterable<readonly [string, unknown]>, moment: Moment): void {
    const sorted = [...records].sort(([one], [other]) => (one < other ? -1 : 1));
    const kind = (letter: string) => sorted.filter(([key]) => key.startsWith(`${letter}/`));
    this.#outgoing.load(kind('o'), moment);
    this.#incoming.loadInbox(kind('i'));
    this.#incoming.loadIds(kind('d'), moment);
  }

  /** Begins to connect, and tells the ends of which the application did not hear before. */
  start(moment: Moment): void {
    this.#outgoing.tellOpen();
    this.#line.connect(moment);
  }

  /** Throws a ClientError when the message cannot be sent or the queue is full. A known msgId is no second message. */
  send(message: NewMessage, msgId: string, moment: Moment): void {
    checkMessage(message, this.#limits);
    if (this.#outgoing.has(msgId)) return;
    const { maxQueued } = this.#limits;
    if (this.#outgoing.size >= maxQueued)
      throw new ClientError(
        'queue-full',
        `${maxQueued} messages wait already`,
        'Wait until some have been sent, or set limits.maxQueued.',
      );
    const { to, body, ttlMs } = message;
    this.#outgoing.add(ttlMs === undefined ? { to, body } : { to, body, ttlMs }, msgId, moment);
    this.#noteWaiting(moment);
  }

  cancel(msgId: string): boolean {
    return this.#outgoing.cancel(msgId);
  }

  ask(msgId: string, moment: Moment): void {
    this.#outgoing.ask(msgId, moment);
  }

  /** The application knows of that status. */
  told(msgId: string, status: MessageStatus): void {
    this.#outgoing.told(msgId, status);
  }

  confirm(id: number): void {
    this.#incoming.confirm(id);
  }

  owes(id: { from: string; msgId: string }): boolean {
    return this.#incoming.owes(id);
  }

  /** The user goes offline, or ends the client. */
  hangUp(state: 'offline' | 'closed', moment: Moment): void {
    this.#line.hangUp(state, moment);
  }

  connect(moment: Moment): void {
    this.#line.connect(moment);
  }

  hurry(moment: Moment): void {
    this.#line.hurry(moment);
  }

  /** What a connection says that is not the current one any more is ignored (IM-4.3-7). */
  isCurrent(connection: number): boolean {
    return connection === this.#line.connection && (this.#line.state === 'online' || this.#line.state === 'connecting');
  }

  opened(connection: number, moment: Moment): void {
    if (!this.isCurrent(connection)) return;
    this.#line.opened(moment);
    this.#noteWaiting(moment);
  }

  seen(connection: number, moment: Moment): void {
    if (this.isCurrent(connection)) this.#line.seen(moment);
  }

  received(connection: number, text: string, moment: Moment): void {
    if (!this.isCurrent(connection)) return;
    this.#line.seen(moment);
    const packet = readPacket(text);
    if (packet?.type === 'msg:A') this.#outgoing.answered(packet, moment);
    else if (packet?.type === 'ack:A') this.#incoming.answered(packet, moment);
    else if (packet?.type === 'msg:N') this.#incoming.pushed(packet, moment);
    else if (packet?.type === 'ack:N') this.#outgoing.receipt(packet, moment);
    this.#noteWaiting(moment);
  }

  ended(connection: number, end: LineEnd, moment: Moment): void {
    if (this.isCurrent(connection)) this.#line.ended(end, moment);
  }

  tick(moment: Moment): void {
    if (this.#outgoing.wakeAt <= moment.now) this.#outgoing.tick(moment);
    if (this.#incoming.wakeAt <= moment.now) this.#incoming.tick(moment);
    this.#noteWaiting(moment);
    this.#line.tick(moment);
  }

  get wakeAt(): number {
    return Math.min(this.#outgoing.wakeAt, this.#incoming.wakeAt, this.#line.wakeAt);
  }

  snapshot(): Snapshot {
    return { outgoing: this.#outgoing.list(), inbox: this.#incoming.list(), connection: this.#line.state };
  }

  take(): Orders | undefined {
    return this.#outlet.take();
  }

  #noteWaiting(moment: Moment): void {
    this.#line.asked(this.#outgoing.isWaiting || this.#incoming.isWaiting, moment);
  }
}
