import type { PacketType } from '../../schemas/index.js';

/** What could be read of a frame that holds no valid packet. */
export interface BadPacket {
  type?: PacketType;
  rid?: string;
}

/**
 * What a server does with a frame that is no valid R: an R with a usable `rid` gets its one A, everything else ends
 * the connection with 4400 (IM-2-13, IM-2-14).
 */
export const judgeBadPacket = ({ type, rid }: BadPacket): 'refuse-message' | 'refuse-ack' | 'close' => {
  if (rid === undefined) return 'close';
  if (type === 'msg:R') return 'refuse-message';
  if (type === 'ack:R') return 'refuse-ack';
  return 'close';
};
