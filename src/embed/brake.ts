import { setMaxListeners } from 'node:events';
import { count, duration } from '../report/words.js';

/** What ends a run before everything was played. */
export interface RunLimits {
  /** So many failures that are certain. */
  bail: number | undefined;
  /** Milliseconds after the first scenario began. */
  maxTimeMs: number | undefined;
}

/** Ends the run when a limit is reached, and knows which one it was. */
export class Brake {
  readonly #limits: RunLimits;
  readonly #controller = new AbortController();
  readonly #failed = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  /** Why the run was ended, in one sentence. */
  why: string | undefined;

  constructor(limits: RunLimits) {
    this.#limits = limits;
    setMaxListeners(0, this.#controller.signal);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  begin(): void {
    const { maxTimeMs } = this.#limits;
    if (maxTimeMs === undefined) return;
    this.#timer = setTimeout(
      () => this.#pull(`the run was ended after ${duration(maxTimeMs)}, as --max-time says`),
      maxTimeMs,
    );
    this.#timer.unref();
  }

  failed(id: string): void {
    const { bail } = this.#limits;
    this.#failed.add(id);
    if (bail === undefined || this.#failed.size < bail) return;
    this.#pull(`the run was ended after ${count(this.#failed.size, 'failure')}, as --bail says`);
  }

  end(): void {
    clearTimeout(this.#timer);
  }

  #pull(why: string): void {
    this.why ??= why;
    this.#controller.abort();
  }
}
