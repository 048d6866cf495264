/** No script makes a client do so much. */
const MAX_UPGRADES = 1_000;
const MAX_PACKETS = 10_000;
const MAX_BYTES = 32 * 1_048_576;

/** How much a subject may do in one scenario. One that does more is cut off, so that the kit keeps its memory and its time. */
export class Quota {
  #upgrades = 0;
  #packets = 0;
  #bytes = 0;

  noteUpgrade(): void {
    this.#upgrades += 1;
  }

  /** Whether the subject may go on after a frame of so many bytes: a flood ends here. */
  affords(bytes: number): boolean {
    this.#packets += 1;
    this.#bytes += bytes;
    return !this.isExceeded;
  }

  /** The subject has done more than any script makes it do; nothing of it is recorded any more. */
  get isExceeded(): boolean {
    return this.#packets > MAX_PACKETS || this.#bytes > MAX_BYTES || this.#upgrades > MAX_UPGRADES;
  }
}
