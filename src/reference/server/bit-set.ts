/** Numbers that one block covers: one bit for each. */
const BLOCK_NUMBERS = 8_192;
/** Blocks kept at most, 16 MiB. Beyond it the oldest is forgotten. */
const MAX_BLOCKS = 16_384;

/** A set of whole numbers that lie close together, one bit for each. */
export class BitSet {
  readonly #blocks = new Map<number, Uint8Array>();

  /** False: it was there before. */
  add(number: number): boolean {
    const index = Math.floor(number / BLOCK_NUMBERS);
    const offset = number % BLOCK_NUMBERS;
    const block = this.#blocks.get(index) ?? this.#newBlock(index);
    const byte = offset >> 3;
    const bit = 1 << (offset & 7);
    const before = block[byte] ?? 0;
    block[byte] = before | bit;
    return (before & bit) === 0;
  }

  #newBlock(index: number): Uint8Array {
    const oldest = this.#blocks.keys().next();
    if (this.#blocks.size >= MAX_BLOCKS && !oldest.done) this.#blocks.delete(oldest.value);
    const block = new Uint8Array(BLOCK_NUMBERS / 8);
    this.#blocks.set(index, block);
    return block;
  }
}
