import type { AckR } from '../../../schemas/index.js';
import {
  ackAnswerEvent,
  newReceiverEntry,
  type ReceiverEntry,
  type ReceiverEvent,
  stepReceiver,
} from '../../protocol/receiver.js';
import { type Hold, holdEnds, jittered, type Moment, numberKey, type Outlet } from './outlet.js';
import type { ReadPacket } from './read-packet.js';
import { Requests } from './requests.js';
import type { ClientTimers, InboxMessage } from './types.js';

/** An id whose ack is owed, as it looks in storage. */
interface StoredId {
  readonly from: string;
  readonly msgId: string;
  readonly serverMsgId: string;
  readonly hold?: Hold;
}

interface Owed extends Omit<StoredId, 'hold'> {
  readonly key: string;
  machine: ReceiverEntry;
  /** The server asked not to hear this ack before. */
  notBefore: number;
}

export interface IncomingOptions {
  readonly outlet: Outlet;
  readonly timers: ClientTimers;
  readonly nextRid: () => string;
}

type Push = Extract<ReadPacket, { type: 'msg:N' }>;

/** Neither part can hold a slash, so no two pairs make the same text. */
const idOf = ({ from, msgId }: { from: string; msgId: string }): string => `${from}/${msgId}`;

/** The inbox of the application and the ids whose ack is owed (section 4.3). */
export class Incoming {
  readonly #options: IncomingOptions;
  readonly #inbox = new Map<number, InboxMessage>();
  /** By id, then by serverMsgId: a server that gives one message two of them gets an ack for each. */
  readonly #owed = new Map<string, Map<string, Owed>>();
  readonly #requests = new Requests<Owed>();
  #nextNumber = 1;
  #connection: number | undefined;
  /** When to call `tick` next; it may be too early, never too late. */
  wakeAt = Number.POSITIVE_INFINITY;

  constructor(options: IncomingOptions) {
    this.#options = options;
  }

  /** Whether a request of this connection waits for its answer. */
  get isWaiting(): boolean {
    return this.#requests.size > 0;
  }

  loadInbox(records: readonly (readonly [string, unknown])[]): void {
    for (const [, value] of records) {
      const message = value as InboxMessage;
      this.#inbox.set(message.id, message);
      this.#nextNumber = Math.max(this.#nextNumber, message.id + 1);
    }
  }

  loadIds(records: readonly (readonly [string, unknown])[], moment: Moment): void {
    for (const [, value] of records) {
      const { hold, ...id } = value as StoredId;
      this.#remember({ ...newReceiverEntry(), state: 'owed' }, id).notBefore = holdEnds(hold, moment);
    }
  }

