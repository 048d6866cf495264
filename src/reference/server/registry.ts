import type { Connection } from './connection.js';

/** Who is connected: one live connection for each (user, device). */
export class Registry {
  readonly #users = new Map<string, Map<string, Connection>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  isConnected(user: string): boolean {
    return this.#users.has(user);
  }

  connectionsOf(user: string): Iterable<Connection> {
    return this.#users.get(user)?.values() ?? [];
  }

  *all(): Iterable<Connection> {
    for (const devices of this.#users.values()) yield* devices.values();
  }

  connectionsOnOtherDevices(user: string, device: string): number {
    const devices = this.#users.get(user);
    return devices ? devices.size - (devices.has(device) ? 1 : 0) : 0;
  }

  /** Returns the older connection of that device, whose place the new one takes. */
  add(connection: Connection): Connection | undefined {
    const { user, device } = connection;
    const devices = this.#users.get(user) ?? new Map<string, Connection>();
    const older = devices.get(device);
    this.#users.set(user, devices.set(device, connection));
    if (!older) this.#size += 1;
    return older;
  }

  /** The late end of a connection that was replaced must not take the newer one down (IM-1-13). */
  remove(connection: Connection): void {
    const devices = this.#users.get(connection.user);
    if (devices?.get(connection.device) !== connection) return;
    devices.delete(connection.device);
    this.#size -= 1;
    if (devices.size === 0) this.#users.delete(connection.user);
  }
}
