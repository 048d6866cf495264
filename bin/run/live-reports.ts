import { once } from 'node:events';
import { statSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import type { ScenarioResult } from '../../schemas/index.js';
import type { LiveHead, LiveMessage } from './live-messages.js';
import type { ReportTarget } from './report-targets.js';

/** A run that is over before that needs no reports meanwhile. */
const BEGINS_AFTER_MS = 500;
/** The last words of a run that broke are not waited for any longer. */
const LAST_WORDS_MS = 5_000;

/** Others, such as a pipe, take a report only once. */
const isPlainFile = ({ file }: ReportTarget): boolean =>
  file !== undefined && statSync(file, { throwIfNoEntry: false })?.isFile() === true;

/**
 * Writes the reports in files while the run goes on, so that one that is killed leaves what it knows. It does so in a
 * thread of its own: the kit must not stand still, for what it sees then counts for nothing.
 */
export class LiveReports {
  readonly #targets: readonly ReportTarget[];
  readonly #waiting: LiveMessage[] = [];
  #head: LiveHead | undefined;
  #timer: NodeJS.Timeout | undefined;
  #worker: Worker | undefined;

  constructor(targets: readonly ReportTarget[]) {
    this.#targets = targets.filter(isPlainFile);
  }

  /** The subject is known, and scenarios start. */
  begin(head: Omit<LiveHead, 'targets'>): void {
    if (this.#targets.length === 0) return;
    this.#head = { ...head, targets: this.#targets };
    this.#timer = setTimeout(() => this.#start(), BEGINS_AFTER_MS);
    this.#timer.unref();
  }

  add(result: ScenarioResult): void {
    if (this.#head !== undefined) this.#post({ kind: 'result', result });
  }

  /** The run broke: resolves with true when reports of what is known, and why it broke, are written. */
  async broken(exitCode: number, problem: string): Promise<boolean> {
    const worker = this.#worker;
    if (worker === undefined) return false;
    const answer = once(worker, 'message', { signal: AbortSignal.timeout(LAST_WORDS_MS) });
    this.#post({ kind: 'broken', exitCode, problem });
    const written = await answer.then(([said]) => said === true).catch(() => false);
    await this.end();
    return written;
  }

  /** After this nothing more is written here. */
  async end(): Promise<void> {
    clearTimeout(this.#timer);
    this.#head = undefined;
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }

  #start(): void {
    try {
      const worker = new Worker(new URL('./live-worker.js', import.meta.url), { workerData: this.#head });
      worker.unref();
      worker.on('error', () => this.#giveUp());
      this.#worker = worker;
      for (const message of this.#waiting.splice(0)) worker.postMessage(message);
    } catch {
      this.#giveUp();
    }
  }

  /** It is a convenience: where the machine has no room for it, the reports are written at the end. */
  #giveUp(): void {
    this.#worker = undefined;
    this.#head = undefined;
    this.#waiting.length = 0;
  }

  #post(message: LiveMessage): void {
    if (this.#worker === undefined) this.#waiting.push(message);
    else this.#worker.postMessage(message);
  }
}
