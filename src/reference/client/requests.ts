/** The requests of one connection that have no answer yet, by their rid. */
export class Requests<Owner extends object> {
  readonly #owners = new Map<string, Owner>();
  readonly #rids = new Map<Owner, string[]>();

  get size(): number {
    return this.#owners.size;
  }

  sent(rid: string, owner: Owner): void {
    this.#owners.set(rid, owner);
    const rids = this.#rids.get(owner);
    if (rids) rids.push(rid);
    else this.#rids.set(owner, [rid]);
  }

  /**
   * Whose request that answers; undefined when nobody asked, or it was answered before. Older requests of the same owner
   * count as answered, too: their answers were lost, or say nothing new any more.
   */
  answered(rid: string): Owner | undefined {
    const owner = this.#owners.get(rid);
    if (!owner) return undefined;
    const rids = this.#rids.get(owner) as string[];
    for (const older of rids.splice(0, rids.indexOf(rid) + 1)) this.#owners.delete(older);
    if (rids.length === 0) this.#rids.delete(owner);
    return owner;
  }

  /** Nobody waits for these answers any more. */
  drop(owner: Owner): void {
    for (const rid of this.#rids.get(owner) ?? []) this.#owners.delete(rid);
    this.#rids.delete(owner);
  }

  clear(): void {
    this.#owners.clear();
    this.#rids.clear();
  }
}
