const MAX_LOAD = 0.8;
const GROWTH = 1.3;

/** Entries of one chunk of the store: a power of two, so that a slot is split by shifting. */
export const CHUNK_BITS = 12;
export const CHUNK = 1 << CHUNK_BITS;
const MASK = CHUNK - 1;

/**
 * Open addressing from a 64-bit hash to slot numbers: 5 bytes a place, at most 8.2 bytes an entry.
 * One byte of each hash lies beside the slots, so that a miss rarely has to look at the entry itself.
 */
export class SlotIndex {
  #slots = new Uint32Array(1024);
  #tags = new Uint8Array(1024);
  #used = 0;
  readonly #chunks: readonly Uint32Array[];
  readonly #stride: number;
  readonly #offset: number;

  /** The hashes are read back from the entries: words `offset` and `offset + 1` of the `stride` words of each. */
  constructor(chunks: readonly Uint32Array[], stride: number, offset: number) {
    this.#chunks = chunks;
    this.#stride = stride;
    this.#offset = offset;
  }

  /** Calls `accept` with each slot of that hash until it agrees; returns that slot, or -1. */
  find(low: number, high: number, accept: (slot: number) => boolean): number {
    const slots = this.#slots;
    const tags = this.#tags;
    const size = slots.length;
    const tag = tagOf(high);
    for (let place = (low >>> 0) % size; ; place = place + 1 === size ? 0 : place + 1) {
      const found = tags[place] as number;
      if (found === 0) return -1;
      if (found !== tag) continue;
      const slot = slots[place] as number;
      const chunk = this.#chunks[slot >>> CHUNK_BITS] as Uint32Array;
      const word = (slot & MASK) * this.#stride + this.#offset;
      if (chunk[word] === low >>> 0 && chunk[word + 1] === high >>> 0 && accept(slot)) return slot;
    }
  }

  /** Adds the next slot: they are added in order, each when its entry has been written. */
  add(low: number, high: number): void {
    if (this.#used + 1 > this.#slots.length * MAX_LOAD) this.#grow();
    this.#place(low, high, this.#used);
    this.#used += 1;
  }

  #place(low: number, high: number, slot: number): void {
    const tags = this.#tags;
    const size = tags.length;
    let place = (low >>> 0) % size;
    while (tags[place] !== 0) place = place + 1 === size ? 0 : place + 1;
    tags[place] = tagOf(high);
    this.#slots[place] = slot;
  }

  #grow(): void {
    const size = Math.ceil(this.#slots.length * GROWTH);
    this.#slots = new Uint32Array(size);
    this.#tags = new Uint8Array(size);
    for (let slot = 0; slot < this.#used; slot += 1) {
      const chunk = this.#chunks[slot >>> CHUNK_BITS] as Uint32Array;
      const word = (slot & MASK) * this.#stride + this.#offset;
      this.#place(chunk[word] as number, chunk[word + 1] as number, slot);
    }
  }
}

/** 1 to 255: 0 marks an empty place. */
const tagOf = (high: number): number => ((high >>> 24) % 255) + 1;
