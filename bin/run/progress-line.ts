import { inert } from '../../src/report/index.js';

/** What the line shows. */
export interface ProgressView {
  done: number;
  total: number;
  running: readonly string[];
  elapsedMs: number;
}

const CLEAR = '\r\u001b[K';

/** The text of the line, cut to the width of the terminal: a wrapped line could not be cleared. */
export const progressText = ({ done, total, running, elapsedMs }: ProgressView, columns: number): string => {
  const [first] = running;
  const others = running.length > 1 ? ` and ${running.length - 1} more` : '';
  const now = first === undefined ? '' : ` · ${inert(first)}${others}`;
  return `${done}/${total} · ${Math.floor(elapsedMs / 1_000)} s${now}`.slice(0, Math.max(10, columns - 1));
};

/** A live line on a terminal; elsewhere it does nothing. It is gone after `end`. */
export class ProgressLine {
  readonly #stream: NodeJS.WriteStream;
  readonly #live: boolean;
  readonly #startedAt = performance.now();
  #view: Omit<ProgressView, 'elapsedMs'> = { done: 0, total: 0, running: [] };
  #timer: NodeJS.Timeout | undefined;

  constructor(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv) {
    this.#stream = stream;
    this.#live = stream.isTTY === true && env.TERM !== 'dumb';
    // A terminal that goes away must not end the run.
    if (this.#live) stream.on('error', () => this.end());
  }

  update(view: Omit<ProgressView, 'elapsedMs'>): void {
    this.#view = view;
    if (!this.#live || this.#timer !== undefined) return;
    this.#timer = setInterval(() => this.#draw(), 150);
    this.#timer.unref();
    this.#draw();
  }

  /** Lets something else write a line of its own. */
  aside(write: () => void): void {
    if (this.#timer !== undefined) this.#stream.write(CLEAR);
    write();
  }

  end(): void {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#stream.write(CLEAR);
  }

  #draw(): void {
    const view = { ...this.#view, elapsedMs: performance.now() - this.#startedAt };
    this.#stream.write(`${CLEAR}${progressText(view, this.#stream.columns ?? 80)}`);
  }
}
