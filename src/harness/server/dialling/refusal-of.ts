import type { Refusal } from '../../../../schemas/index.js';

/**
 * Why the WebSocket library gave up an upgrade that had no HTTP status. It tells that by its message only, so nobody
 * else reads its messages.
 */
export const refusalOf = ({ message }: Error): Exclude<Refusal, 'status' | 'form' | 'kit'> => {
  if (/^Server sent (no|an invalid) subprotocol/.test(message)) return 'subprotocol';
  return /handshake has timed out/.test(message) ? 'timeout' : 'network';
};

/** What `Retry-After` asks for, in seconds or as a date; undefined: nothing that can be read. */
export const retryAfterMs = (header: string | undefined, now: number): number | undefined => {
  if (header === undefined) return undefined;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1_000;
  // Any number with a sign is a date to the engine.
  const at = /[a-z]/i.test(header) ? Date.parse(header) : Number.NaN;
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
};
