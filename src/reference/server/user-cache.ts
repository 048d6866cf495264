/** Entries kept between two rounds at most. Beyond it all is forgotten: the store knows it too, so this costs time only. */
export const MAX_ENTRIES = 100_000;

/** What the server remembers between two rounds of what the store holds: users, their devices, and sizes of inboxes. */
export class UserCache {
  readonly #users = new Map<string, readonly string[]>();
  readonly #inboxes = new Map<string, number>();

  hasUser(user: string): boolean {
    return this.#users.has(user);
  }

  devicesOf(user: string): readonly string[] | undefined {
    return this.#users.get(user);
  }

  setUser(user: string, devices: readonly string[]): void {
    this.#users.set(user, devices);
  }

  inboxSize(user: string): number | undefined {
    return this.#inboxes.get(user);
  }

  setInboxSize(user: string, messages: number): void {
    this.#inboxes.set(user, messages);
  }

  changeInboxSize(user: string, by: 1 | -1): void {
    const size = this.#inboxes.get(user);
    if (size !== undefined) this.#inboxes.set(user, size + by);
  }

  /** To be called before a round looks up what it needs, and never within one. */
  trim(): void {
    if (this.#users.size >= MAX_ENTRIES) this.#users.clear();
    if (this.#inboxes.size >= MAX_ENTRIES) this.#inboxes.clear();
  }

  /** The store holds something else now. */
  clear(): void {
    this.#users.clear();
    this.#inboxes.clear();
  }

  /** After a commit that failed: whatever was counted for it is void. */
  forgetInboxSizes(): void {
    this.#inboxes.clear();
  }
}
