import type { ScenarioResult } from '../../schemas/index.js';
import type { RunProgress } from '../../src/harness/options.js';
import { inert, type Paint, paintFor } from '../../src/report/index.js';
import { shortIds } from '../../src/report/pretty-failure.js';
import { duration } from '../../src/report/words.js';

/** What the line shows. */
export interface ProgressView extends RunProgress {
  elapsedMs: number;
}

const CLEAR = '\r\u001b[K';
const LEAST_COLUMNS = 10;

const fitting = (text: string, columns: number): string => text.slice(0, Math.max(LEAST_COLUMNS, columns - 1));

/** Nobody believes an estimate to the tenth of a second. */
const roughly = (ms: number): string =>
  duration(ms < 60_000 ? Math.ceil(ms / 1_000) * 1_000 : ms).replace('.0 s', ' s');

/** The text of the line, cut to the width of the terminal: a wrapped line could not be cleared. What matters comes first. */
export const progressText = (view: ProgressView, columns: number): string => {
  const { done, total, running, failed, retrying, leftMs, elapsedMs } = view;
  const [first] = running;
  const others = running.length > 1 ? ` and ${running.length - 1} more` : '';
  const parts = [
    `${done}/${total}`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(retrying > 0 ? [`${retrying} retrying`] : []),
    leftMs === undefined || done >= total ? `${Math.floor(elapsedMs / 1_000)} s` : `about ${roughly(leftMs)} left`,
    ...(first === undefined ? [] : [`${inert(first)}${others}`]),
  ];
  return fitting(parts.join(' · '), columns);
};

/** `FAILED server/core/x  IM-4.2-9 m1 was not pushed again`, on one line. */
export const failureText = ({ id, violations }: ScenarioResult, columns: number, paint: Paint): string => {
  const [first] = violations;
  const rest = inert(` ${id}  ${first?.requirement ?? ''} ${shortIds(first?.message ?? '')}`);
  return `${paint('red', 'FAILED')}${fitting(`FAILED${rest}`, columns).slice('FAILED'.length)}`;
};

const NOTHING: RunProgress = { done: 0, total: 0, running: [], failed: 0, retrying: 0 };

/** A live line on a terminal, and above it a line for each failure; elsewhere it does nothing. It is gone after `end`. */
export class ProgressLine {
  readonly #stream: NodeJS.WriteStream;
  readonly #live: boolean;
  readonly #paint: Paint;
  #startedAt = performance.now();
  readonly #told = new Set<string>();
  #view = NOTHING;
  #timer: NodeJS.Timeout | undefined;

  constructor(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv) {
    this.#stream = stream;
    this.#live = stream.isTTY === true && env.TERM !== 'dumb';
    this.#paint = paintFor({ isTTY: stream.isTTY === true, env });
    // A terminal that goes away must not end the run.
    if (this.#live) stream.on('error', () => this.end());
  }

  update(view: Partial<RunProgress>): void {
    this.#view = { ...NOTHING, ...view };
    if (!this.#live || this.#timer !== undefined) return;
    this.#timer = setInterval(() => this.#draw(), 150);
    this.#timer.unref();
    this.#draw();
  }

  /** Another run begins. */
  restart(): void {
    this.end();
    this.#startedAt = performance.now();
    this.#told.clear();
    this.#view = NOTHING;
  }

  /** Tells a failure that is certain, once. */
  failed(result: ScenarioResult): void {
    if (this.#timer === undefined || this.#told.has(result.id)) return;
    this.#told.add(result.id);
    const text = failureText(result, this.#stream.columns ?? 80, this.#paint);
    this.aside(() => this.#stream.write(`${text}\n`));
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
