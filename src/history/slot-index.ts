const MAX_LOAD = 0.8;
const GROWTH = 1.25;

/**
 * Open addressing from a 64-bit hash to slot numbers: 5 bytes a place, at most 8 bytes an entry.
 * One byte of each hash lies beside the slots, so that a miss rarely has to look at the entry itself.
 */
export class SlotIndex {
  #slots = new Uint32Array(1024);
  #tags = new Uint8Array(1024);
  #used = 0;
  readonly #lowOf: (slot: number) => number;
  readonly #highOf: (slot: number) => number;

  /** The two functions read the hash of a slot back: unsigned halves. */
  constructor(lowOf: (slot: number) => number, highOf: (slot: number) => number) {
    this.#lowOf = lowOf;
    this.#highOf = highOf;
  }

  /** Calls `accept` with each slot of that hash until it agrees; returns that slot, or -1. */
  find(low: number, high: number, accept: (slot: number) => boolean): number {
    const size = this.#slots.length;
    const tag = tagOf(high);
    for (let place = (low >>> 0) % size; ; place = place + 1 === size ? 0 : place + 1) {
      const found = this.#tags[place] as number;
      if (found === 0) return -1;
      if (found !== tag) continue;
      const slot = this.#slots[place] as number;
      if (this.#lowOf(slot) === low >>> 0 && this.#highOf(slot) === high >>> 0 && accept(slot)) return slot;
    }
  }

  add(low: number, high: number, slot: number): void {
    if (this.#used + 1 > this.#slots.length * MAX_LOAD) this.#grow();
    this.#place(low, high, slot);
    this.#used += 1;
  }

  #place(low: number, high: number, slot: number): void {
    const size = this.#slots.length;
    let place = (low >>> 0) % size;
    while (this.#tags[place] !== 0) place = place + 1 === size ? 0 : place + 1;
    this.#tags[place] = tagOf(high);
    this.#slots[place] = slot;
  }

  #grow(): void {
    const slots = this.#slots;
    const tags = this.#tags;
    this.#slots = new Uint32Array(Math.ceil(slots.length * GROWTH));
    this.#tags = new Uint8Array(this.#slots.length);
    for (let place = 0; place < slots.length; place += 1) {
      if (tags[place] === 0) continue;
      const slot = slots[place] as number;
      this.#place(this.#lowOf(slot), this.#highOf(slot), slot);
    }
  }
}

/** 1 to 255: 0 marks an empty place. */
const tagOf = (high: number): number => ((high >>> 24) % 255) + 1;
