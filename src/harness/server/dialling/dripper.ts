import type { Socket } from 'node:net';

/** More bytes than the head of any frame of a client has. */
const HEAD_BYTES = 14;
/** Long enough for the server to read each byte by itself, as over a network that cuts anywhere. */
const EVERY_MS = 2;

/** Writes the heads of frames byte by byte. What is written meanwhile waits for its turn. */
export class Dripper {
  readonly #waiting: (() => void)[] = [];
  #dripping = false;

  write(socket: Socket, frame: Buffer): void {
    this.#dripping = true;
    let at = 0;
    const timer = setInterval(() => {
      if (!socket.writable) at = frame.length;
      else if (at < HEAD_BYTES) socket.write(frame.subarray(at, at + 1));
      else socket.write(frame.subarray(at));
      at = at < HEAD_BYTES ? at + 1 : frame.length;
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