  list(): InboxMessage[] {
    return [...this.#inbox.values()];
  }

  owes(id: { from: string; msgId: string }): boolean {
    return this.#owed.has(idOf(id));
  }

  /** Takes a message out of the inbox. The ack that may still be owed stays. */
  confirm(id: number): void {
    if (!this.#inbox.delete(id)) return;
    this.#options.outlet.remove(numberKey('i', id));
    this.#options.outlet.tell('confirmed', { id });
  }

  /** One durable step: the message for the application, its id, and the ack that is owed. Then the ack is sent. */
  pushed(push: Push, moment: Moment): void {
    const { from, msgId, serverMsgId } = push;
    const known = this.#owed.get(idOf(push));
    let owed = known?.get(serverMsgId);
    if (!known) this.#handOver(push);
    if (!owed) {
      owed = this.#remember(newReceiverEntry(), { from, msgId, serverMsgId });
      this.#store(owed);
    }
    this.#step(owed, 'pushed', moment);
  }

  #handOver(push: Push): void {
    const { from, msgId, serverMsgId, body, acceptedAt, expiresAt, seq } = push;
    const id = this.#nextNumber;
    this.#nextNumber += 1;
    const message: InboxMessage = {
      id,
      from,
      msgId,
      serverMsgId,
      body,
      acceptedAt,
      ...(expiresAt === undefined ? {} : { expiresAt }),
      ...(seq === undefined ? {} : { seq }),
    };
    this.#inbox.set(id, message);
    this.#options.outlet.store(numberKey('i', id), message);
    this.#options.outlet.tell('message', message);
  }

  opened(connection: number, moment: Moment): void {
    this.#connection = connection;
    for (const owed of this.#all()) {
      if (owed.notBefore <= moment.now) this.#step(owed, 'connect', moment);
      else this.#waitUntil(owed, owed.notBefore);
    }
  }

  ended(moment: Moment): void {
    this.#connection = undefined;
    this.#requests.clear();
    for (const owed of this.#all()) this.#step(owed, 'disconnect', moment);
  }

  answered(packet: Extract<ReadPacket, { type: 'ack:A' }>, moment: Moment): void {
    const owed = this.#requests.answered(packet.rid);
    if (!owed || (packet.serverMsgId !== undefined && packet.serverMsgId !== owed.serverMsgId)) return;
    const { code, retryAfterMs = 0 } = packet.error ?? { code: undefined };
    const event = ackAnswerEvent(packet.status, code);
    if (event === 'retry-later' && retryAfterMs > 0) {
      owed.notBefore = Math.max(owed.notBefore, moment.now + retryAfterMs);
      this.#store(owed, { wall: moment.wall, ms: retryAfterMs });
    }
    this.#step(owed, event, moment, retryAfterMs);
  }

  tick(moment: Moment): void {
    this.wakeAt = Number.POSITIVE_INFINITY;
    for (const owed of this.#all()) {
      const { dueAt } = owed.machine;
      if (dueAt !== undefined && dueAt <= moment.now) this.#step(owed, 'due', moment);
      else if (dueAt !== undefined) this.wakeAt = Math.min(this.wakeAt, dueAt);
    }
  }

  *#all(): Generator<Owed> {
    for (const some of this.#owed.values()) yield* some.values();
  }

  #waitUntil(owed: Owed, dueAt: number): void {
    // A machine that was loaded has no pause yet, and `due` doubles the pause.
    const pauseMs = Math.max(owed.machine.pauseMs, this.#options.timers.resendAfterMs / 2);
    owed.machine = { ...owed.machine, pauseMs, dueAt };
    this.wakeAt = Math.min(this.wakeAt, dueAt);
  }

  #step(owed: Owed, event: ReceiverEvent, moment: Moment, retryAfterMs = 0): void {
    const { resendAfterMs, resendMaxMs } = this.#options.timers;
    const timings = { firstPauseMs: resendAfterMs, maxPauseMs: resendMaxMs };
    const { entry, effects } = stepReceiver(owed.machine, event, { now: moment.now, retryAfterMs, timings });
    owed.machine = entry;
    if (effects.includes('send-ack')) this.#sendAck(owed);
    if (effects.includes('forget')) this.#forget(owed);
    if (entry.dueAt === undefined) return;
    const pauseMs = jittered(entry.pauseMs, resendMaxMs, moment.random());
    // The machine's pauses have no jitter; many receivers that come back together had better not ack together.
    this.#waitUntil(owed, Math.max(moment.now + pauseMs, owed.notBefore));
  }

  #sendAck(owed: Owed): void {
    if (this.#connection === undefined) return;
    const rid = this.#options.nextRid();
    this.#requests.sent(rid, owed);
    const packet: AckR = { type: 'ack:R', rid, serverMsgId: owed.serverMsgId };
    this.#options.outlet.act({ do: 'frame', connection: this.#connection, text: JSON.stringify(packet) });
  }

  #remember(machine: ReceiverEntry, id: Omit<StoredId, 'hold'>): Owed {
    const owed: Owed = { ...id, key: `d/${idOf(id)}/${id.serverMsgId}`, machine, notBefore: 0 };
    const some = this.#owed.get(idOf(id)) ?? new Map<string, Owed>();
    this.#owed.set(idOf(id), some.set(id.serverMsgId, owed));
    return owed;
  }

  #store({ key, from, msgId, serverMsgId }: Owed, hold?: Hold): void {
    const record: StoredId = { from, msgId, serverMsgId, ...(hold === undefined ? {} : { hold }) };
    this.#options.outlet.store(key, record);
  }

  /** The last ack of an id is settled: the id is forgotten. */
  #forget(owed: Owed): void {
    const some = this.#owed.get(idOf(owed));
    some?.delete(owed.serverMsgId);
    this.#requests.drop(owed);
    this.#options.outlet.remove(owed.key);
    if (some?.size !== 0) return;
    this.#owed.delete(idOf(owed));
    this.#options.outlet.tell('settled', { from: owed.from, msgId: owed.msgId });
  }
}
