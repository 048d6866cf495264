import type { StorageChange } from './storage.js';
import type { ClientEvent, ClientEvents } from './types.js';

/**
 * What the core wants done. The owner stores `changes` first, all in one step, and only then acts on the rest in order:
 * so nothing is sent or told before it is durable.
 */
export interface Orders {
  readonly changes: readonly StorageChange[];
  readonly actions: readonly Action[];
}

export type Action =
  /** Send a frame on the connection with that number; drop it when another has taken its place. */
  | { readonly do: 'frame'; readonly connection: number; readonly text: string }
  | { readonly do: 'ping'; readonly connection: number }
  /** Open a connection under that number. */
  | { readonly do: 'dial'; readonly connection: number }
  /** End the connection: with a close frame, or at once because nobody answers. */
  | { readonly do: 'hang-up'; readonly connection: number; readonly how: 'close' | 'cut' }
  | { readonly do: 'tell'; readonly event: ClientEvent };

/** Collects orders. Shared by the parts of the core, so that one event gives one step of storage. */
export class Outlet {
  #changes: StorageChange[] = [];
  #actions: Action[] = [];

  store(key: string, value: unknown): void {
    this.#changes.push({ key, value });
  }

  remove(key: string): void {
    this.#changes.push({ key });
  }

  act(action: Action): void {
    this.#actions.push(action);
  }

  tell<K extends keyof ClientEvents>(kind: K, data: ClientEvents[K]): void {
    this.#actions.push({ do: 'tell', event: { kind, data } as unknown as ClientEvent });
  }

  /** Undefined: there is nothing to do. */
  take(): Orders | undefined {
    if (this.#changes.length === 0 && this.#actions.length === 0) return undefined;
    const orders = { changes: this.#changes, actions: this.#actions };
    this.#changes = [];
    this.#actions = [];
    return orders;
  }
}

/** A clock that never goes back, the time of day, and a random number from 0 to below 1. */
export interface Moment {
  readonly now: number;
  readonly wall: number;
  readonly random: () => number;
}

/** A pause: between 0.8 and 1.2 times its nominal length, and never over its maximum. */
export const jittered = (nominalMs: number, maxMs: number, random: number): number =>
  Math.min(nominalMs * (0.8 + 0.4 * random), maxMs);

/** Numbers as keys that sort like numbers. */
export const numberKey = (prefix: string, number: number): string => `${prefix}/${String(number).padStart(16, '0')}`;

/** A server's wish not to be asked before a time. It is stored by the time of day, which is all that outlives a process. */
export interface Hold {
  readonly wall: number;
  readonly ms: number;
}
/** The end of the wish by the clock of this process; a time of day that was set meanwhile makes it no longer than it was. */
export const holdEnds = (hold: Hold | undefined, { now, wall }: Moment): number =>
  hold === undefined ? 0 : now + Math.min(Math.max(hold.wall + hold.ms - wall, 0), hold.ms);
