import type { Socket } from 'node:net';
import type { HugeFrame } from '../../../play/index.js';

const CHUNK = Buffer.alloc(65_536, 'x');

/** The head of a masked text frame of that many bytes. The mask is zero, so that the bytes stand as they are. */
const headOf = (bytes: number): Buffer => {
  const head = Buffer.alloc(14);
  head[0] = 0x81;
  head[1] = 0xff;
  head.writeBigUInt64BE(BigInt(bytes), 2);
  return head;
};

/**
 * Writes one text frame, piece by piece and no faster than the server takes it: a frame of many megabytes would keep
 * the kit from everything else, and most of it need not be written, because a server ends the connection at its head.
 */
export const streamFrame = (socket: Socket, { bytes, head, tail }: HugeFrame): void => {
  let left = bytes - head.length - tail.length;
  const go = (): void => {
    while (left > 0 && socket.writable) {
      const size = Math.min(left, CHUNK.length);
      left -= size;
      if (!socket.write(CHUNK.subarray(0, size))) {
        socket.once('drain', go);
        return;
      }
    }
    if (socket.writable) socket.write(tail);
  };
  socket.write(headOf(bytes));
  socket.write(head);
  go();
};
