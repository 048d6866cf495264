import { go, type Table } from './table.js';

/**
 * One message on its way to one device (section 4.2).
 *
 * - `away`: the device is not connected, the message waits in the store.
 * - `queued`: the device is connected, the message waits for its turn (`maxInFlight`).
 * - `pushed`: a msg:N is out, the ack is missing.
 * - `acking`: an ack:R came, and is being stored. Nothing is pushed meanwhile.
 * - `acked`: the ack is stored. Nothing is pushed ever again.
 * - `ended`: it expired, or its time for this device is over. Nothing is pushed ever again; a late ack still counts.
 */
export const DELIVERY_STATES = ['away', 'queued', 'pushed', 'acking', 'acked', 'ended'] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

export const DELIVERY_EVENTS = [
  'connect',
  'disconnect',
  'turn',
  'resend',
  'push-due',
  'stored-due',
  'ack',
  'ack-stored',
  'ack-failed',
  'end',
] as const;
export type DeliveryEvent = (typeof DELIVERY_EVENTS)[number];

/**
 * `push` and `tell-stored` (ack:N `stored` to the sender) are for the owner; the others set the clock of this delivery.
 * `first-pause` starts the pauses anew, `next-pause` doubles the pause, `await-stored` sets when the sender is told.
 */
export type DeliveryEffect =
  | 'push'
  | 'tell-stored'
  | 'first-pause'
  | 'next-pause'
  | 'await-stored'
  | 'told'
  | 'stop-clock';

export const DELIVERY_TABLE: Table<DeliveryState, DeliveryEvent, DeliveryEffect> = {
  away: {
    connect: go('queued'),
    disconnect: go('away'),
    turn: go('away'),
    resend: go('away'),
    'push-due': go('away'),
    'stored-due': go('away'),
    // It was pushed by a process or on a connection that is gone; the ack counts all the same.
    ack: go('acking'),
    'ack-stored': go('acked'),
    'ack-failed': go('away'),
    end: go('ended'),
  },
  queued: {
    connect: go('queued'),
    disconnect: go('away'),
    turn: go('pushed', 'push', 'first-pause', 'await-stored'),
    // What waits for its turn goes on waiting: a re-sending must not break the limit or the order.
    resend: go('queued'),
    'push-due': go('queued'),
    'stored-due': go('queued'),
    ack: go('acking'),
    'ack-stored': go('acked'),
    'ack-failed': go('queued'),
    end: go('ended'),
  },
  pushed: {
    // A newer connection of the device: whatever the old one carried proves nothing.
    connect: go('queued', 'stop-clock'),
    disconnect: go('away', 'stop-clock', 'tell-stored'),
    turn: go('pushed'),
    resend: go('pushed', 'push', 'first-pause', 'await-stored'),
    'push-due': go('pushed', 'push', 'next-pause'),
    'stored-due': go('pushed', 'tell-stored', 'told'),
    ack: go('acking', 'stop-clock'),
    'ack-stored': go('acked', 'stop-clock'),
    'ack-failed': go('pushed'),
    end: go('ended', 'stop-clock'),
  },
  acking: {
    connect: go('acking'),
    disconnect: go('acking'),
    turn: go('acking'),
    resend: go('acking'),
    'push-due': go('acking'),
    'stored-due': go('acking'),
    ack: go('acking'),
    'ack-stored': go('acked'),
    // The ack was refused, so the message is not acked: it takes its turn again.
    'ack-failed': go('queued'),
    // The commit decides. If it fails, the message takes its turn, and ends there.
    end: go('acking'),
  },
  acked: {
    connect: go('acked'),
    disconnect: go('acked'),
    turn: go('acked'),
    resend: go('acked'),
    'push-due': go('acked'),
    'stored-due': go('acked'),
    ack: go('acked'),
    'ack-stored': go('acked'),
    'ack-failed': go('acked'),
    end: go('acked'),
  },
  ended: {
    connect: go('ended'),
    disconnect: go('ended'),
    turn: go('ended'),
    resend: go('ended'),
    'push-due': go('ended'),
    'stored-due': go('ended'),
    ack: go('acking'),
    'ack-stored': go('acked'),
    'ack-failed': go('ended'),
    end: go('ended'),
  },
};

