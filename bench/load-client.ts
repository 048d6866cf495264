import { WebSocket } from 'ws';

export interface Load {
  url: string;
  clients: number;
  inFlight: number;
  bodyBytes: number;
  /** How the names of the senders begin. */
  senders?: string;
  /** A rejection counts for nothing, and the next request follows a moment later. */
  isPatient?: true;
}

const BUSY_PAUSE_MS = 20;

/** What one client knows of its own requests. Numbers of the requests, from 0. */
interface Client {
  webSocket: WebSocket;
  name: string;
  sent: number;
  answered: number;
}

export const recipientOf = (index: number): string => `receiver-${index}`;

const connect = (url: string, user: string): Promise<WebSocket> =>
  new Promise((resolve, reject) => {
    const webSocket = new WebSocket(url, ['im.ran.v1'], {
      headers: { authorization: `Bearer ${user}` },
      perMessageDeflate: false,
    });
    webSocket.once('open', () => resolve(webSocket));
    webSocket.once('error', reject);
  });

/** Makes users exist, and leaves them away. */
export const introduce = async (url: string, users: readonly string[]): Promise<void> => {
  await Promise.all(
    users.map(async (user) => {
      const webSocket = await connect(url, user);
      await new Promise((resolve) => {
        webSocket.once('close', resolve);
        webSocket.close();
      });
    }),
  );
};

/**
 * Many senders on one server. The same for an echo server and for the reference server: what comes back first for a
 * request, its echo or its msg:A, counts as its answer; receipts are read and count for nothing.
 */
export class LoadClient {
  readonly #load: Load;
  readonly #body: string;
  #clients: Client[] = [];
  /** Called with each answer: the index of the client and the number of the request on that client. */
  onAnswer: (client: number, request: number) => void = () => {};

  constructor(load: Load) {
    this.#load = load;
    this.#body = 'x'.repeat(load.bodyBytes);
  }

  async open(run: string): Promise<void> {
    this.#clients = await Promise.all(
      Array.from({ length: this.#load.clients }, async (_, index) => {
        const webSocket = await connect(this.#load.url, `${this.#load.senders ?? 'sender'}-${index}`);
        const client: Client = { webSocket, name: `${run}-${index}`, sent: 0, answered: 0 };
        webSocket.on('message', (data) => this.#onMessage(index, client, data.toString()));
        return client;
      }),
    );
  }

  get answered(): number {
    return this.#clients.reduce((sum, { answered }) => sum + answered, 0);
  }

  send(index: number): number {
    const client = this.#clients[index] as Client;
    const id = `${client.name}-${client.sent}`;
    client.webSocket.send(
      `{"type":"msg:R","rid":"${client.sent}","msgId":"${id}","to":"${recipientOf(index)}","body":"${this.#body}"}`,
    );
    client.sent += 1;
    return client.sent - 1;
  }

  /** Keeps `inFlight` requests of each client on their way for that long. Resolves with answers per second. */
  async saturate(durationMs: number): Promise<number> {
    this.onAnswer = (index) => this.send(index);
    for (let index = 0; index < this.#clients.length; index += 1) {
      for (let count = 0; count < this.#load.inFlight; count += 1) this.send(index);
    }
    // The first quarter warms up both sides and counts for nothing.
    await new Promise((resolve) => setTimeout(resolve, durationMs / 4));
    const [begin, before] = [performance.now(), this.answered];
    await new Promise((resolve) => setTimeout(resolve, durationMs));
    const perSecond = ((this.answered - before) * 1_000) / (performance.now() - begin);
    this.onAnswer = () => {};
    return perSecond;
  }

  close(): void {
    for (const { webSocket } of this.#clients) webSocket.terminate();
  }

  #onMessage(index: number, client: Client, text: string): void {
    if (text.startsWith('{"type":"ack:N"')) return;
    if (this.#load.isPatient && text.includes('"code":"busy"')) {
      setTimeout(() => client.webSocket.readyState === WebSocket.OPEN && this.onAnswer(index, -1), BUSY_PAUSE_MS);
      return;
    }
    if (text.includes('"status":"rejected"')) throw new Error(`the server refuses the load: ${text}`);
    client.answered += 1;
    const rid = /"rid":"(\d+)"/.exec(text)?.[1];
    this.onAnswer(index, Number(rid));
  }
}
