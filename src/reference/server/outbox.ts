import {
  type Delivery,
  type DeliveryEvent,
  type DeliveryTimings,
  dueEvents,
  newDelivery,
  stepDelivery,
  wakeAt,
} from '../../protocol/index.js';
import { isOver, type MessageRecord } from './records.js';
import type { Waiting } from './store.js';

/** What an outbox needs from its surroundings. */
export interface OutboxHost {
  /** Of a clock that never goes back. */
  now(): number;
  /** By which messages expire. */
  wallClock(): number;
  /** Whose queue this is, with class `multi-device`. Undefined: all devices of the user share one. */
  device: string | undefined;
  timings: DeliveryTimings | undefined;
  maxInFlight: number;
  push(message: MessageRecord, attempt: number): void;
  /** True while so much waits for the peer to read that more would only fill memory. */
  isCongested(): boolean;
  tellStored(message: MessageRecord): void;
  /** Asks for a call of `load` with what the store holds after `cursor`. */
  requestScan(outbox: Outbox): void;
}

interface Flight {
  message: MessageRecord;
  delivery: Delivery;
  /** Another device of the user has acked it: the sender needs no receipt any more. */
  delivered: boolean;
  timer?: NodeJS.Timeout;
}

/** Characters of bodies that are read ahead at most: what large messages gain by it is not worth their memory. */
const MAX_AHEAD_LENGTH = 262_144;

/**
 * The pushes of one connection: a window of at most `maxInFlight` messages without ack. As many are read ahead, so that
 * an ack makes room for the next push at once. The rest waits in the store, and is read from there in order.
 */
export class Outbox {
  readonly user: string;
  readonly #host: OutboxHost;
  readonly #flights = new Map<number, Flight>();
  /** Read from the store, and waiting for their turn. Oldest first. */
  readonly #ahead: Waiting[] = [];
  #aheadLength = 0;
  #pumping = false;
  /** Everything up to this acceptance number is in flight or acked. */
  #cursor = 0;
  /** The store may hold messages after the cursor: at the start it may hold any. */
  #behind = true;
  #ended = false;

  constructor(user: string, host: OutboxHost) {
    this.user = user;
    this.#host = host;
  }

  get device(): string | undefined {
    return this.#host.device;
  }

  /** Everything up to this acceptance number was read from the store, or is acked. */
  get cursor(): number {
    return this.#ahead.at(-1)?.message.seq ?? this.#cursor;
  }

