import type { Socket } from 'node:net';

/** The head of a frame of a client: two bytes, the length where it is longer than those can say, and the mask. */
const headBytesOf = (frame: Buffer): number => {
  const length = (frame[1] ?? 0) & 0x7f;
  return length < 126 ? 6 : length === 126 ? 8 : 14;
};
/** Long enough for the server to read each byte by itself, as over a network that cuts anywhere. */
const EVERY_MS = 2;

/** Writes the heads of frames byte by byte. What is written meanwhile waits for its turn. */
export class Dripper {
  readonly #waiting: (() => void)[] = [];
  #dripping = false;

  write(socket: Socket, frame: Buffer): void {
    this.#dripping = true;
    const headBytes = headBytesOf(frame);
    let at = 0;
    const timer = setInterval(() => {
      if (!socket.writable) at = frame.length;
      else if (at < headBytes) socket.write(frame.subarray(at, at + 1));
      else socket.write(frame.subarray(at));
      at = at < headBytes ? at + 1 : frame.length;
      if (at < frame.length) return;
      clearInterval(timer);
      this.#dripping = false;
      while (!this.#dripping) {
        const next = this.#waiting.shift();
        if (next === undefined) return;
        next();
      }
    }, EVERY_MS);
  }

  /** Acts now, or after all that drips. */
  follow(act: () => void): void {
    if (this.#dripping) this.#waiting.push(act);
    else act();
  }
}
