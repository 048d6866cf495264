import type { Refusal } from '../../../../schemas/index.js';

/**
 * Why the WebSocket library gave up an upgrade that had no HTTP status. It tells that by its message only, so nobody
 * else reads its messages.
 */
export const refusalOf = ({ message }: Error): Exclude<Refusal, 'status' | 'form' | 'kit'> => {
  if (/^Server sent (no|an invalid) subprotocol/.test(message)) return 'subprotocol';
  return /handshake has timed out/.test(message) ? 'timeout' : 'network';
};
