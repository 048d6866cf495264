import { connect, createServer, type Server, type Socket } from 'node:net';
import type { CutWay } from '../../../schemas/index.js';
import type { LinkTraffic } from '../../links.js';
import { resetConnection } from './reset-connection.js';

const HOST = '127.0.0.1';
/** What a delayed direction holds at most; then its source is not read for a while. Bytes. */
const MAX_HELD_BYTES = 4_194_304;

/** One TCP connection through the relay. */
interface Pair {
  readonly near: Socket;
  /** Undefined: nobody is to know that it was opened. */
  readonly far: Socket | undefined;
  /** Bytes of it were lost, so it ends when the link is whole again. */
  broken: boolean;
  /** Its far side is gone, and the near side must not know. */
  halfOpen: boolean;
}

const isLost = (way: CutWay | undefined, outward: boolean): boolean =>
  way === 'both' || (outward ? way === 'out' : way === 'in');

/** A TCP link between two programs under test. Both sides of each connection send at once (TCP_NODELAY). */
export class Relay {
  readonly #far: number;
  readonly #pairs = new Set<Pair>();
  #server: Server | undefined;
  #way: CutWay | undefined;
  #delayMs = 0;
  #carried = 0;
  #blocked = 0;

  /** `far`: the port to which it leads. */
  constructor(far: number) {
    this.#far = far;
  }

  get traffic(): LinkTraffic {
    return { carried: this.#carried, blocked: this.#blocked };
  }

  /** Resolves when the near side can connect. Rejects when the port is taken. */
  listen(port: number): Promise<void> {
    const server = createServer({ allowHalfOpen: true }, (near) => this.#open(near));
    this.#server = server;
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ port, host: HOST, exclusive: true }, () => {
        // A program that embeds the kit, and forgets its subject, ends all the same.
        server.unref();
        resolve();
      });
    });
  }

  cut(way: CutWay): void {
    this.#way = way;
    for (const pair of this.#pairs) {
      if (way === 'refused') this.#reset(pair);
      if (way !== 'half-open' || pair.far === undefined) continue;
      pair.halfOpen = true;
      pair.broken = true;
      resetConnection(pair.far);
    }
  }

  /** Bytes take that much longer, each way, until `heal`. */
  delay(ms: number): void {
    this.#delayMs = ms;
  }

  /** The link is whole again. A connection of which bytes were lost is reset: a stream with a gap is none. */
  heal(): void {
    this.#way = undefined;
    this.#delayMs = 0;
    for (const pair of this.#pairs) if (pair.broken || pair.far === undefined) this.#reset(pair);
  }

  close(): void {
    this.#server?.close();
    for (const pair of this.#pairs) this.#reset(pair);
  }

  #open(near: Socket): void {
    near.setNoDelay(true);
    if (this.#way === 'refused') {
      this.#blocked += 1;
      near.on('error', () => undefined);
      resetConnection(near);
      return;
    }
    // The first packet of a connection is lost like all others, or its answer is: it opens, and nobody ever answers on it.
    const unheard = this.#way === 'both' || this.#way === 'out';
    const far = unheard ? undefined : connect({ port: this.#far, host: HOST, noDelay: true, allowHalfOpen: true });
    const pair: Pair = { near, far, broken: false, halfOpen: false };
    this.#pairs.add(pair);
    if (far === undefined) {
      this.#blocked += 1;
      near.on('data', () => undefined);
    } else {
      this.#join(pair, near, far, true);
      this.#join(pair, far, near, false);
    }
    for (const socket of [near, far]) {
      socket?.on('error', () => undefined);
      socket?.once('close', () => this.#onClosed(pair, socket === near));
    }
  }

  /** One direction of a connection: its bytes in their order, and its end after them. */
  #join(pair: Pair, from: Socket, to: Socket, outward: boolean): void {
    let held = 0;
    let lastDueAt = 0;
    const queue: { size: number; act: () => void }[] = [];
    const takeNext = (): void => {
      const next = queue.shift();
      if (next === undefined) return;
      held -= next.size;
      if (from.isPaused() && held < MAX_HELD_BYTES) from.resume();
      next.act();
    };
    const later = (size: number, act: () => void): void => {
      if (this.#delayMs === 0 && held === 0) {
        act();
        return;
      }
      held += Math.max(size, 1);
      if (held > MAX_HELD_BYTES) from.pause();
      const now = performance.now();
      // Also where the delay has just become smaller: what came first goes first.
      lastDueAt = Math.max(lastDueAt, now + this.#delayMs);
      queue.push({ size: Math.max(size, 1), act });
      setTimeout(takeNext, lastDueAt - now);
    };
    from.on('data', (chunk: Buffer) => {
      if (pair.halfOpen || isLost(this.#way, outward)) {
        pair.broken = true;
        this.#blocked += chunk.length;
        return;
      }
      later(chunk.length, () => {
        if (to.destroyed || pair.broken) return;
        this.#carried += chunk.length;
        if (to.write(chunk)) return;
        from.pause();
        to.once('drain', () => from.resume());
      });
    });
    from.on('end', () => {
      if (pair.halfOpen || isLost(this.#way, outward)) pair.broken = true;
      else later(0, () => !to.destroyed && to.end());
    });
  }

  #onClosed(pair: Pair, isNear: boolean): void {
    const other = isNear ? pair.far : pair.near;
    const lost = pair.halfOpen || isLost(this.#way, isNear);
    if (other === undefined || other.destroyed) {
      this.#pairs.delete(pair);
    } else if (lost) {
      pair.broken = true;
    } else if (other.writableEnded) {
      // What was written before the end may still be under way.
      other.once('finish', () => other.destroySoon());
      other.destroySoon();
    } else {
      resetConnection(other);
    }
  }

  #reset({ near, far }: Pair): void {
    for (const socket of [near, far]) if (socket !== undefined) resetConnection(socket);
  }
}
