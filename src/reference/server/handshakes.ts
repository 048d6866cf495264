import type { Socket } from 'node:net';

/** A TLS socket and the TCP socket below it are two objects with the same ends. */
const nameOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`;

/**
 * The connections that are not upgraded yet, by address. One address can hold only so many: one more ends its oldest. So a
 * client that opens connections without end takes its own places, and nobody else's (IM-1-25).
 */
export class Handshakes {
  readonly #byAddress = new Map<string, Map<string, Socket>>();
  readonly #maxPerAddress: number;

  constructor(maxPerAddress: number) {
    this.#maxPerAddress = maxPerAddress;
  }

  enter(socket: Socket): void {
    const address = socket.remoteAddress ?? '';
    const name = nameOf(socket);
    const sockets = this.#byAddress.get(address) ?? new Map<string, Socket>();
    this.#byAddress.set(address, sockets.set(name, socket));
    socket.once('close', () => this.#leave(address, name, socket));
    const [oldest] = sockets.values();
    if (sockets.size > this.#maxPerAddress) oldest?.destroy();
  }

  /** The upgrade is done, or the socket has an owner who ends it. */
  leave(socket: Socket): void {
    this.#byAddress.get(socket.remoteAddress ?? '')?.delete(nameOf(socket));
  }

  #leave(address: string, name: string, socket: Socket): void {
    const sockets = this.#byAddress.get(address);
    // A port may be in use again by a younger connection.
    if (sockets?.get(name) === socket) sockets.delete(name);
    if (sockets?.size === 0) this.#byAddress.delete(address);
  }
}
