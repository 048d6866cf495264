import { randomBytes } from 'node:crypto';
import { constants, deflateRawSync } from 'node:zlib';

const FIN_TEXT = 0x81;
const RSV1 = 0x40;
const MASKED = 0x80;
/** What ends each flush of the compressor, and no message carries (RFC 7692, 7.2.1). */
const FLUSH_TAIL_BYTES = 4;
/** Smaller windows the compressor of Node does not know. */
export const LEAST_WINDOW_BITS = 9;

const headOf = (bytes: number, firstByte: number): Buffer => {
  if (bytes < 126) return Buffer.from([firstByte, MASKED | bytes]);
  if (bytes < 65_536) {
    const head = Buffer.from([firstByte, MASKED | 126, 0, 0]);
    head.writeUInt16BE(bytes, 2);
    return head;
  }
  const head = Buffer.alloc(10);
  head[0] = firstByte;
  head[1] = MASKED | 127;
  head.writeBigUInt64BE(BigInt(bytes), 2);
  return head;
};

/** A text frame as a client writes it, masked. `windowBits`: compressed, with at most that window. */
export const textFrame = (text: string | Uint8Array, windowBits?: number): Buffer => {
  const plain = typeof text === 'string' ? Buffer.from(text) : text;
  const payload =
    windowBits === undefined
      ? Buffer.from(plain)
      : deflateRawSync(plain, { windowBits, finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -FLUSH_TAIL_BYTES);
  const mask = randomBytes(4);
  const masked = Buffer.alloc(payload.length);
  for (let i = 0; i < payload.length; i += 1) masked[i] = (payload[i] as number) ^ (mask[i % 4] as number);
  const head = headOf(payload.length, windowBits === undefined ? FIN_TEXT : FIN_TEXT | RSV1);
  return Buffer.concat([head, mask, masked]);
};

/** The window that the server's answer to the offer allows; undefined: nothing may be compressed. */
export const windowBitsOf = (accepted: string | undefined): number | undefined => {
  if (accepted === undefined || !/\bpermessage-deflate\b/i.test(accepted)) return undefined;
  const bits = Number(/client_max_window_bits="?(\d+)/i.exec(accepted)?.[1] ?? 15);
  return bits < LEAST_WINDOW_BITS ? undefined : bits;
};
