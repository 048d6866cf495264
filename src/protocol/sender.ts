import type { ErrorCode, ReceiptStatus } from '../../schemas/index.js';
import { RETRYABLE_CODES } from '../../schemas/wire.js';
import { go, type Table } from './table.js';

/**
 * One entry of a sender's queue (section 4.1). The entry is in durable storage before its machine starts.
 *
 * - `pending`: no msg:A yet. `accepted`: a msg:A came, no receipt yet. `stored`: told that the server holds it.
 * - `delivered`, `expired`, `refused`, `unknown`: the ends. Only `expired` is ever overruled, by `delivered`.
 */
export const SENDER_STATES = ['pending', 'accepted', 'stored', 'delivered', 'expired', 'refused', 'unknown'] as const;
export type SenderState = (typeof SENDER_STATES)[number];

export const SENDER_EVENTS = [
  'connect',
  'disconnect',
  'due',
  'ask',
  'answered',
  'refused',
  'retry-later',
  'told-stored',
  'told-expired',
  'told-delivered',
  'window-over',
] as const;
export type SenderEvent = (typeof SENDER_EVENTS)[number];

/** `send` and `report` are for the owner; `first-pause`, `next-pause`, `wait` and `stop-clock` set the clock of the entry. */
export type SenderEffect = 'send' | 'report' | 'first-pause' | 'next-pause' | 'wait' | 'stop-clock';

type Row = Readonly<Record<SenderEvent, { to: SenderState; effects: readonly SenderEffect[] }>>;

/** Until an ack:N comes, an entry is sent again and again: a msg:A alone ends nothing (IM-4.1-8). */
const sending = (state: 'pending' | 'accepted'): Row => ({
  connect: go(state, 'send', 'first-pause'),
  disconnect: go(state, 'stop-clock'),
  due: go(state, 'send', 'next-pause'),
  ask: go(state),
  answered: go('accepted'),
  refused: go('refused', 'stop-clock', 'report'),
  'retry-later': go(state, 'wait'),
  'told-stored': go('stored', 'stop-clock'),
  'told-expired': go('expired', 'stop-clock', 'report'),
  'told-delivered': go('delivered', 'stop-clock', 'report'),
  'window-over': go('unknown', 'stop-clock', 'report'),
});

const ended = (state: 'delivered' | 'expired' | 'refused' | 'unknown'): Row => ({
  connect: go(state),
  disconnect: go(state),
  due: go(state),
  ask: go(state),
  answered: go(state),
  refused: go(state),
  'retry-later': go(state),
  'told-stored': go(state),
  'told-expired': go(state),
  'told-delivered': go(state),
  'window-over': go(state),
});

export const SENDER_TABLE: Table<SenderState, SenderEvent, SenderEffect> = {
  pending: sending('pending'),
  accepted: sending('accepted'),
  stored: {
    // Asks once on each connection what became of the message; no timer runs.
    connect: go('stored', 'send'),
    disconnect: go('stored'),
    due: go('stored'),
    ask: go('stored', 'send'),
    answered: go('stored'),
    // A refused question says nothing about the message, which is known to be stored.
    refused: go('stored'),
    'retry-later': go('stored'),
    'told-stored': go('stored'),
    'told-expired': go('expired', 'report'),
    'told-delivered': go('delivered', 'report'),
    'window-over': go('unknown', 'report'),
  },
  delivered: ended('delivered'),
  // The ack:R was on its way when the message expired: delivered wins.
  expired: { ...ended('expired'), 'told-delivered': go('delivered', 'report') },
  refused: ended('refused'),
  // A late receipt is still the truth.
  unknown: {
    ...ended('unknown'),
    'told-delivered': go('delivered', 'report'),
    'told-expired': go('expired', 'report'),
  },
};

/** Milliseconds. `jitter` is the share by which a pause may be longer or shorter. */
export const SENDER_TIMINGS = { firstPauseMs: 2_000, maxPauseMs: 60_000, jitter: 0.2, windowMs: 86_400_000 } as const;
export type SenderTimings = { readonly [K in keyof typeof SENDER_TIMINGS]: number };

export interface SenderEntry {
  readonly state: SenderState;
  readonly firstSentAt: number | undefined;
  readonly pauseMs: number;
  /** When `due` is to come, by the owner's clock. */
  readonly dueAt: number | undefined;
}

export const newSenderEntry = (): SenderEntry => ({
  state: 'pending',
  firstSentAt: undefined,
  pauseMs: 0,
  dueAt: undefined,
});

export interface SenderContext {
  now: number;
  /** A fresh random number, from 0 to below 1. */
  random: number;
  /** From the error of a refusal. */
  retryAfterMs?: number;
  timings?: SenderTimings;
}

const jittered = (pauseMs: number, random: number, { jitter, maxPauseMs }: SenderTimings): number =>
  Math.min(pauseMs * (1 + jitter * (2 * random - 1)), maxPauseMs);

/** The retry window is over: asking and sending end (IM-4.1-9). */
export const isWindowOver = (entry: SenderEntry, now: number, timings: SenderTimings = SENDER_TIMINGS): boolean =>
  entry.firstSentAt !== undefined && now - entry.firstSentAt >= timings.windowMs;

/** What a packet from the server means to its entry. */
export const refusalEvent = (code: ErrorCode): 'refused' | 'retry-later' =>
  RETRYABLE_CODES.has(code) ? 'retry-later' : 'refused';
export const receiptEvent = (status: ReceiptStatus): SenderEvent => `told-${status}`;

/** One step. Pure. Whatever would send after the retry window ends the entry instead. */
export const stepSender = (
  entry: SenderEntry,
  asked: SenderEvent,
  context: SenderContext,
): { entry: SenderEntry; effects: readonly SenderEffect[] } => {
  const { now, random, retryAfterMs = 0, timings = SENDER_TIMINGS } = context;
  const sends = SENDER_TABLE[entry.state][asked].effects.includes('send');
  const event = sends && isWindowOver(entry, now, timings) ? 'window-over' : asked;
  const { to, effects } = SENDER_TABLE[entry.state][event];
  let { firstSentAt, pauseMs, dueAt } = entry;
  for (const effect of effects) {
    if (effect === 'send') firstSentAt ??= now;
    if (effect === 'stop-clock') dueAt = undefined;
    if (effect === 'first-pause') pauseMs = timings.firstPauseMs;
    if (effect === 'next-pause') pauseMs = Math.min(pauseMs * 2, timings.maxPauseMs);
    if (effect === 'first-pause' || effect === 'next-pause') dueAt = now + jittered(pauseMs, random, timings);
    if (effect === 'wait') dueAt = now + Math.max(retryAfterMs, jittered(pauseMs, random, timings));
  }
  return { entry: { state: to, firstSentAt, pauseMs, dueAt }, effects };
};
