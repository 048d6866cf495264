import type { Socket } from 'node:net';

/** Node tells how much the operating system has taken nowhere else. */
interface RawSocket extends Socket {
  _handle?: { writeQueueSize?: number } | null;
  /** Below TLS. */
  _parent?: RawSocket | null;
}

/**
 * Another text whenever bytes have left since: what has left this process, and what is still in the queue of the
 * operating system's writer. With TLS that is the queue of the socket below: the upper one counts a write as a whole, and
 * would seem to stand still until its last byte.
 */
export const writeProgress = (socket: RawSocket): string => {
  const { _handle: handle } = socket._parent ?? socket;
  return `${socket.bytesWritten - socket.writableLength} ${handle?.writeQueueSize ?? 0}`;
};
