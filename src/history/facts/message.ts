import type { MsgR } from '../../../schemas/index.js';
import { hash32, ttlTag } from '../record/hash.js';
import type { MessageKey } from '../terms/judgement.js';
import type { Connection, Device, User } from './connection.js';

/** One content that was sent under a msgId. Of a message that was folded only the hash of the body is left. */
export interface Variant {
  readonly to: string;
  readonly body: string | undefined;
  readonly bodyHash: number;
  readonly ttl: number;
  /** Undefined without one, and of a message that was folded. */
  readonly ttlMs: number | undefined;
  /** From a raw frame whose content is not known: compares equal to everything. */
  readonly wild: boolean;
}

/** One msg:R. `lost`: it may or may not have been stored, no answer can come. */
export interface MsgAttempt {
  readonly connection: Connection | undefined;
  readonly variant: number;
  readonly at: number;
  readonly line: number;
  answer: 'open' | 'lost' | 'accepted' | 'duplicate' | 'conflict' | 'refused';
  answeredAt: number;
  answeredLine: number;
  readonly raw: boolean;
  /** Had fields that the protocol does not know. */
  readonly extra: boolean;
  /** Sent when the message was known to have ended so: asks for that receipt. */
  readonly query: 'delivered' | 'expired' | undefined;
}

/** One ack:R of the recipient. */
export interface AckAttempt {
  readonly device: Device;
  readonly at: number;
  readonly line: number;
  answer: 'open' | 'lost' | 'ok' | 'duplicate' | 'rejected';
  answeredLine: number;
}

/** Where and when something was first received: a connection, and how many had begun by then. */
export interface Mark {
  readonly device: Device;
  readonly serial: number;
  readonly openings: number;
  readonly at: number;
  readonly line: number;
}

export interface PushMark {
  readonly device: Device;
  readonly serial: number;
  at: number;
  line: number;
  /** Pushes in a row without a re-sending between them. */
  unasked: number;
}

export interface ReceiptMark extends Mark {
  rank: number;
}

/** Everything known of one message that is not folded. */
export interface TrackedMessage {
  readonly from: User;
  /** A stand-in, see isStandIn, while only the serverMsgId of a folded message is known. */
  msgId: string;
  /** Slot in the compact store if it was folded before, else -1. */
  slot: number;
  /** Next message of the same msgId, of another user. */
  next: TrackedMessage | undefined;
  serverMsgId: string | undefined;
  serverMsgIdLow: number;
  serverMsgIdHigh: number;
  hasServerMsgId: boolean;
  readonly variants: Variant[];
  readonly attempts: MsgAttempt[];
  readonly acks: AckAttempt[];
  readonly ackedBy: Mark[];
  /** Index of the variant that the server is known to hold, or -1. */
  stored: number;
  /** First line after which the server is known to hold the message. */
  evidenceLine: number;
  /** First `accepted` or `duplicate`. */
  promisedAt: number;
  promisedLine: number;
  acceptedAt: number | undefined;
  readonly pushes: PushMark[];
  readonly handed: { device: Device; at: number; line: number; times: number }[];
  readonly receipts: ReceiptMark[];
  /** Line of the newest `stored`, on whichever connection; -1: none came. */
  storedLine: number;
  told: Mark | undefined;
  expired: boolean;
  /** R packets of this message that can still be answered, and queries that still wait. */
  open: number;
  /** An invalid packet was about this message: what follows from it is not judged again. */
  spoiled: boolean;
  /** Requirements that are counted once a message have been counted. */
  counted: boolean;
}

export const newMessage = (from: User, msgId: string): TrackedMessage => ({
  from,
  msgId,
  slot: -1,
  next: undefined,
  serverMsgId: undefined,
  serverMsgIdLow: 0,
  serverMsgIdHigh: 0,
  hasServerMsgId: false,
  variants: [],
  attempts: [],
  acks: [],
  ackedBy: [],
  stored: -1,
  evidenceLine: Number.POSITIVE_INFINITY,
  promisedAt: -1,
  promisedLine: -1,
  acceptedAt: undefined,
  pushes: [],
  handed: [],
  receipts: [],
  storedLine: -1,
  told: undefined,
  expired: false,
  open: 0,
  spoiled: false,
  counted: false,
});

/** `#` is no character of a msgId. */
export const isStandIn = (msgId: string): boolean => msgId.startsWith('#');

export const aboutOf = (message: TrackedMessage): MessageKey | undefined =>
  isStandIn(message.msgId) ? undefined : { from: message.from.name, msgId: message.msgId };

/** The message for people: its msgId, or of one that was folded what else is known. */
export const nameOf = (message: TrackedMessage): string =>
  isStandIn(message.msgId) ? `the message [${message.serverMsgId ?? '?'}]` : message.msgId;

/** The serial of the connection that was the newest of a device when so many had begun; 0 if there was none. */
export const newestOf = (device: Device, openings: number): number => {
  for (let i = device.serials.length - 1; i >= 0; i -= 1) {
    const serial = device.serials[i] as number;
    if (serial <= openings) return serial;
  }
  return 0;
};

const sameBody = (variant: Variant, body: string): boolean =>
  variant.wild || (variant.body === undefined ? variant.bodyHash === hash32(body) : variant.body === body);

/** Index of the variant with the content of a msg:R; added if it is new. */
export const variantOf = (message: TrackedMessage, packet: Pick<MsgR, 'to' | 'body' | 'ttlMs'>): number => {
  const ttl = ttlTag(packet.ttlMs);
  const variants = message.variants;
  for (let i = 0; i < variants.length; i += 1) {
    const variant = variants[i] as Variant;
    if (!variant.wild && variant.to === packet.to && variant.ttl === ttl && sameBody(variant, packet.body)) return i;
  }
  variants.push({ to: packet.to, body: packet.body, bodyHash: 0, ttl, ttlMs: packet.ttlMs, wild: false });
  return variants.length - 1;
};

export const isSentTo = (message: TrackedMessage, user: string): boolean =>
  message.variants.some((variant) => variant.wild || variant.to === user);

/** Whether the user is the recipient, as far as is known. */
export const isRecipient = (message: TrackedMessage, user: string): boolean => {
  const stored = message.variants[message.stored];
  return stored === undefined || stored.wild ? isSentTo(message, user) : stored.to === user;
};

export const recipientOf = (message: TrackedMessage): string =>
  (message.variants[message.stored] ?? message.variants[0])?.to ?? '?';

/** Indexes of the variants that a push to that user with that body can be of. */
export const variantsPushed = (message: TrackedMessage, user: string, body: string): number[] => {
  const found: number[] = [];
  for (let i = 0; i < message.variants.length; i += 1) {
    const variant = message.variants[i] as Variant;
    if (variant.wild || (variant.to === user && sameBody(variant, body))) found.push(i);
  }
  return found;
};

/** Whether a msg:R may have left a record at the server. */
export const mayBeStored = (attempt: MsgAttempt): boolean =>
  attempt.answer !== 'refused' && attempt.answer !== 'conflict';
