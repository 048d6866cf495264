import type { Facts } from '../../../facts/facts.js';
import { mayBeStored, type TrackedMessage, type Variant } from '../../../facts/message.js';
import type { Lifetime } from '../../../facts/policies.js';

/** Servers count whole milliseconds. */
const ROUNDING_MS = 2;

/** Whether the msg:R of the message is known to have had no ttlMs. */
export const isImmortal = (message: TrackedMessage): boolean =>
  message.variants.every((variant) => !variant.wild && variant.ttl === 0);

/** The content that the server holds, where there can be no other. */
export const knownVariant = ({ stored, variants }: TrackedMessage): Variant | undefined => {
  if (stored >= 0) return variants[stored];
  return variants.length === 1 ? variants[0] : undefined;
};

/** It began when the server accepted the message: after the msg:R was sent, and before the msg:A arrived. */
export const lifetimeOf = (message: TrackedMessage): Lifetime | undefined => {
  const ttlMs = knownVariant(message)?.ttlMs;
  if (ttlMs === undefined) return undefined;
  const { attempts } = message;
  const accepted = attempts.find((attempt) => attempt.answer === 'accepted') ?? attempts.find(mayBeStored);
  if (accepted === undefined) return undefined;
  const to = message.promisedLine < 0 ? Number.POSITIVE_INFINITY : message.promisedAt + ttlMs;
  return { ttlMs, from: accepted.at + ttlMs - ROUNDING_MS, to: to + ROUNDING_MS };
};

/** The lifetime may have ended. */
export const mayHaveExpired = ({ at }: Facts, message: TrackedMessage): boolean => {
  const lifetime = lifetimeOf(message);
  return lifetime !== undefined && at >= lifetime.from;
};
