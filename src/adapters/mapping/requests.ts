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

  /** The rid that a captured number stands for, if it does. */
  named(ridInt: unknown): { rid?: string } {
    const rid = ridInt === undefined ? undefined : this.#rids[Number(ridInt) - 1];
    return rid === undefined ? {} : { rid };
  }
}
