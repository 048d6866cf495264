import type { ClientEvent, ClientEvents } from './types.js';

type Listener<K extends keyof ClientEvents> = (data: ClientEvents[K]) => void;

/** Tells listeners what happens. A listener that throws harms nobody else: its error surfaces on its own. */
export class Emitter {
  readonly #listeners = new Set<(event: ClientEvent) => void>();

  onAny(listener: (event: ClientEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  on<K extends keyof ClientEvents>(kind: K, listener: Listener<K>): () => void {
    return this.onAny((event) => {
      if (event.kind === kind) listener(event.data as ClientEvents[K]);
    });
  }

  emit(event: ClientEvent): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(event);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}

/** What is pushed comes out of the iteration, in order; what nobody has taken yet waits. */
export class Stream<T> implements AsyncIterableIterator<T> {
  #items: T[] = [];
  #takers: ((result: IteratorResult<T>) => void)[] = [];
  #isDone = false;
  readonly #onReturn: () => void;

  constructor(onReturn: () => void) {
    this.#onReturn = onReturn;
  }

  push(item: T): void {
    if (this.#isDone) return;
    const taker = this.#takers.shift();
    if (taker) taker({ value: item, done: false });
    else this.#items.push(item);
  }

  end(): void {
    this.#isDone = true;
    for (const taker of this.#takers.splice(0)) taker({ value: undefined, done: true });
  }

  next(): Promise<IteratorResult<T>> {
    if (this.#items.length > 0) return Promise.resolve({ value: this.#items.shift() as T, done: false });
    if (this.#isDone) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve) => this.#takers.push(resolve));
  }

  return(): Promise<IteratorResult<T>> {
    this.#items = [];
    this.end();
    this.#onReturn();
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
