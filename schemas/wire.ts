/**
 * Constants of the protocol without their schemas: a server that starts needs these, and TypeBox only costs it time.
 * Lengths are characters, times are milliseconds.
 */
export const WIRE = {
  subprotocol: 'im.ran.v1',
  idMaxLength: 64,
  deviceMaxLength: 32,
  ttlMaxMs: 31_536_000_000,
  /** Bytes of UTF-8 that every server accepts as a body. */
  bodyBytes: 65_536,
  /** Bytes of one text frame that every server accepts. */
  frameBytes: 524_288,
} as const;

/** WebSocket close codes that the protocol gives a meaning. */
export const CLOSE = {
  goingAway: 1001,
  unsupportedData: 1003,
  invalidUtf8: 1007,
  tokenExpired: 1008,
  tooLarge: 1009,
  badPacket: 4400,
  replaced: 4409,
  tooSlow: 4413,
  tooManyRequests: 4429,
} as const;

export const ERROR_CODES = [
  'invalid-packet',
  'body-too-large',
  'unknown-recipient',
  'not-allowed',
  'id-conflict',
  'unknown-message',
  'inbox-full',
  'busy',
  'internal',
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

/** Codes after which the same R may succeed later. */
export const RETRYABLE_CODES: ReadonlySet<ErrorCode> = new Set(['inbox-full', 'busy', 'internal']);

/** The six packets in the order in which one message needs them. */
export type PacketType = 'msg:R' | 'msg:A' | 'msg:N' | 'ack:R' | 'ack:A' | 'ack:N';
export const PACKET_TYPES: PacketType[] = ['msg:R', 'msg:A', 'msg:N', 'ack:R', 'ack:A', 'ack:N'];

/** Packets that a client may send: `msg:R` and `ack:R`. */
export const CLIENT_PACKETS: ReadonlySet<PacketType> = new Set(['msg:R', 'ack:R']);
/** Packets that a server may send: `msg:A`, `msg:N`, `ack:A` and `ack:N`. */
export const SERVER_PACKETS: ReadonlySet<PacketType> = new Set(['msg:A', 'msg:N', 'ack:A', 'ack:N']);

export const SERVER_CLASSES = [
  'core',
  'timed-redelivery',
  'durable',
  'ordered',
  'expiry',
  'multi-device',
  'flow-control',
  'secured',
  'encrypted',
  'observable',
  'replicated',
] as const;
/** What a server may claim to conform to. */
export type ServerClass = (typeof SERVER_CLASSES)[number];
/** What a client may claim: `core` is what every client must do, the next two are its sides. */
export const CLIENT_CLASSES = ['core', 'sender', 'receiver', 'durable'] as const;
/** What a client may claim to conform to. */
export type ClientClass = (typeof CLIENT_CLASSES)[number];

/** What a subject of any role may claim. */
export type SubjectClass = ServerClass | ClientClass;
export const SUBJECT_CLASSES: readonly SubjectClass[] = [...new Set([...SERVER_CLASSES, ...CLIENT_CLASSES])];

/** The user that speaks with the bot of a client under test. */
export const CONDUCTOR = 'conductor';

/** The timers that a client may declare, and what the kit assumes of one that it does not declare. Milliseconds. */
export const CLIENT_TIMERS = {
  resendAfterMs: 2_000,
  resendMaxMs: 60_000,
  retryWindowMs: 86_400_000,
  reconnectAfterMs: 1_000,
  reconnectMaxMs: 60_000,
  deadAfterMs: 30_000,
} as const;
export type ClientTimers = Record<keyof typeof CLIENT_TIMERS, number>;

/** What one process alone can claim: all but `replicated`, which takes several nodes. */
export type SingleClass = Exclude<ServerClass, 'replicated'>;
export const SINGLE_CLASSES: readonly SingleClass[] = SERVER_CLASSES.filter(
  (name): name is SingleClass => name !== 'replicated',
);

/** The timers a server may declare, and what the kit assumes of one that it does not declare. Milliseconds. */
export const DEFAULT_TIMERS = {
  answerWithinMs: 5_000,
  redeliverAfterMs: 5_000,
  redeliverMaxMs: 60_000,
  deadAfterMs: 30_000,
  dedupWindowMs: 604_800_000,
} as const;
export type TimerName = keyof typeof DEFAULT_TIMERS;
export type Timers = Record<TimerName, number> & { failoverMs?: number; clockSkewMs?: number };
/** What the kit assumes of a server of class `replicated` that does not declare it. Milliseconds. */
export const DEFAULT_FAILOVER_MS = 15_000;
