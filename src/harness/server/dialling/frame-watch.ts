/** Bytes of a head: two, then none, two or eight of length, then four of the mask if there is one. */
const SHORT = 2;
const LENGTH_BYTES: Readonly<Record<number, number>> = { 126: 2, 127: 8 };
const MASK_BYTES = 4;
const LARGEST_IN_HEAD = 125;
const LARGEST_IN_TWO_BYTES = 65_535;

/**
 * Looks at the heads of the frames that a server writes. The WebSocket library of the kit forgives a length that is
 * longer than it must be; browsers do not, and end the connection (RFC 6455, 5.2).
 */
export class FrameWatch {
  readonly #tell: (fault: string) => void;
  readonly #head = Buffer.alloc(SHORT + 8);
  #read = 0;
  /** Bytes of the mask and the payload that are still to come. */
  #skip = 0;

  constructor(tell: (fault: string) => void) {
    this.#tell = tell;
  }

  /** To be called with all that arrives after the upgrade, in any pieces. */
  feed(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#skip > 0) {
        const passed = Math.min(this.#skip, chunk.length - at);
        this.#skip -= passed;
        at += passed;
        continue;
      }
      this.#head[this.#read] = chunk[at] as number;
      this.#read += 1;
      at += 1;
      if (this.#read >= SHORT && this.#read === SHORT + this.#lengthBytes) this.#endOfHead();
    }
  }

  get #lengthBytes(): number {
    return LENGTH_BYTES[(this.#head[1] as number) & 0x7f] ?? 0;
  }

  #endOfHead(): void {
    const lengthBytes = this.#lengthBytes;
    const bytes = this.#length(lengthBytes);
    const least = lengthBytes === 8 ? LARGEST_IN_TWO_BYTES : LARGEST_IN_HEAD;
    if (lengthBytes > 0 && bytes <= least) {
      this.#tell(
        `the length of a frame of ${bytes} bytes is written in ${lengthBytes} bytes, and not in as few as it takes`,
      );
    }
    const isMasked = ((this.#head[1] as number) & 0x80) !== 0;
    if (isMasked) this.#tell(`a frame of ${bytes} bytes is masked: only those of a client are`);
    this.#skip = bytes + (isMasked ? MASK_BYTES : 0);
    this.#read = 0;
  }

  #length(lengthBytes: number): number {
    if (lengthBytes === 0) return (this.#head[1] as number) & 0x7f;
    return lengthBytes === 2 ? this.#head.readUInt16BE(SHORT) : Number(this.#head.readBigUInt64BE(SHORT));
  }
}
