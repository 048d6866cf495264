import type { NetworkSpeed } from '../../../../schemas/index.js';
import { defined } from '../../../defined.js';
import type { Dial, Network } from '../../../play/index.js';
import type { Sentinel } from './sentinel.js';

/** A shorter way there and back is no network worth the name, and a line that carries this much in a moment has no limit. */
const NEGLIGIBLE_MS = 20;

/** What the way to the server was like when it was tried. */
export interface Tried {
  /** Times of single packets there and back. */
  roundTripsMs: readonly number[];
  /** Bytes of a large packet, and how much longer it took than a small one. */
  large?: { bytes: number; longerMs: number };
}

/** The slowest way there and back, and as much again as they differ; and what the line carries, if that is little. */
export const speedOf = ({ roundTripsMs, large }: Tried): NetworkSpeed | undefined => {
  const slowest = Math.max(0, ...roundTripsMs);
  const fastest = Math.min(slowest, ...roundTripsMs);
  const roundTripMs = fastest < NEGLIGIBLE_MS ? 0 : Math.ceil(slowest + (slowest - fastest));
  // A large packet also waits for the windows of TCP to open: that takes round trips, not room.
  const carryingMs = large === undefined ? 0 : large.longerMs - 2 * slowest;
  const bytesPerSecond =
    large === undefined || carryingMs < NEGLIGIBLE_MS ? undefined : Math.ceil((large.bytes * 1_000) / carryingMs);
  return roundTripMs === 0 && bytesPerSecond === undefined
    ? undefined
    : { roundTripMs, ...defined({ bytesPerSecond }) };
};

/**
 * What lies between the kit and the server: how long the way is, how much it carries, and when it stood still. None of
 * that is held against the server.
 */
export class NetworkMeter implements Network {
  speed: NetworkSpeed | undefined;
  #freeAt = 0;
  #sentinel: Sentinel | undefined;

  get roundTripMs(): number {
    return this.speed?.roundTripMs ?? 0;
  }

  /** How long the line still needs for what it was given, by what it carried when it was tried. */
  get drainMs(): number {
    return Math.max(0, this.#freeAt - performance.now());
  }

  charge(bytes: number): void {
    const { bytesPerSecond } = this.speed ?? {};
    if (bytesPerSecond === undefined) return;
    this.#freeAt = Math.max(this.#freeAt, performance.now()) + (bytes * 1_000) / bytesPerSecond;
  }

  /** Counts what every connection is given to carry. */
  counting(dial: Dial): Dial {
    return (request, handlers) =>
      dial(request, {
        ...handlers,
        onOpen: (socket) =>
          handlers.onOpen({
            ...socket,
            sendText: (text, form) => {
              // There, and as a push to somebody else back.
              this.charge(2 * text.length);
              socket.sendText(text, form);
            },
          }),
      });
  }

  /** From now on somebody watches whether the network stands still. */
  watch(sentinel: Sentinel): void {
    this.#sentinel = sentinel;
    sentinel.start(() => this.drainMs);
  }

  /** The longest time since then for which nothing crossed the network. Undefined: nobody watches. */
  stalledMs(since: number): number | undefined {
    return this.#sentinel?.worstSince(since);
  }

  stop(): void {
    this.#sentinel?.stop();
  }
}
