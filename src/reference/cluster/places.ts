import { CLOSE } from '../../../schemas/wire.js';
import type { Identity } from '../../protocol/index.js';
import type { Connection } from '../server/connection.js';

const deviceName = ({ user, device }: Identity): string => `${user}/${device}`;

/** The connections of this node, each in the place that the log has given to its device. A life of the node names them. */
export class Places {
  /** Of devices whose connections are about to open. */
  readonly #claims = new Map<string, string[]>();
  readonly #places = new Map<Connection, string>();
  readonly #connections = new Map<string, Connection>();
  #count = 0;

  /** The name of another place. */
  next(life: string | undefined): string {
    this.#count += 1;
    return `${life}-${this.#count}`;
  }

  /** The log has let the device in. */
  claim(identity: Identity, place: string): void {
    const name = deviceName(identity);
    this.#claims.set(name, [...(this.#claims.get(name) ?? []), place]);
  }

  /** The device is gone before its connection opened. Returns the place that it had. */
  unclaim(identity: Identity): string | undefined {
    return this.#claims.get(deviceName(identity))?.shift();
  }

  /** Returns the place that the connection takes, unless the node has lapsed since it was let in. */
  open(connection: Connection): string | undefined {
    const place = this.unclaim(connection);
    if (place === undefined) return undefined;
    this.#places.set(connection, place);
    this.#connections.set(place, connection);
    return place;
  }

  /** The connection has ended. Returns the place that it had. */
  end(connection: Connection): string | undefined {
    const place = this.#places.get(connection);
    if (place === undefined) return undefined;
    this.#places.delete(connection);
    this.#connections.delete(place);
    return place;
  }

  /** Its device has a newer one, here or elsewhere. */
  replace(place: string): void {
    const connection = this.#connections.get(place);
    connection?.outbox.end('connect');
    connection?.close(CLOSE.replaced, 'replaced by a newer connection');
  }

  /** A life of the node has ended, and all places with it. */
  clear(): void {
    this.#places.clear();
    this.#connections.clear();
    this.#claims.clear();
  }
}
