import type { Socket } from 'node:net';

const isEnding = ({ writableEnded, writableFinished }: Socket): boolean => writableEnded && !writableFinished;

/**
 * Ends a TCP connection with a reset, so that its peer gets an error and no end. While its own end is still being
 * written Node cannot (`uv_tcp_close_reset` says EINVAL), and what it leaves then is no socket any more, but a handle
 * that is never closed: the peer is told nothing, and a process that has one spins instead of ending. Such a connection
 * is destroyed. `above`: the TLS socket over it, which writes the end of both.
 */
export const resetConnection = (tcp: Socket, above: Socket = tcp): void => {
  if (!isEnding(tcp) && !isEnding(above)) {
    tcp.resetAndDestroy();
    return;
  }
  above.destroy();
  tcp.destroy();
};
