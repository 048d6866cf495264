import { once } from 'node:events';
import {
  createServer as createHttpServer,
  type Server as HttpServer,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { TEST_CERTIFICATE } from './test-certificate.js';

/** A server that misbehaves in one way, in this process. For tests only. */
export interface BadSubject {
  url: string;
  close(): Promise<void>;
}

/** More than the kit reads of one frame. */
const HUGE_FRAME_BYTES = 80 * 1024 * 1024;
const FLOOD_PACKETS = 1_000_000;
const FLOOD_BATCH = 10_000;
const RECEIPT = '{"type":"ack:N","msgId":"m","serverMsgId":"s","to":"nobody","status":"stored","at":1700000000000}';

/** What each kind does with a TCP connection. */
const onSocket = {
  /** Takes the connection and never answers. */
  silent: () => undefined,
  'closes-at-once': (socket: Socket) => socket.end(),
  resets: (socket: Socket) => socket.once('data', () => socket.resetAndDestroy()),
  'not-http': (socket: Socket) => socket.write('SSH-2.0-OpenSSH_9.2\r\n'),
  /** Begins an answer and goes on for ever, one header at a time. */
  drips: (socket: Socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\n');
    const timer = setInterval(() => socket.write('x: y\r\n'), 10);
    socket.once('close', () => clearInterval(timer));
  },
} satisfies Record<string, (socket: Socket) => unknown>;

/** What each kind does with a WebSocket that it has accepted. */
const onWebSocket = {
  good: () => undefined,
  'no-subprotocol': () => undefined,
  'closes-after-upgrade': (socket: WebSocket) => socket.close(1008, 'not today'),
  'resets-after-upgrade': (socket: WebSocket) => socket.terminate(),
  'garbage-text': (socket: WebSocket) => {
    for (const text of ['', 'hello', '{"type":', '[]', 'null', '{"type":"msg:N"}']) socket.send(text);
  },
  binary: (socket: WebSocket) => socket.send(Buffer.from([0, 1, 2, 255])),
  /** A text frame of 80 MB. */
  'huge-frame': (socket: WebSocket) => socket.send(Buffer.alloc(HUGE_FRAME_BYTES, 'x'), { binary: false }),
  /** A million tiny packets with a fault, as fast as the reader takes them. */
  'packet-flood': (_: WebSocket, raw: Socket) => flood(raw, '{"type":"msg:N"}'),
  /** A million tiny texts of another protocol. */
  'foreign-flood': (_: WebSocket, raw: Socket) => flood(raw, '{}'),
  /** A million receipts, each of them a valid packet, that nobody asked for. */
  'receipt-flood': (_: WebSocket, raw: Socket) => flood(raw, RECEIPT),
} satisfies Record<string, (socket: WebSocket, raw: Socket) => unknown>;

export type BadKind = keyof typeof onSocket | keyof typeof onWebSocket | 'tls' | 'no-http' | `status-${number}`;

/** Starts a server of this kind on a free port of 127.0.0.1. `tls` speaks TLS with a certificate that nobody trusts. */
export const startBadSubject = async (kind: BadKind): Promise<BadSubject> => {
  const server = serverOf(kind);
  const sockets = new Set<Socket>();
  const track = (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).once('close', () => sockets.delete(socket));
  };
  server.on('connection', track);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `${kind === 'tls' ? 'wss' : 'ws'}://127.0.0.1:${port}/`,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
  };
};

const serverOf = (kind: BadKind): Server => {
  if (kind in onSocket) return createTcpServer(onSocket[kind as keyof typeof onSocket]);
  if (kind === 'tls') return accepting(createHttpsServer(TEST_CERTIFICATE, notFound), 'good');
  // Nobody hears a word from it but over WebSocket.
  if (kind === 'no-http') return accepting(createHttpServer(), 'good');
  if (kind in onWebSocket) return accepting(createHttpServer(notFound), kind as keyof typeof onWebSocket);
  return refusing(Number(kind.slice('status-'.length)));
};

/** None of them has a description. */
const notFound = (_: unknown, response: ServerResponse) => response.writeHead(404).end();

const accepting = (server: HttpServer, kind: keyof typeof onWebSocket): Server => {
  const handleProtocols = () => (kind === 'no-subprotocol' ? false : 'im.ran.v1');
  const sockets = new WebSocketServer({ server, handleProtocols, perMessageDeflate: false });
  sockets.on('connection', (socket, request) => {
    socket.on('error', () => undefined);
    onWebSocket[kind](socket, request.socket);
  });
  return server;
};

/** Answers every upgrade with this status. */
const refusing = (status: number): Server => {
  return createHttpServer().on('upgrade', (_, socket) => {
    socket.end(
      `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Odd'}\r\nLocation: /elsewhere\r\nContent-Type: text/plain\r\n` +
        'Connection: close\r\n\r\nwhy: \x1b[31mbecause\n',
    );
  });
};

/** `text`: shorter than 126 bytes, so that the head of its unmasked text frame has two. */
const flood = (raw: Socket, text: string): void => {
  const frame = `\x81${String.fromCharCode(text.length)}${text}`;
  const bytes = Buffer.from(frame.repeat(FLOOD_BATCH), 'latin1');
  let left = FLOOD_PACKETS / FLOOD_BATCH;
  const more = () => {
    while (left > 0 && raw.writable) {
      left--;
      if (!raw.write(bytes)) {
        raw.once('drain', more);
        return;
      }
    }
  };
  more();
};
