import type { Packet } from '../../../schemas/index.js';

/** What waits in the inbox of a connection until a step takes it. */
export type Received = (
  | {
      kind: 'packet';
      packet: Packet;
      /** The application has it. */
      handled: boolean;
      /** A repeat that came before the ack:A, and that no step looked at. */
      passedOver?: true;
    }
  | { kind: 'close'; code: number }
  | { kind: 'pong' }
) & { /** A step has consumed it. */ taken: boolean };

/** A subject that floods a connection is cut off here, so that the kit keeps its memory. */
const LIMIT = 500;
/** What a script may receive of each of its messages before it is a flood: receipts, and repeats at any pace of a sane timer. */
const PACKETS_PER_MESSAGE = 20;
const REPEATS_PER_SECOND = 100;

/** Everything that arrived on one connection, in order, and how much of it no step has taken. */
export class Inbox {
  readonly entries: Received[] = [];
  #untaken = 0;
  #openedAt = performance.now();

  /** The connection is open: repeats are counted from now on. */
  opened(): void {
    this.#openedAt = performance.now();
  }

  put(entry: Received): void {
    this.entries.push(entry);
    this.#untaken += 1;
  }

  /** A step consumes an entry. */
  take(entry: Received): void {
    if (!entry.taken) this.#untaken -= 1;
    entry.taken = true;
  }

  /** How many entries were more than anything can have asked for. Undefined: what waits is no flood. */
  floodedBeyond(framesWritten: number, messages: number): number | undefined {
    const seconds = Math.ceil((performance.now() - this.#openedAt) / 1_000);
    const ofEach = PACKETS_PER_MESSAGE + REPEATS_PER_SECOND * seconds;
    const limit = LIMIT + framesWritten + ofEach * messages;
    return this.#untaken > limit ? limit : undefined;
  }
}
