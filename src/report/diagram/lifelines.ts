import type { HistoryEventOf } from '../../../schemas/index.js';
import type { LifelineState } from './model.js';

interface Connection {
  client: string;
  silent: boolean;
  stalled: boolean;
}

interface Presence {
  open: number;
  silent: number;
  stalled: number;
  /** How many connections the client ever began. */
  begun: number;
}

/** What is open between each client and the server, counted, so that ten thousand connections cost what one costs. */
export class Lifelines {
  readonly #open = new Map<number, Connection>();
  readonly #presence = new Map<string, Presence>();
  readonly #devices = new Map<string, string>();
  /** The newest connection of each user and device. */
  readonly #newest = new Map<string, number>();
  readonly #newestOfClient = new Map<string, number>();
  #server: LifelineState = 'up';

  addClient({ client, user, device }: HistoryEventOf<'client'>): void {
    this.#devices.set(client, `${user} ${device}`);
  }

  begin(client: string): void {
    this.#presenceOf(client).begun += 1;
  }

  /** Whether a number is needed to tell the connections of the client apart. */
  hasSeveral(client: string): boolean {
    return this.#presenceOf(client).begun > 1;
  }

  hasBegun(client: string): boolean {
    return this.#presenceOf(client).begun > 0;
  }

  isNewest(client: string, conn: number): boolean {
    return (this.#newestOfClient.get(client) ?? conn) === conn;
  }

  isOpen(conn: number): boolean {
    return this.#open.has(conn);
  }

  get server(): LifelineState {
    return this.#server;
  }

  /** Tells which connection of the same device is replaced by it. */
  open(client: string, conn: number): number | undefined {
    const device = this.#devices.get(client) ?? client;
    const older = this.#newest.get(device);
    this.#newest.set(device, conn);
    this.#newestOfClient.set(client, conn);
    if (!this.#open.has(conn)) this.#presenceOf(client).open += 1;
    this.#open.set(conn, { client, silent: false, stalled: false });
    return older !== undefined && this.#open.has(older) ? older : undefined;
  }

  close(conn: number): void {
    const connection = this.#open.get(conn);
    if (connection === undefined) return;
    this.#open.delete(conn);
    const presence = this.#presenceOf(connection.client);
    presence.open -= 1;
    if (connection.silent) presence.silent -= 1;
    else if (connection.stalled) presence.stalled -= 1;
  }

  silence(conn: number): void {
    const connection = this.#open.get(conn);
    if (connection === undefined || connection.silent) return;
    const presence = this.#presenceOf(connection.client);
    connection.silent = true;
    presence.silent += 1;
    if (connection.stalled) presence.stalled -= 1;
  }

  read(conn: number, reading: boolean): void {
    const connection = this.#open.get(conn);
    if (connection === undefined || connection.silent || connection.stalled === !reading) return;
    connection.stalled = !reading;
    this.#presenceOf(connection.client).stalled += reading ? -1 : 1;
  }

  /** A client with one good connection is well, whatever became of its others. */
  stateOf(client: string): LifelineState {
    const { open, silent, stalled } = this.#presenceOf(client);
    if (open === 0) return 'away';
    if (silent === open) return 'silent';
    return silent + stalled === open ? 'stalled' : 'open';
  }

  process({ event, service }: HistoryEventOf<'subject'>): LifelineState {
    if (service !== undefined) return this.#server;
    if (event === 'started' || event === 'continued') this.#server = 'up';
    else if (event === 'frozen') this.#server = 'frozen';
    else if (event === 'killed' || event === 'stopped' || event === 'exited') this.#server = 'down';
    return this.#server;
  }

  #presenceOf(client: string): Presence {
    const known = this.#presence.get(client);
    if (known !== undefined) return known;
    const presence = { open: 0, silent: 0, stalled: 0, begun: 0 };
    this.#presence.set(client, presence);
    return presence;
  }
}
