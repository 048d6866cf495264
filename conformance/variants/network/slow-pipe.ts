/** How a network behaves between two machines. All times are milliseconds. */
export interface NetworkHabits {
  /** Each way. */
  delayMs: number;
  /** Up to so much more, each way, by chance; what was sent first still arrives first. */
  jitterMs: number;
  /** Each way, for all connections together. 0: no limit. */
  bytesPerSecond: number;
  /** For so long nothing crosses it … */
  stallMs: number;
  /** … once in so long. 0: never. */
  stallEveryMs: number;
}

/** Pieces in which a limited line carries what is written. */
const PIECE_BYTES = 4_096;
/** Waits at most that long in one direction of one connection before its writer has to wait. */
const MAX_WAITING_BYTES = 4_194_304;

/** When the line delivers what is given to it: one direction of one network, shared by all its connections. */
export class Line {
  readonly #habits: NetworkHabits;
  readonly #startedAt: number;
  #freeAt = 0;

  constructor(habits: NetworkHabits, startedAt: number) {
    this.#habits = habits;
    this.#startedAt = startedAt;
  }

  /** When that many bytes, given now, have arrived. `random`: from 0 to 1. */
  arrivalOf(bytes: number, now: number, random: number): number {
    const { delayMs, jitterMs, bytesPerSecond } = this.#habits;
    if (bytesPerSecond > 0) this.#freeAt = Math.max(now, this.#freeAt) + (bytes * 1_000) / bytesPerSecond;
    const at = Math.max(now, this.#freeAt) + delayMs + random * jitterMs;
    return this.#afterStall(at);
  }

  /** Stalls come at the end of each period, so that the first one does not meet the start. */
  #afterStall(at: number): number {
    const { stallMs, stallEveryMs } = this.#habits;
    if (stallEveryMs === 0) return at;
    const within = (at - this.#startedAt) % stallEveryMs;
    return within < stallEveryMs - stallMs ? at : at + stallEveryMs - within;
  }
}

/** Delivers pieces at their times, in their order. */
export class SlowPipe {
  readonly #line: Line;
  readonly #write: (piece: Buffer) => void;
  readonly #onRoom: () => void;
  readonly #waiting: { at: number; piece: Buffer | undefined; end: (() => void) | undefined }[] = [];
  #bytes = 0;
  #lastAt = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(line: Line, write: (piece: Buffer) => void, onRoom: () => void) {
    this.#line = line;
    this.#write = write;
    this.#onRoom = onRoom;
  }

  /** Returns whether there is room for more. */
  give(data: Buffer): boolean {
    for (let from = 0; from < data.length; from += PIECE_BYTES) {
      const piece = data.subarray(from, from + PIECE_BYTES);
      this.#add(piece.length, piece, undefined);
    }
    return this.#bytes < MAX_WAITING_BYTES;
  }

  /** After all that was given. */
  end(act: () => void): void {
    this.#add(0, undefined, act);
  }

  #add(bytes: number, piece: Buffer | undefined, end: (() => void) | undefined): void {
    const now = performance.now();
    this.#lastAt = Math.max(this.#lastAt, this.#line.arrivalOf(bytes, now, Math.random()));
    this.#waiting.push({ at: this.#lastAt, piece, end });
    this.#bytes += bytes;
    if (this.#timer === undefined) this.#wait();
  }

  #wait(): void {
    const [next] = this.#waiting;
    if (next === undefined) return;
    this.#timer = setTimeout(() => this.#deliver(), Math.max(0, next.at - performance.now()));
  }

  #deliver(): void {
    this.#timer = undefined;
    const now = performance.now();
    for (let [next] = this.#waiting; next !== undefined && next.at <= now; [next] = this.#waiting) {
      this.#waiting.shift();
      if (next.piece !== undefined) {
        this.#bytes -= next.piece.length;
        this.#write(next.piece);
      }
      next.end?.();
    }
    if (this.#bytes < MAX_WAITING_BYTES) this.#onRoom();
    this.#wait();
  }
}
