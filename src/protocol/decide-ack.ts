import type { ErrorCode } from '../../schemas/index.js';

/**
 * What the look-up of (user of the connection, serverMsgId) found in the inbox of that user. A message of somebody
 * else is `nothing`: a foreign ack gets the same answer as one for an id that never was (IM-4.2-12).
 */
export type AckFound = 'nothing' | 'unacked' | 'acked' | 'expired';

export type AckVerdict = { status: 'ok' } | { status: 'duplicate' } | { status: 'rejected'; code: ErrorCode };

export const ACK_VERDICTS: Readonly<Record<AckFound, AckVerdict>> = {
  nothing: { status: 'rejected', code: 'unknown-message' },
  unacked: { status: 'ok' },
  acked: { status: 'duplicate' },
  // Only a push can have told the receiver this id, so the application has the message: the ack was late (IM-4.2-43).
  expired: { status: 'ok' },
};

/** Decides on a valid ack:R. `ok` holds once the store says so. */
export const decideAck = (found: AckFound): AckVerdict => ACK_VERDICTS[found];

/** A clock may go back; a receipt before the acceptance of its message would be nonsense (IM-2-19). */
export const deliveredAt = (acceptedAt: number, now: number): number => Math.max(acceptedAt, now);
