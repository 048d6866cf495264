import type { Report, ScenarioResult } from '../../schemas/index.js';
import { type TapHead, TapWriter } from '../../src/report/tap.js';

/** TAP on stdout while the run goes on: whoever reads it there need not wait for the end. */
export class TapStream {
  readonly #writer: TapWriter;
  readonly #write: (text: string) => Promise<void>;
  /** One write after the other; what went wrong is told in the end. */
  #written: Promise<void> = Promise.resolve();
  #begun = false;

  constructor(allowUnproven: boolean, write: (text: string) => Promise<void>) {
    this.#writer = new TapWriter(allowUnproven);
    this.#write = write;
  }

  /** What was begun cannot be replaced by a report as a whole. */
  get begun(): boolean {
    return this.#begun;
  }

  begin(head: TapHead): void {
    this.#begun = true;
    this.#add(this.#writer.head(head));
  }

  add(result: ScenarioResult): void {
    if (this.#begun) this.#add(this.#writer.point(result));
  }

  /** Resolves when all is out; rejects as the first write that could not be made. */
  async end(report: Report): Promise<void> {
    this.#add(this.#writer.end(report));
    await this.#written;
  }

  #add(text: string): void {
    this.#written = this.#written.then(() => this.#write(text));
    // It is told where the end is awaited.
    this.#written.catch(() => undefined);
  }
}
