import { type Message, mayBeStored } from './message.js';
import type { World } from './world.js';

/** Between these two times, by the clock of the kit, the lifetime of a message ends. */
export interface Lifetime {
  readonly ttlMs: number;
  readonly from: number;
  readonly to: number;
}

/** Servers count whole milliseconds. */
export const ROUNDING_MS = 2;

/** Whether the msg:R of the message is known to have had no ttlMs. */
export const isImmortal = (message: Message): boolean =>
  message.variants.every((variant) => !variant.wild && variant.ttl === 0);

/**
 * The lifetime of a message of which it is known. It began when the server accepted it: after the msg:R was sent, and
 * before the msg:A arrived. Without class `expiry` no message has one.
 */
export const lifetimeOf = (world: World, message: Message): Lifetime | undefined => {
  if (world.expiry === undefined) return undefined;
  const { variants, tries } = message;
  const variant = message.stored >= 0 ? variants[message.stored] : variants.length === 1 ? variants[0] : undefined;
  const ttlMs = variant?.ttlMs;
  if (ttlMs === undefined) return undefined;
  const accepted = tries.find((attempt) => attempt.answer === 'accepted') ?? tries.find(mayBeStored);
  if (accepted === undefined) return undefined;
  const to = message.promisedLine < 0 ? Number.POSITIVE_INFINITY : message.promisedAt + ttlMs;
  return { ttlMs, from: accepted.at + ttlMs - ROUNDING_MS, to: to + ROUNDING_MS };
};

/** The lifetime has surely ended, and no device has acked: a question must bring `expired`. */
export const hasExpired = (world: World, message: Message): boolean => {
  if (message.acks.length > 0 || message.told !== undefined) return false;
  const lifetime = lifetimeOf(world, message);
  return lifetime !== undefined && world.at > lifetime.to;
};

/** The lifetime may have ended. */
export const mayHaveExpired = (world: World, message: Message): boolean => {
  const lifetime = lifetimeOf(world, message);
  return lifetime !== undefined && world.at >= lifetime.from;
};
