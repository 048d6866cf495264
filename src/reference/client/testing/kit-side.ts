import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Test } from 'tap';
import { type WebSocket, WebSocketServer } from 'ws';

/** A wait that is longer than this fails the test. */
const PATIENCE_MS = 15_000;

export type Fields = Record<string, unknown>;
/** What happened at the side of the kit, in order. */
export interface Seen extends Fields {
  /** `in`: from the bot. `out`: to the bot. `open`, `close`: a connection. */
  readonly way: 'in' | 'out' | 'open' | 'close' | 'refused';
  readonly at: number;
  readonly connection: number;
}
/** Decides about a packet of the bot: `true` when it was dealt with, and the honest server leaves it alone. */
export type Script = (packet: Fields, side: KitSide) => boolean;

/**
 * The kit's side of the contract, small: a server that answers the bot, speaks to it as `conductor`, and lets a script
 * take over packets. Packets of the conductor are never faulted.
 */
export class KitSide {
  readonly seen: Seen[] = [];
  script: Script = () => false;
  /** Answers an upgrade in place of the server: the status line and headers. */
  refusal: string | undefined;
  socket: WebSocket | undefined;
  connection = 0;
  readonly #http: Server = createServer();
  readonly #webSockets = new WebSocketServer({ noServer: true, handleProtocols: () => 'im.ran.v1' });
  readonly #wakers = new Set<() => void>();
  #ids = 0;
  readonly #stored = new Map<string, string>();
  readonly #unsaid = new Map<string, Fields>();
  readonly #sockets = new Set<Socket>();

  static async start(t: Test): Promise<KitSide> {
    const side = new KitSide();
    side.#http.on('upgrade', (request, socket, head) => side.#upgrade(request, socket as Socket, head));
    side.#http.on('connection', (socket) => side.#sockets.add(socket));
    await new Promise<void>((resolve) => side.#http.listen(0, '127.0.0.1', resolve));
    t.teardown(() => {
      for (const socket of side.#sockets) socket.destroy();
      side.#http.close();
    });
    return side;
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#http.address() as AddressInfo).port}/`;
  }

  #upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    socket.on('error', () => {});
    if (this.refusal !== undefined) {
      this.#note({ way: 'refused' });
      socket.end(`HTTP/1.1 ${this.refusal}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => this.#open(webSocket));
  }

  #open(webSocket: WebSocket): void {
    this.connection += 1;
    const mine = this.connection;
    this.socket = webSocket;
    this.#note({ way: 'open' });
    webSocket.on('error', () => {});
    webSocket.on('close', (code) => this.#note({ way: 'close', connection: mine, code }));
    webSocket.on('message', (data) => {
      const packet = JSON.parse(String(data)) as Fields;
      this.#note({ ...packet, way: 'in', connection: mine });
      if (this.socket === webSocket) this.#answer(packet);
    });
    for (const push of this.#unsaid.values()) this.send(push);
  }

  #answer(packet: Fields): void {
    const isWords = packet.to === 'conductor' || this.#unsaid.has(String(packet.serverMsgId));
    if (!isWords && this.script(packet, this)) return;
    if (packet.type === 'msg:R') {
      this.accept(packet);
      this.receipt(packet, 'delivered');
    } else if (packet.type === 'ack:R') this.acknowledge(packet);
  }

  /** `msg:A`. */
  accept(packet: Fields): void {
    const { rid, msgId } = packet;
    const known = this.#stored.get(String(msgId));
    const serverMsgId = known ?? this.newId();
    this.#stored.set(String(msgId), serverMsgId);
    this.send({ type: 'msg:A', rid, msgId, status: known === undefined ? 'accepted' : 'duplicate', serverMsgId });
  }

  reject({ rid, msgId }: Fields, error: Fields): void {
    this.send({ type: 'msg:A', rid, msgId, status: 'rejected', error: { message: '', ...error } });
  }

  /** `ack:N`. */
  receipt({ msgId, to }: Fields, status: string): void {
    const serverMsgId = this.#stored.get(String(msgId)) ?? this.newId();
    this.#stored.set(String(msgId), serverMsgId);
    this.send({ type: 'ack:N', msgId, serverMsgId, to, status, at: Date.now() });
  }

  /** `ack:A`. */
  acknowledge({ rid, serverMsgId }: Fields): void {
    const isFirst = this.#unsaid.delete(String(serverMsgId));
    this.send({ type: 'ack:A', rid, serverMsgId, status: isFirst ? 'ok' : 'duplicate' });
  }

  /** `msg:N`. */
  push(from: string, body: string, more: Fields = {}): Fields {
    const packet = {
      type: 'msg:N',
      msgId: this.newId(),
      serverMsgId: this.newId(),
      from,
      to: 'bot',
      body,
      acceptedAt: Date.now(),
      ...more,
    };
    this.send(packet);
    return packet;
  }

  /** A word to the bot; it is pushed again on each connection until it is acked. */
  say(word: Fields): void {
    const packet = {
      type: 'msg:N',
      msgId: this.newId(),
      serverMsgId: this.newId(),
      from: 'conductor',
      to: 'bot',
      body: JSON.stringify(word),
      acceptedAt: Date.now(),
    };
    this.#unsaid.set(packet.serverMsgId, packet);
    this.send(packet);
  }

  /** No start gets a word of an earlier start again. */
  forgetWords(): void {
    this.#unsaid.clear();
  }

  newId(): string {
    this.#ids += 1;
    return `k-${this.#ids}`;
  }

  send(packet: Fields): void {
    if (this.socket?.readyState !== 1) return;
    this.#note({ ...packet, way: 'out' });
    this.socket.send(JSON.stringify(packet));
  }

  #note(what: Fields): void {
    this.seen.push({ at: performance.now(), connection: this.connection, ...what } as Seen);
    for (const wake of this.#wakers) wake();
  }

  /** What was seen and has these fields, from `after` on. */
  all(fields: Fields, after = 0): Seen[] {
    return this.seen
      .slice(after)
      .filter((seen) => Object.entries(fields).every(([name, value]) => seen[name] === value));
  }

  /** Resolves with the first `count` that match, when they are there. */
  async until(fields: Fields, count = 1, after = 0): Promise<Seen[]> {
    return await this.wait(
      () => {
        const found = this.all(fields, after);
        return found.length >= count ? found : undefined;
      },
      () => `${count} of ${JSON.stringify(fields)}`,
    );
  }

  /** The words of the bot that have that member, first tellings only. */
  words(member: string, after = 0): Fields[] {
    const said = new Map<unknown, Fields>();
    for (const { msgId, body } of this.all({ way: 'in', type: 'msg:R', to: 'conductor' }, after)) {
      const word = JSON.parse(String(body)) as Fields;
      if (member in word && !said.has(msgId)) said.set(msgId, word[member] as Fields);
    }
    return [...said.values()];
  }

  async word(member: string, fields: Fields = {}, after = 0): Promise<Fields> {
    return await this.wait(
      () =>
        this.words(member, after).find((word) => Object.entries(fields).every(([name, value]) => word[name] === value)),
      () => `the word ${member} ${JSON.stringify(fields)}`,
    );
  }

  async wait<T>(look: () => T | undefined, what: () => string): Promise<T> {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      const left = deadline - performance.now();
      if (left <= 0) throw new Error(`not seen: ${what()}; the last: ${JSON.stringify(this.seen.slice(-12), null, 1)}`);
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          clearTimeout(timer);
          this.#wakers.delete(wake);
          resolve();
        };
        const timer = setTimeout(wake, left);
        this.#wakers.add(wake);
      });
    }
  }
}
