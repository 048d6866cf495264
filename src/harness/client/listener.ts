import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { WIRE } from '../../../schemas/index.js';
import { KitError } from '../../errors.js';
import type { LinkHandlers, ServerSocket, Upgrade } from '../../play/server/index.js';
import { localFault } from '../local-fault.js';

/** A frame may be as long as a packet can become, and no longer: a subject must not fill the memory of the kit. */
const MAX_FRAME_BYTES = 1_048_576;
/** A subject that opens connections without end is held to so many at a time. */
const MAX_SOCKETS = 200;

const bearerOf = ({ headers }: IncomingMessage): string | undefined =>
  /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1];

const queryTokenOf = ({ url = '/' }: IncomingMessage): string | undefined =>
  new URL(url, 'ws://kit/').searchParams.get('access_token') ?? undefined;

const socketOf = (ws: WebSocket, raw: Socket): ServerSocket => ({
  sendText: (text) => ws.send(text),
  sendBinary: (bytes) => ws.send(Buffer.alloc(bytes), { binary: true }),
  sendFragments: (text, fragments) => {
    const data = Buffer.from(text);
    const cut = (i: number): number => Math.round((i * data.length) / fragments);
    for (let i = 0; i < fragments; i++) {
      ws.send(data.subarray(cut(i), cut(i + 1)), { binary: false, fin: i === fragments - 1 });
    }
  },
  sendTogether: (texts) => {
    raw.cork();
    for (const text of texts) ws.send(text);
    raw.uncork();
  },
  pause: () => ws.pause(),
  resume: () => ws.resume(),
  close: (code) => ws.close(code),
  reset: () => raw.resetAndDestroy(),
  terminate: () => ws.terminate(),
});

const listenOn = (ws: WebSocket, handlers: LinkHandlers): void => {
  ws.on('message', (data, isBinary) => {
    const bytes = data as Buffer;
    if (isBinary) handlers.onBinary(bytes.length);
    else handlers.onText(bytes.toString('utf8'));
  });
  ws.on('ping', () => handlers.onPing());
  ws.on('error', () => {});
  ws.on('close', (code) => handlers.onClose(code));
};

/** The address at which the kit waits for a client, and the tokens with which it lets in. */
export class Listener {
  #server: Server | undefined;
  #port = 0;
  readonly #sockets = new Set<Socket>();
  readonly #webSockets = new WebSocketServer({
    noServer: true,
    handleProtocols: (offered) => (offered.has(WIRE.subprotocol) ? WIRE.subprotocol : false),
    perMessageDeflate: false,
    maxPayload: MAX_FRAME_BYTES,
  });
  /** The only token that is good now. */
  token = '';
  /** Upgrades that were refused because of their token. */
  strangers = 0;
  #onUpgrade: (upgrade: Upgrade) => void = () => {};

  get url(): string {
    return `ws://127.0.0.1:${this.#port}/`;
  }

  async listen(onUpgrade: (upgrade: Upgrade) => void): Promise<void> {
    this.#onUpgrade = onUpgrade;
    if (this.#server !== undefined) return;
    const server = createServer((_request, response) => response.writeHead(404).end());
    server.on('connection', (socket) => this.#onConnection(socket));
    server.on('upgrade', (request, socket: Socket, head) => this.#upgrade(request, socket, head));
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', (cause) => {
        const message = `the kit cannot listen on 127.0.0.1:${this.#port}: ${cause.message}`;
        reject(localFault(cause) ?? new KitError('kit', message, 'Play it again.', { cause }));
      });
      server.listen(this.#port, '127.0.0.1', resolve);
    });
    this.#port = (server.address() as AddressInfo).port;
  }

  #onConnection(socket: Socket): void {
    if (this.#sockets.size >= MAX_SOCKETS) {
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    socket.on('error', () => {}).on('close', () => this.#sockets.delete(socket));
  }

  #upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    // After its upgrade a socket is half open and paused: what the client gives up must be seen.
    socket.on('end', () => socket.end());
    const refuse: Upgrade['refuse'] = (status, headers) => {
      const lines = Object.entries({ Connection: 'close', 'Content-Length': '0', ...headers });
      const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
      socket.resume();
      socket.end(`HTTP/1.1 ${status} Refused\r\n${head}\r\n`);
    };
    const token = bearerOf(request) ?? queryTokenOf(request);
    if (token !== this.token) {
      this.strangers += 1;
      refuse(401, { 'WWW-Authenticate': 'Bearer' });
      return;
    }
    socket.resume();
    this.#onUpgrade({
      refuse,
      accept: (handlers) =>
        new Promise((resolve) => {
          socket.once('close', () => resolve(undefined));
          this.#webSockets.handleUpgrade(request, socket, head, (ws) => {
            listenOn(ws, handlers);
            resolve(socketOf(ws, socket));
          });
        }),
    });
  }

  /** Every TCP connection is refused from here on; those that are open stay. */
  async stopListening(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    server?.close();
  }

  /** Ends everything. */
  close(): void {
    this.#server?.close();
    this.#server = undefined;
    for (const socket of this.#sockets) socket.destroy();
  }
}