/** The server's own timers, milliseconds. A server without class `timed-redelivery` has none. */
export interface DeliveryTimings {
  redeliverAfterMs: number;
  redeliverMaxMs: number;
  /** How long the sender waits for its first receipt when the receiver is connected and silent. */
  tellStoredAfterMs: number;
}

export interface Delivery {
  readonly state: DeliveryState;
  /** How many msg:N were sent; the `attempt` of the last one. */
  readonly attempt: number;
  readonly pauseMs: number;
  /** Times of the owner's clock. Absent: nothing is due. */
  readonly pushDueAt: number | undefined;
  readonly storedDueAt: number | undefined;
}

export const newDelivery = (state: 'away' | 'queued'): Delivery => ({
  state,
  attempt: 0,
  pauseMs: 0,
  pushDueAt: undefined,
  storedDueAt: undefined,
});

/** Each pause is at most twice the last, and none is longer than the limit (IM-4.2-11). */
export const nextPause = (pauseMs: number, timings: DeliveryTimings): number =>
  Math.min(pauseMs * 2, timings.redeliverMaxMs);

type Writable<T> = { -readonly [K in keyof T]: T[K] };

const setClock = (
  delivery: Writable<Delivery>,
  effect: DeliveryEffect,
  now: number,
  timings: DeliveryTimings | undefined,
): void => {
  if (effect === 'stop-clock') {
    delivery.pushDueAt = undefined;
    delivery.storedDueAt = undefined;
  } else if (effect === 'told') {
    delivery.storedDueAt = undefined;
  } else if (timings === undefined) {
    return;
  } else if (effect === 'first-pause') {
    delivery.pauseMs = timings.redeliverAfterMs;
    delivery.pushDueAt = now + delivery.pauseMs;
  } else if (effect === 'next-pause') {
    delivery.pauseMs = nextPause(delivery.pauseMs, timings);
    delivery.pushDueAt = now + delivery.pauseMs;
  } else if (effect === 'await-stored') {
    // Kept when it is set already: a sender that re-sends again and again must not put off its own receipt.
    delivery.storedDueAt ??= now + timings.tellStoredAfterMs;
  }
};

export interface DeliveryStep {
  delivery: Delivery;
  effects: readonly DeliveryEffect[];
}

/** One step. Pure: the clock is `now`, in milliseconds of any clock that never goes back. */
export const stepDelivery = (
  delivery: Delivery,
  event: DeliveryEvent,
  now: number,
  timings?: DeliveryTimings,
): DeliveryStep => {
  const { to, effects } = DELIVERY_TABLE[delivery.state][event];
  const next: Writable<Delivery> = { ...delivery, state: to };
  for (const effect of effects) {
    if (effect === 'push') next.attempt += 1;
    setClock(next, effect, now, timings);
  }
  return { delivery: next, effects };
};

/** When this delivery next needs an event by itself. */
export const wakeAt = ({ pushDueAt, storedDueAt }: Delivery): number | undefined =>
  pushDueAt === undefined || storedDueAt === undefined ? (pushDueAt ?? storedDueAt) : Math.min(pushDueAt, storedDueAt);

/** What is due at `now`. The receipt comes first: it is about what was already pushed. */
export const dueEvents = (delivery: Delivery, now: number): DeliveryEvent[] => {
  const events: DeliveryEvent[] = [];
  if (delivery.storedDueAt !== undefined && delivery.storedDueAt <= now) events.push('stored-due');
  if (delivery.pushDueAt !== undefined && delivery.pushDueAt <= now) events.push('push-due');
  return events;
};
