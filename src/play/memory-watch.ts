const LOOK_EVERY_MS = 50;

/** Follows the resident memory of a process group: what it held at its most, before and after a mark. */
export class MemoryWatch {
  readonly #read: () => number | undefined;
  readonly #timer: NodeJS.Timeout;
  #before: number | undefined;
  #most: number | undefined;

  constructor(read: () => number | undefined) {
    this.#read = read;
    this.#look();
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS);
    this.#timer.unref();
  }

  /** From here on another maximum counts. False when the process cannot be read. */
  mark(): boolean {
    this.#look();
    this.#before = this.#most;
    return this.#before !== undefined;
  }

  /** The most that it held, in bytes over the maximum before the mark; undefined without a mark. */
  mostOverMark(): number | undefined {
    this.#look();
    return this.#before === undefined || this.#most === undefined ? undefined : this.#most - this.#before;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const bytes = this.#read();
    // A process that has just ended or not yet begun holds nothing.
    if (bytes === undefined) return;
    this.#most = Math.max(this.#most ?? 0, bytes);
  }
}
