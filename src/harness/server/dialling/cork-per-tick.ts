import type { Socket } from 'node:net';

/**
 * Gathers what is written to one socket in one go: it then costs one system call, and not one for each frame. It leaves
 * before any promise goes on, so that a step that kills the subject finds the frames of the step before on their way.
 * `flush` is for whatever must not overtake these frames, such as a reset.
 */
export class CorkPerTick {
  #corked: Socket | undefined;

  /** To be called before each write. */
  touch(socket: Socket | undefined): void {
    if (socket === undefined || this.#corked !== undefined) return;
    this.#corked = socket;
    socket.cork();
    queueMicrotask(() => this.flush());
  }

  /** Gives all that was written to the operating system. */
  flush(): void {
    const socket = this.#corked;
    this.#corked = undefined;
    socket?.uncork();
  }
}
