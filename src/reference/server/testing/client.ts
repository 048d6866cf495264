import { WebSocket } from 'ws';
import type { Packet, PacketType } from '../../../../schemas/index.js';
import { encodePacket } from '../../../wire/index.js';

/** A wait that is longer than this fails the test. Milliseconds. */
const PATIENCE_MS = 10_000;

type Fields = Partial<Record<string, unknown>>;

/** A bare client for the tests of the server: sends what it is told, keeps what it gets. */
export class TestClient {
  readonly webSocket: WebSocket;
  /** Everything that came and was not taken yet. */
  readonly inbox: Packet[] = [];
  readonly closed: Promise<number>;
  readonly #waiting = new Set<() => void>();
  #rid = 0;

  private constructor(webSocket: WebSocket) {
    this.webSocket = webSocket;
    webSocket.on('error', () => {});
    webSocket.on('message', (data) => {
      this.inbox.push(JSON.parse(data.toString()) as Packet);
      for (const wake of this.#waiting) wake();
    });
    this.closed = new Promise((resolve) => webSocket.on('close', resolve));
  }

  /** Resolves when the connection is open; rejects with the HTTP status in the message. */
  static async connect(url: string, token: string, options: { autoPong?: boolean } = {}): Promise<TestClient> {
    const webSocket = new WebSocket(url, ['im.ran.v1'], { headers: { authorization: `Bearer ${token}` }, ...options });
    const client = new TestClient(webSocket);
    await new Promise((resolve, reject) => {
      webSocket.once('open', resolve);
      webSocket.once('error', reject);
    });
    return client;
  }

  send(packet: Packet): void {
    this.webSocket.send(encodePacket(packet));
  }

  /** Sends a msg:R and resolves with its msg:A. */
  async message(msgId: string, to: string, body = 'hello', more: { ttlMs?: number } = {}): Promise<Packet & Fields> {
    this.#rid += 1;
    const rid = `r-${this.#rid}`;
    this.send({ type: 'msg:R', rid, msgId, to, body, ...more });
    return await this.next('msg:A', { rid });
  }

  /** Sends an ack:R and resolves with its ack:A. */
  async ack(serverMsgId: unknown): Promise<Packet & Fields> {
    this.#rid += 1;
    const rid = `r-${this.#rid}`;
    this.send({ type: 'ack:R', rid, serverMsgId: String(serverMsgId) });
    return await this.next('ack:A', { rid });
  }

  /** Takes the first packet that matches, now or when it comes. */
  async next(type: PacketType, fields: Fields = {}): Promise<Packet & Fields> {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const index = this.inbox.findIndex((packet: Packet & Fields) =>
        Object.entries({ type, ...fields }).every(([name, value]) => packet[name] === value),
      );
      if (index >= 0) return this.inbox.splice(index, 1)[0] as Packet & Fields;
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`no ${type} ${JSON.stringify(fields)}; there is ${JSON.stringify(this.inbox)}`);
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          clearTimeout(timer);
          this.#waiting.delete(wake);
          resolve();
        };
        const timer = setTimeout(wake, left);
        this.#waiting.add(wake);
      });
    }
  }

  async close(): Promise<number> {
    this.webSocket.close();
    return await this.closed;
  }
}
