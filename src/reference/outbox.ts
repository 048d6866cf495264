import {
  type Delivery,
  type DeliveryEvent,
  type DeliveryTimings,
  dueEvents,
  newDelivery,
  stepDelivery,
  wakeAt,
} from '../protocol/index.js';
import type { MessageRecord } from './records.js';

/** What an outbox needs from its surroundings. */
export interface OutboxHost {
  now(): number;
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
  timer?: NodeJS.Timeout;
}

/**
 * The pushes of one connection: a window of at most `maxInFlight` messages without ack. The rest waits in the store,
 * and is read from there, in order, when there is room.
 */
export class Outbox {
  readonly user: string;
  readonly #host: OutboxHost;
  readonly #flights = new Map<number, Flight>();
  /** Everything up to this acceptance number is in flight or acked. */
  #cursor = 0;
  /** The store may hold messages after the cursor: at the start it may hold any. */
  #behind = true;
  #ended = false;

  constructor(user: string, host: OutboxHost) {
    this.user = user;
    this.#host = host;
  }

  get cursor(): number {
    return this.#cursor;
  }

  get room(): number {
    if (this.#ended || this.#host.isCongested()) return 0;
    return Math.max(0, this.#host.maxInFlight - this.#flights.size);
  }

  /** Asks for the next messages if there are any and there is room. */
  pump(): void {
    if (this.#behind && this.room > 0) this.#host.requestScan(this);
  }

  /** Takes what a scan found; fewer than the `limit` that was asked for means that the store has no more. */
  load(messages: readonly MessageRecord[], limit: number): void {
    this.#behind = messages.length >= limit;
    for (const message of messages) {
      if (this.room === 0) {
        this.#behind = true;
        return;
      }
      this.#start(message);
    }
    this.pump();
  }

  /** A message that was accepted just now. False: it waits in the store for its turn, behind others. */
  offer(message: MessageRecord): boolean {
    if (this.#behind || this.room === 0) {
      this.#behind = true;
      this.pump();
      return false;
    }
    this.#start(message);
    return true;
  }

  /** A re-sending asks for the message again. False: it waits in the store for its turn. */
  resend(seq: number): boolean {
    return this.apply(seq, 'resend');
  }

  /** False: this message is not in flight here. */
  apply(seq: number, event: DeliveryEvent): boolean {
    const flight = this.#flights.get(seq);
    if (!flight) return false;
    this.#step(seq, flight, event);
    return true;
  }

  /** The message in flight with that number, so that an ack needs no look-up. */
  find(seq: number): MessageRecord | undefined {
    return this.#flights.get(seq)?.message;
  }

  /** The connection is over: by its end, or because a newer one took its place. */
  end(event: 'disconnect' | 'connect'): void {
    this.#ended = true;
    for (const [seq, flight] of this.#flights) this.#step(seq, flight, event);
    this.#flights.clear();
  }

  #start(message: MessageRecord): void {
    this.#cursor = Math.max(this.#cursor, message.seq);
    if (this.#flights.has(message.seq)) return;
    const flight: Flight = { message, delivery: newDelivery('queued') };
    this.#flights.set(message.seq, flight);
    this.#step(message.seq, flight, 'turn');
  }

  #step(seq: number, flight: Flight, event: DeliveryEvent): void {
    const step = stepDelivery(flight.delivery, event, this.#host.now(), this.#host.timings);
    flight.delivery = step.delivery;
    for (const effect of step.effects) {
      if (effect === 'push') this.#push(flight);
      else if (effect === 'tell-stored') this.#host.tellStored(flight.message);
    }
    this.#setTimer(seq, flight);
    if (step.delivery.state === 'acked') {
      this.#flights.delete(seq);
      this.pump();
    } else if (event === 'ack-failed' && step.delivery.state === 'queued') {
      this.#step(seq, flight, 'turn');
    }
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
