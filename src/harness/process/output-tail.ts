/** Characters of a subject's output that are kept. */
export const OUTPUT_CHARACTERS = 2_000;
/** A character of UTF-8 takes at most four bytes. */
const OUTPUT_BYTES = OUTPUT_CHARACTERS * 4;

/** Keeps the end of an output of any length in bounded memory. */
export class OutputTail {
  #bytes: Buffer = Buffer.alloc(0);

  add(chunk: Buffer): void {
    // concat copies, so that a small rest never holds a large chunk in memory.
    this.#bytes = Buffer.concat([this.#bytes, chunk.subarray(-OUTPUT_BYTES)]).subarray(-OUTPUT_BYTES);
  }

  /** The last 2,000 characters, without the control characters that could rewrite a terminal. */
  text(): string {
    return printable(this.#bytes.toString('utf8')).slice(-OUTPUT_CHARACTERS).trim();
  }
}

/** Leaves out the control characters of a foreign text, except line ends and tabs. */
export const printable = (text: string): string => {
  // First whole escape sequences (colours, cursor moves), then what is left of the control characters.
  return text.replace(/\x1b\[[0-9;?]*[ -/]*[@-~]/g, '').replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, '');
};
