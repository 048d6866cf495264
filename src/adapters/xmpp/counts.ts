import type { ErrorCode } from '../../../schemas/index.js';

export interface Refusal {
  code: ErrorCode;
  message: string;
}

/** A stanza that was written, and waits until the server says that it has handled it. */
export interface Written {
  /** Of a message: the id by which an error names it. */
  msgId?: string;
  /** Its answer came on the connection on which it was written; `refusal` came before. */
  answered(refusal: Refusal | undefined): void;
  /** The server had handled it, and said so on a later connection. */
  arrived?(): void;
  /** The server never got it. */
  lost?(): void;
}

interface Push {
  number: number;
  id: string;
}

/**
 * What both ends count on one stream of XEP-0198. A stream may go on over several connections; each has its own Counts, for
 * the older connection may still be there, and must not count any more.
 */
export class Counts {
  /** By which the stream is resumed; undefined: it cannot be. */
  readonly id: string | undefined;
  #received: number;
  #sent: number;
  /** Pushes that the kit has not acked, in their order. */
  readonly #open: Push[] = [];
  /** Pushes of this stream that were acked. */
  readonly #acked: Set<string>;
  /** In the order in which they were written. */
  readonly #waiting: { number: number; written: Written; refusal?: Refusal }[] = [];

  constructor(id: string | undefined, before?: { received: number; sent: number; acked: Set<string> }) {
    this.id = id;
    this.#received = before?.received ?? 0;
    this.#sent = before?.sent ?? 0;
    this.#acked = before?.acked ?? new Set();
  }

  /** The `h` of an ack: so many stanzas of the server are handled. A message is that when the kit has acked it. */
  get handled(): number {
    return (this.#open[0]?.number ?? this.#received + 1) - 1;
  }

  /** A stanza came; `push` is the id of a message that the kit has to ack. */
  onStanza(push?: string): void {
    this.#received += 1;
    if (push !== undefined) this.#open.push({ number: this.#received, id: push });
  }

  /** `early`: one in front of it is not acked, and an ack would count for that, too. */
  ack(id: string): 'acked' | 'again' | 'early' | 'unknown' {
    const at = this.#open.findIndex((push) => push.id === id);
    if (at < 0) return this.#acked.has(id) ? 'again' : 'unknown';
    if (!this.#open.slice(0, at).every((push) => this.#acked.has(push.id))) return 'early';
    this.#open.splice(0, at + 1);
    this.#acked.add(id);
    return 'acked';
  }

  write(written: Written): void {
    this.#sent += 1;
    this.#waiting.push({ number: this.#sent, written });
  }

  /** An error came for a message. False: none waits for its answer. */
  refuse(msgId: string, refusal: Refusal): boolean {
    const waiting = this.#waiting.find(({ written }) => written.msgId === msgId);
    if (waiting !== undefined) waiting.refusal = refusal;
    return waiting !== undefined;
  }

  #takeUpTo(h: number): { written: Written; refusal?: Refusal }[] {
    const after = this.#waiting.findIndex(({ number }) => number > h);
    return this.#waiting.splice(0, after < 0 ? this.#waiting.length : after);
  }

  /** The server has handled so many stanzas. False: that is no number, or more than were written. */
  onAnswer(h: number): boolean {
    if (!(h <= this.#sent)) return false;
    for (const { written, refusal } of this.#takeUpTo(h)) written.answered(refusal);
    return true;
  }

  /** On a later connection the server tells how much of this stream it had handled: the rest never arrived. */
  settle(h: number): void {
    for (const { written } of this.#takeUpTo(h)) written.arrived?.();
    for (const { written } of this.#waiting.splice(0)) written.lost?.();
  }

  /** The same stream on its next connection, which was told `received`, and where the server had handled `sent`. */
  resumed(received: number, sent: number): Counts {
    this.settle(sent);
    return new Counts(this.id, { received, sent, acked: this.#acked });
  }
}
