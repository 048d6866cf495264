import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

/** Lets the event loop turn once: sockets are read and written. */
export const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Thrown into everything that waits when the run is interrupted. */
export class Interrupted extends Error {
  override name = 'Interrupted';
}

/**
 * Waiting without polling: whoever changes something calls `notify`, and each waiter looks again.
 * When a bound has passed, sockets get two more turns first: after a stall of the kit's own event loop, timers fire
 * before the packets that arrived in time are read, and that must not count against the subject.
 */
export class Waits {
  readonly #waiters = new Set<() => void>();
  readonly #signal: AbortSignal;

  constructor(signal: AbortSignal) {
    // A signal of its own: it goes with the stage, and however many wait here, the caller's signal has one listener.
    this.#signal = AbortSignal.any([signal]);
    setMaxListeners(0, this.#signal);
    this.#signal.addEventListener('abort', () => this.notify(), { once: true });
  }

  notify(): void {
    for (const look of [...this.#waiters]) look();
  }

  /** Resolves with true as soon as `done` says so, with false after `boundMs`. Throws Interrupted. */
  async until(done: () => boolean, boundMs: number): Promise<boolean> {
    this.throwIfInterrupted();
    if (done()) return true;
    let look = () => {};
    let timer: NodeJS.Timeout | undefined;
    const inTime = await new Promise<boolean>((resolve) => {
      look = () => {
        if (this.#signal.aborted || done()) resolve(true);
      };
      this.#waiters.add(look);
      timer = setTimeout(() => resolve(false), boundMs);
    });
    clearTimeout(timer);
    this.#waiters.delete(look);
    this.throwIfInterrupted();
    if (inTime) return true;
    await nextTurn();
    await nextTurn();
    return done();
  }

  /** Lets time pass. Throws Interrupted. */
  async pause(ms: number): Promise<void> {
    this.throwIfInterrupted();
    try {
      await sleep(ms, undefined, { signal: this.#signal });
    } catch {
      this.throwIfInterrupted();
    }
  }

  throwIfInterrupted(): void {
    if (this.#signal.aborted) throw new Interrupted('the run was interrupted');
  }
}
