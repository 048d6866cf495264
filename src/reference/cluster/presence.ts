/** Where a device is connected: the newest of its connections, by the order of the log. */
interface Seat {
  place: string;
  life: string;
}

export type PresenceRow =
  | ['life', node: string, life: string]
  | ['seat', user: string, device: string, place: string, life: string];

/** Who is connected to which node, as the log tells it: the same on every node that has applied as much. */
export class Presence {
  readonly #users = new Map<string, Map<string, Seat>>();
  readonly #lives = new Map<string, string>();

  /** The node begins a life; what an earlier one of it had is gone. */
  joined(node: string, life: string): void {
    this.left(node);
    this.#lives.set(node, life);
  }

  left(node: string): void {
    const life = this.#lives.get(node);
    if (life === undefined) return;
    this.#lives.delete(node);
    for (const [user, devices] of this.#users) {
      for (const [device, seat] of devices) if (seat.life === life) devices.delete(device);
      if (devices.size === 0) this.#users.delete(user);
    }
  }

  isAlive(life: string): boolean {
    return [...this.#lives.values()].includes(life);
  }

  /** How many living nodes come before this one. */
  rankOf(node: string): number {
    return [...this.#lives.keys()].filter((other) => other < node).length;
  }

  /** Returns the place that the device had before. */
  connect(user: string, device: string, seat: Seat): string | undefined {
    const devices = this.#users.get(user) ?? new Map<string, Seat>();
    const before = devices.get(device)?.place;
    this.#users.set(user, devices.set(device, seat));
    return before;
  }

  /** The late end of a connection that was replaced changes nothing. */
  leave(user: string, device: string, place: string): void {
    const devices = this.#users.get(user);
    if (devices?.get(device)?.place !== place) return;
    devices.delete(device);
    if (devices.size === 0) this.#users.delete(user);
  }

  isConnected(user: string): boolean {
    return this.#users.has(user);
  }

  /** Whether one of the devices of the user is connected in that life of a node. */
  isIn(user: string, life: string | undefined): boolean {
    return [...(this.#users.get(user)?.values() ?? [])].some((seat) => seat.life === life);
  }

  /** The life of the node on which the first of the devices of the user is connected. */
  firstLifeOf(user: string): string | undefined {
    return this.#users.get(user)?.values().next().value?.life;
  }

  /** All lives that have not ended. */
  get lives(): readonly string[] {
    return [...this.#lives.values()];
  }

  /** The life of a node that has not ended. */
  lifeOf(node: string): string | undefined {
    return this.#lives.get(node);
  }

  /** All lives by node, and who sits where; `restore` takes it. */
  copy(): PresenceRow[] {
    const rows: PresenceRow[] = [...this.#lives].map(([node, life]) => ['life', node, life]);
    for (const [user, devices] of this.#users) {
      for (const [device, { place, life }] of devices) rows.push(['seat', user, device, place, life]);
    }
    return rows;
  }

  restore(row: PresenceRow): void {
    if (row[0] === 'life') this.#lives.set(row[1], row[2]);
    else this.connect(row[1], row[2], { place: row[3], life: row[4] });
  }

  clear(): void {
    this.#users.clear();
    this.#lives.clear();
  }

  placeOf(user: string, device: string): string | undefined {
    return this.#users.get(user)?.get(device)?.place;
  }
}
