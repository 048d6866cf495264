import { randomBytes } from 'node:crypto';
import { networkInterfaces } from 'node:os';
import type { BotHost, Standing, Upgrade } from '../../play/server/index.js';
import type { SubjectExit } from '../subject.js';
import { Listener, type Place } from './listener.js';

/** What waits between two scenarios; a client has one connection, and one attempt that it may have given up. */
const MOST_KEPT = 8;

/** An address of this machine that others in its network reach; without one, its own. */
const networkHost = (): string =>
  Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';

/** A client that somebody starts by hand: the kit can hear it and cut it off, and nothing else. */
export class WaitingBot implements BotHost {
  readonly listener: Listener;
  readonly #place: Place;
  standing: Standing | undefined;
  #onUpgrade: ((upgrade: Upgrade) => void) | undefined;
  #kept: Upgrade[] = [];

  constructor(place: Place) {
    this.#place = place;
    this.listener = new Listener(place);
    this.listener.token = randomBytes(16).toString('hex');
  }

  /** The address for whoever starts the client, perhaps on another machine. */
  get url(): string {
    const { host } = this.#place;
    return host === '0.0.0.0' || host === '::' ? this.listener.urlAt(networkHost()) : this.listener.url;
  }

  get token(): string {
    return this.listener.token;
  }

  async listen(onUpgrade: (upgrade: Upgrade) => void): Promise<void> {
    this.#onUpgrade = onUpgrade;
    await this.listener.listen((upgrade) => {
      if (this.#onUpgrade !== undefined) this.#onUpgrade(upgrade);
      else this.#kept = [...this.#kept, upgrade].slice(-MOST_KEPT);
    });
    for (const upgrade of this.#kept.splice(0)) onUpgrade(upgrade);
  }

  /** Between two scenarios an attempt of the client waits for the next one. */
  rest(): void {
    this.#onUpgrade = undefined;
  }

  stopListening(): Promise<void> {
    return this.listener.stopListening();
  }

  /** Somebody else does that. */
  async start(): Promise<void> {}
  async kill(): Promise<void> {}
  freeze(): void {}
  unfreeze(): void {}
  setClock(): boolean {
    return false;
  }

  async ended(): Promise<undefined> {
    return undefined;
  }

  /** Nobody sees how a process ends that the kit did not start. */
  onExit(_listener: (exit: SubjectExit) => void): () => void {
    return () => {};
  }

  close(): void {
    this.listener.close();
  }
}
