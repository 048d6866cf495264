import type { ConformanceEvent } from './events.js';

/**
 * Events between a run and its reader. The run never waits for the reader: the timers of the subject go on. What is
 * unread stays bounded all the same: a few events for each scenario, and one about progress.
 */
export class EventQueue {
  readonly #events: ConformanceEvent[] = [];
  #wake: () => void = () => {};
  #ended = false;
  #error: { cause: unknown } | undefined;

  push(event: ConformanceEvent): void {
    if (this.#ended) return;
    if (event.type === 'progress' && this.#events.at(-1)?.type === 'progress') this.#events.pop();
    this.#events.push(event);
    this.#wake();
  }

  /** Nothing more will come; what is unread can still be read, and then the error is thrown, where there is one. */
  end(error?: { cause: unknown }): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    this.#wake();
  }

  async next(): Promise<IteratorResult<ConformanceEvent, undefined>> {
    while (this.#events.length === 0 && !this.#ended) {
      await new Promise<void>((resolve) => {
        const wakeOther = this.#wake;
        this.#wake = () => {
          wakeOther();
          resolve();
        };
      });
      this.#wake = () => {};
    }
    const event = this.#events.shift();
    if (event !== undefined) return { done: false, value: event };
    const error = this.#error;
    this.#error = undefined;
    if (error !== undefined) throw error.cause;
    return { done: true, value: undefined };
  }
}
