import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { WIRE } from '../../../schemas/index.js';
import { KitError } from '../../errors.js';
import type { LinkHandlers, ServerSocket, Upgrade } from '../../play/server/index.js';
import { localFault } from '../local-fault.js';
import { resetConnection } from '../process/reset-connection.js';

/** A frame may be as long as a packet can become, and no longer: a subject must not fill the memory of the kit. */
const MAX_FRAME_BYTES = 1_048_576;
/** A subject that opens connections without end is held to so many at a time. */
const MAX_SOCKETS = 200;
/** A subject that does not read holds the end of its connection up no longer. */
const UNREAD_BOUND_MS = 500;
/** What a subject does not read waits in the memory of the kit: so much of it at most on one connection. */
const MAX_UNREAD_BYTES = 16 * 1_048_576;

const isEverywhere = (host: string): boolean => host === '0.0.0.0' || host === '::';

const bearerOf = ({ headers }: IncomingMessage): string | undefined =>
  /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1];

/** What comes before the first slash of a target, for those that are a path. */
const BASE = 'ws://kit/';

const queryTokenOf = ({ url = '/' }: IncomingMessage): string | undefined =>
  URL.canParse(url, BASE) ? (new URL(url, BASE).searchParams.get('access_token') ?? undefined) : undefined;

const offersProtocol = ({ headers }: IncomingMessage): boolean =>
  (headers['sec-websocket-protocol'] ?? '').split(',').some((offer) => offer.trim() === WIRE.subprotocol);

/** What was written is encrypted later, and would be lost with a connection that is destroyed at once. */
const endAfterWrites = (ws: WebSocket, raw: Socket): void => {
  raw.destroySoon();
  setTimeout(() => ws.terminate(), UNREAD_BOUND_MS).unref();
};

/** `tcp` is the bare transport below `raw`, and the same where there is no TLS. */
const socketOf = (ws: WebSocket, raw: Socket, tcp: Socket): ServerSocket => ({
  sendText: (text) => {
    if (ws.bufferedAmount > MAX_UNREAD_BYTES) ws.terminate();
    else ws.send(text);
  },
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
  reset: () => {
    resetConnection(tcp, raw);
    ws.terminate();
  },
  terminate: () => {
    if (tcp === raw) ws.terminate();
    else endAfterWrites(ws, raw);
  },
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

/** Where the kit listens. `port` 0: any that is free. */
export interface Place {
  host: string;
  port: number;
  /** Certificate and private key in PEM: with them it speaks TLS. */
  tls?: { cert: string; key: string };
}

export const LOOPBACK: Place = { host: '127.0.0.1', port: 0 };

/** The same transport, under TLS and without: by what it is to the other side. */
const peerOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`;

/** The address at which the kit waits for a client, and the tokens with which it lets in. */
export class Listener {
  readonly #place: Place;
  #server: Server | undefined;
  #port: number;
  readonly #transports = new Map<string, Socket>();
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

  constructor(place: Place = LOOPBACK) {
    this.#place = place;
    this.#port = place.port;
  }

  /** As a client on this machine reaches it. */
  get url(): string {
    return this.urlAt(isEverywhere(this.#place.host) ? '127.0.0.1' : this.#place.host);
  }

  urlAt(host: string): string {
    return `${this.#place.tls === undefined ? 'ws' : 'wss'}://${host.includes(':') ? `[${host}]` : host}:${this.#port}/`;
  }

  async listen(onUpgrade: (upgrade: Upgrade) => void): Promise<void> {
    this.#onUpgrade = onUpgrade;
    if (this.#server !== undefined) return;
    const { host, tls } = this.#place;
    const answer = (_request: IncomingMessage, response: ServerResponse) => response.writeHead(404).end();
    const server = tls === undefined ? createServer(answer) : createTlsServer(tls, answer);
    server.on('connection', (socket) => this.#onConnection(socket));
    server.on('upgrade', (request, socket: Socket, head) => this.#upgrade(request, socket, head));
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', (cause) => {
        const message = `the kit cannot listen on ${host}:${this.#port}: ${cause.message}`;
        const chosen = host !== LOOPBACK.host || this.#place.port !== 0;
        const error = chosen
          ? new KitError('usage', message, 'Give --listen an address of this machine and a free port.', {
              cause,
              field: 'listen',
            })
          : new KitError('kit', message, 'Play it again.', { cause });
        reject(chosen ? error : (localFault(cause) ?? error));
      });
      server.listen(this.#port, host, resolve);
    });
    this.#port = (server.address() as AddressInfo).port;
  }

  #onConnection(socket: Socket): void {
    if (this.#sockets.size >= MAX_SOCKETS) {
      socket.destroy();
      return;
    }
    const peer = peerOf(socket);
    this.#sockets.add(socket);
    this.#transports.set(peer, socket);
    socket
      .on('error', () => {})
      .on('close', () => {
        this.#sockets.delete(socket);
        if (this.#transports.get(peer) === socket) this.#transports.delete(peer);
      });
  }

  #upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    // After its upgrade a socket is half open and paused: what the client gives up must be seen.
    socket.on('error', () => {}).on('end', () => socket.end());
    const tcp = this.#transports.get(peerOf(socket)) ?? socket;
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
      offersProtocol: offersProtocol(request),
      refuse,
      accept: (handlers) =>
        new Promise((resolve) => {
          // Who was kept waiting may have given up.
          if (socket.destroyed) return resolve(undefined);
          socket.once('close', () => resolve(undefined));
          this.#webSockets.handleUpgrade(request, socket, head, (ws) => {
            listenOn(ws, handlers);
            resolve(socketOf(ws, socket, tcp));
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
