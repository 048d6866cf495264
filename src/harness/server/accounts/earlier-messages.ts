/** So many are remembered, the newest of them: about 10 MB. */
const MOST = 100_000;

/**
 * The messages that accounts sent before the scenario that has them now, in this run or an earlier one: a server may
 * repeat their receipts whenever the sender connects (3.2), and these are no receipts for what nobody sent.
 */
export class EarlierMessages {
  readonly #keys = new Set<string>();

  has(user: string, msgId: string): boolean {
    return this.#keys.has(keyOf(user, msgId));
  }

  note(user: string, msgId: string): void {
    const key = keyOf(user, msgId);
    // The newest stand at the end.
    this.#keys.delete(key);
    this.#keys.add(key);
    const [oldest] = this.#keys;
    if (this.#keys.size > MOST && oldest !== undefined) this.#keys.delete(oldest);
  }
}

const keyOf = (user: string, msgId: string): string => `${user}\n${msgId}`;
