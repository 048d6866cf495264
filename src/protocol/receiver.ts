import { go, type Table } from './table.js';

/**
 * One message id (from, msgId) at a receiver (section 4.3).
 *
 * - `unknown`: never seen, or seen, acked, settled and forgotten.
 * - `owed`: handed to the application; the id and the ack:R that is owed are in durable storage.
 */
export const RECEIVER_STATES = ['unknown', 'owed'] as const;
export type ReceiverState = (typeof RECEIVER_STATES)[number];

export const RECEIVER_EVENTS = ['pushed', 'connect', 'disconnect', 'due', 'settled', 'retry-later'] as const;
export type ReceiverEvent = (typeof RECEIVER_EVENTS)[number];

/**
 * `hand-over` gives the message to the application and records id and owed ack:R, all in one durable step (IM-4.3-2).
 * `forget` removes the record. `send-ack` sends an ack:R with a fresh rid. The others set the clock.
 */
export type ReceiverEffect = 'hand-over' | 'send-ack' | 'forget' | 'first-pause' | 'next-pause' | 'wait' | 'stop-clock';

export const RECEIVER_TABLE: Table<ReceiverState, ReceiverEvent, ReceiverEffect> = {
  unknown: {
    pushed: go('owed', 'hand-over', 'send-ack', 'first-pause'),
    connect: go('unknown'),
    disconnect: go('unknown'),
    due: go('unknown'),
    settled: go('unknown'),
    'retry-later': go('unknown'),
  },
  owed: {
    // Not new to the application, but the server did not hear the ack.
    pushed: go('owed', 'send-ack', 'first-pause'),
    connect: go('owed', 'send-ack', 'first-pause'),
    disconnect: go('owed', 'stop-clock'),
    due: go('owed', 'send-ack', 'next-pause'),
    settled: go('unknown', 'stop-clock', 'forget'),
    'retry-later': go('owed', 'wait'),
  },
};

/** Milliseconds. */
export const RECEIVER_TIMINGS = { firstPauseMs: 2_000, maxPauseMs: 60_000 } as const;
export type ReceiverTimings = { readonly [K in keyof typeof RECEIVER_TIMINGS]: number };

export interface ReceiverEntry {
  readonly state: ReceiverState;
  readonly pauseMs: number;
  readonly dueAt: number | undefined;
}

export const newReceiverEntry = (): ReceiverEntry => ({ state: 'unknown', pauseMs: 0, dueAt: undefined });

/** What an ack:A means: `unknown-message` settles it too, anything retryable does not. */
export const ackAnswerEvent = (status: 'ok' | 'duplicate' | 'rejected', code?: string): 'settled' | 'retry-later' =>
  status !== 'rejected' || code === 'unknown-message' ? 'settled' : 'retry-later';

/** One step. Pure. */
export const stepReceiver = (
  entry: ReceiverEntry,
  event: ReceiverEvent,
  {
    now,
    retryAfterMs = 0,
    timings = RECEIVER_TIMINGS,
  }: { now: number; retryAfterMs?: number; timings?: ReceiverTimings },
): { entry: ReceiverEntry; effects: readonly ReceiverEffect[] } => {
  const { to, effects } = RECEIVER_TABLE[entry.state][event];
  let { pauseMs, dueAt } = entry;
  for (const effect of effects) {
    if (effect === 'stop-clock') dueAt = undefined;
    if (effect === 'first-pause') pauseMs = timings.firstPauseMs;
    if (effect === 'next-pause') pauseMs = Math.min(pauseMs * 2, timings.maxPauseMs);
    if (effect === 'first-pause' || effect === 'next-pause') dueAt = now + pauseMs;
    if (effect === 'wait') dueAt = now + Math.max(retryAfterMs, pauseMs);
  }
  return { entry: { state: to, pauseMs, dueAt }, effects };
};
