const LOOK_EVERY_MS = 50;

/** Follows the resident memory of a process group: what it was at the start, and the most since then. */
export class MemoryWatch {
  readonly #read: () => number | undefined;
  readonly #timer: NodeJS.Timeout;
  #first: number | undefined;
  #most = 0;

  constructor(read: () => number | undefined) {
    this.#read = read;
    this.#look();
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS);
    this.#timer.unref();
  }

  /** Bytes over the first look; undefined when the process could not be read. */
  mostOverFirst(): number | undefined {
    this.#look();
    return this.#first === undefined ? undefined : this.#most - this.#first;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const bytes = this.#read();
    // A process that has just ended or not yet begun holds nothing.
    if (bytes === undefined) return;
    this.#first ??= bytes;
    this.#most = Math.max(this.#most, bytes);
  }
}
