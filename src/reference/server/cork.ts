import type { Socket } from 'node:net';

/** Gathers what is written to many sockets in one go: each socket then costs one system call, not one for each frame. */
export class CorkGroup {
  readonly #corked = new Set<Socket>();
  #gathering = false;

  gather(write: () => void): void {
    this.#gathering = true;
    try {
      write();
    } finally {
      this.#gathering = false;
      for (const socket of this.#corked) socket.uncork();
      this.#corked.clear();
    }
  }

  /** To be called before each write to the socket. */
  touch(socket: Socket): void {
    if (!this.#gathering || this.#corked.has(socket)) return;
    socket.cork();
    this.#corked.add(socket);
  }
}