  /** How many messages to read from the store now. */
  get wanted(): number {
    if (this.#ended || !this.#behind || this.#host.isCongested()) return 0;
    const mayReadAhead = this.#aheadLength < MAX_AHEAD_LENGTH ? this.#host.maxInFlight : 0;
    return Math.max(0, this.room + mayReadAhead - this.#ahead.length);
  }

  get room(): number {
    if (this.#ended || this.#host.isCongested()) return 0;
    return Math.max(0, this.#host.maxInFlight - this.#flights.size);
  }

  /** Pushes what there is room for, and asks the store for more in good time. */
  pump(): void {
    // A message that ends instead of being pushed makes room again, and calls this while it is at work.
    if (this.#pumping) return;
    this.#pumping = true;
    while (this.#ahead.length > 0 && this.room > 0) {
      const { message, delivered } = this.#takeAhead(0);
      this.#start(message, delivered);
    }
    this.#pumping = false;
    if (this.#ahead.length <= this.#host.maxInFlight / 2 && this.wanted > 0) this.#host.requestScan(this);
  }

  /** Takes what a scan found; fewer than the `limit` that was asked for means that the store has no more. */
  load(waiting: readonly Waiting[], limit: number): void {
    this.#behind = waiting.length >= limit;
    for (const next of waiting) {
      if (this.#ahead.length >= this.room && this.#aheadLength >= MAX_AHEAD_LENGTH) {
        this.#behind = true;
        break;
      }
      this.#ahead.push(next);
      this.#aheadLength += next.message.body.length;
    }
    this.pump();
  }

  /** A message that was accepted just now. False: it waits in the store for its turn, behind others. */
  offer(message: MessageRecord): boolean {
    // What was read ahead comes first; the store brings this one after it.
    if (this.#ahead.length > 0) this.#behind = true;
    if (this.#behind || this.room === 0) {
      this.#behind = true;
      this.pump();
      return false;
    }
    this.#start(message, false);
    return true;
  }

  /** A re-sending asks for the message again. False: it waits in the store for its turn. */
  resend(seq: number): boolean {
    return this.apply(seq, 'resend');
  }

  /** False: this message is not in flight here. */
  apply(seq: number, event: DeliveryEvent): boolean {
    const flight = this.#flights.get(seq);
    if (flight) this.#step(seq, flight, event);
    else if (event === 'ack-stored' || event === 'end') this.#dropAhead(seq);
    return flight !== undefined;
  }

  /** Another device of the user has acked this message: it is pushed on, but its sender is told no more of it. */
  markDelivered(seq: number): void {
    const flight = this.#flights.get(seq);
    if (flight) flight.delivered = true;
    const index = this.#ahead.findIndex(({ message }) => message.seq === seq);
    const next = this.#ahead[index];
    if (next) this.#ahead[index] = { ...next, delivered: true };
  }

  /** The message in flight with that number, if no device has acked it: then an ack needs no look-up. */
  find(seq: number): MessageRecord | undefined {
    const flight = this.#flights.get(seq);
    return flight?.delivered ? undefined : flight?.message;
  }

  has(seq: number, serverMsgId: string): boolean {
    return this.#flights.get(seq)?.message.serverMsgId === serverMsgId;
  }

  /** The connection is over: by its end, or because a newer one took its place. */
  end(event: 'disconnect' | 'connect'): void {
    this.#ended = true;
    for (const [seq, flight] of this.#flights) this.#step(seq, flight, event);
    this.#flights.clear();
    this.#ahead.length = 0;
  }

  #takeAhead(index: number): Waiting {
    const [taken] = this.#ahead.splice(index, 1) as [Waiting];
    this.#aheadLength -= taken.message.body.length;
    return taken;
  }

  /** It was acked or has ended before its turn came. */
  #dropAhead(seq: number): void {
    const index = this.#ahead.findIndex(({ message }) => message.seq === seq);
    if (index < 0) return;
    this.#takeAhead(index);
    this.pump();
  }

  #start(message: MessageRecord, delivered: boolean): void {
    this.#cursor = Math.max(this.#cursor, message.seq);
    if (this.#flights.has(message.seq)) return;
    const flight: Flight = { message, delivery: newDelivery('queued'), delivered };
    this.#flights.set(message.seq, flight);
    this.#step(message.seq, flight, 'turn');
  }

  /** Whatever would push a message whose time is over ends it instead (IM-4.2-41). */
  #eventFor({ message }: Flight, event: DeliveryEvent): DeliveryEvent {
    const wouldPush = event === 'turn' || event === 'resend' || event === 'push-due';
    return wouldPush && isOver(message, this.#host.wallClock()) ? 'end' : event;
  }

  #step(seq: number, flight: Flight, event: DeliveryEvent): void {
    const step = stepDelivery(flight.delivery, this.#eventFor(flight, event), this.#host.now(), this.#host.timings);
    flight.delivery = step.delivery;
    for (const effect of step.effects) {
      if (effect === 'push') this.#push(flight);
      else if (effect === 'tell-stored') this.#tellStored(flight);
    }
    this.#setTimer(seq, flight);
    if (step.delivery.state === 'acked' || step.delivery.state === 'ended') {
      this.#flights.delete(seq);
      this.pump();
    } else if (event === 'ack-failed' && step.delivery.state === 'queued') {
      this.#step(seq, flight, 'turn');
    }
  }

  /** Receipts only move forward: nothing is told as stored after it was delivered or has expired. */
  #tellStored({ message, delivered }: Flight): void {
    if (!delivered && !isOver(message, this.#host.wallClock())) this.#host.tellStored(message);
  }

  #push({ message, delivery }: Flight): void {
    // A repeat for a peer that does not even read the first one would only fill memory; the next pause comes.
    if (delivery.attempt > 1 && this.#host.isCongested()) return;
    this.#host.push(message, delivery.attempt);
  }

  #setTimer(seq: number, flight: Flight): void {
    clearTimeout(flight.timer);
    const due = wakeAt(flight.delivery);
    if (due === undefined) return;
    flight.timer = setTimeout(
      () => {
        for (const event of dueEvents(flight.delivery, this.#host.now())) this.#step(seq, flight, event);
        // A timer may fire a little early by another clock; it is set again then.
        this.#setTimer(seq, flight);
      },
      Math.max(1, Math.ceil(due - this.#host.now())),
    );
  }
}
