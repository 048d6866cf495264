import { Agent as HttpAgent, get as httpGet } from 'node:http';
import { Agent as HttpsAgent, get as httpsGet } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TlsTrust } from '../credentials.js';

const PAUSE_MS = 200;
/** The first answers say how long one takes. */
const TRIES = 3;
const BOUND_MS = 60_000;
const KEPT = 10_000;

/**
 * Asks for the description again and again on a connection of its own, which is idle else. An answer that takes longer
 * than at first shows that the network stood still, whatever the scenarios did meanwhile. It is plain HTTP, so that it
 * needs no account, and no user and no connection of the protocol is counted for it.
 */
export class Sentinel {
  readonly #url: URL;
  readonly #agent: HttpAgent;
  readonly #tls: TlsTrust;
  readonly #late: { at: number; ms: number }[] = [];
  readonly #ended = new AbortController();
  #askedAt: number | undefined;
  #usualMs = 0;
  #drainMs: () => number = () => 0;

  constructor(subjectUrl: string, tls: TlsTrust) {
    this.#url = new URL('/.well-known/im-ran', subjectUrl);
    this.#tls = tls;
    const secure = this.#url.protocol === 'wss:';
    this.#url.protocol = secure ? 'https:' : 'http:';
    this.#agent = secure ? new HttpsAgent({ keepAlive: true, maxSockets: 1 }) : new HttpAgent({ keepAlive: true });
  }

  /** `drainMs`: what the line still has to carry; an answer behind it is not late. */
  start(drainMs: () => number): void {
    this.#drainMs = drainMs;
    void this.#watch();
  }

  async #watch(): Promise<void> {
    const { signal } = this.#ended;
    for (let asked = 0; !signal.aborted; asked += 1) {
      const ms = await this.#ask();
      if (ms !== undefined && asked < TRIES) this.#usualMs = Math.max(this.#usualMs, ms);
      else if (ms !== undefined) this.#note(ms - this.#usualMs);
      await sleep(PAUSE_MS, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  #note(ms: number): void {
    if (ms <= PAUSE_MS / 2) return;
    this.#late.push({ at: performance.now(), ms });
    if (this.#late.length > KEPT) this.#late.shift();
  }

  /** How long one answer took, whatever it said. Undefined: there was none, and nobody knows why. */
  async #ask(): Promise<number | undefined> {
    const from = performance.now() + this.#drainMs();
    this.#askedAt = from;
    const get = this.#url.protocol === 'https:' ? httpsGet : httpGet;
    const options = { ...this.#tls, agent: this.#agent, timeout: BOUND_MS, signal: this.#ended.signal };
    const answered = await new Promise<boolean>((resolve) => {
      const request = get(this.#url, options, (response) => {
        response.resume();
        response.once('end', () => resolve(true));
        response.once('error', () => resolve(false));
      });
      request.once('timeout', () => request.destroy());
      request.once('error', () => resolve(false));
      request.once('socket', (socket) => socket.unref());
    });
    this.#askedAt = undefined;
    return answered ? Math.max(0, performance.now() - from) : undefined;
  }

  /** The longest time for which an answer was late that ended at or after that time of `performance.now()`. */
  worstSince(since: number): number {
    const open = this.#askedAt === undefined ? 0 : performance.now() - this.#askedAt - this.#usualMs;
    const late = this.#late.filter(({ at }) => at >= since).map(({ ms }) => ms);
    return Math.round(Math.max(0, open, ...late));
  }

  stop(): void {
    this.#ended.abort();
    this.#agent.destroy();
  }
}
