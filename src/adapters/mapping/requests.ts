/** The rids of one connection, and the numbers that stand for them where a protocol wants a number. */
export class Requests {
  readonly #numbers = new Map<string, number>();
  readonly #rids: string[] = [];

  number(rid: string): number {
    const known = this.#numbers.get(rid);
    if (known !== undefined) return known;
    this.#rids.push(rid);
    this.#numbers.set(rid, this.#rids.length);
    return this.#rids.length;
  }

  /** The rid that a captured number stands for. A number of no request is the rid of none: it answers not just any. */
  named(ridInt: unknown): { rid?: string } {
    return ridInt === undefined ? {} : { rid: this.#rids[Number(ridInt) - 1] ?? `unasked-${ridInt}` };
  }
}
