/** The pings of one connection that were not answered yet, each known by what it carries. */
export class OpenPings {
  readonly #payloads: string[] = [];

  add(payload: Buffer): void {
    this.#payloads.push(payload.toString('latin1'));
  }

  /** A pong that carries something else answers no ping, and is allowed (RFC 6455, 5.5.3). */
  isAnswer(data: Uint8Array | undefined): boolean {
    if (data === undefined) return true;
    const place = this.#payloads.indexOf(Buffer.from(data).toString('latin1'));
    // Whoever answers the last of several pings has answered those before it.
    if (place >= 0) this.#payloads.splice(0, place + 1);
    return place >= 0;
  }
}
