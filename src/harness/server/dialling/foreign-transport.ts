import { connect as connectTcp, type Socket as TcpSocket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { DialOutcome, Socket, SocketHandlers } from '../../../play/index.js';
import { localFault } from '../../local-fault.js';
import { endpointOf } from '../../process/port.js';
import type { Credentials } from '../credentials.js';
import { CorkPerTick } from './cork-per-tick.js';
import { openSocket } from './open-socket.js';

/** What a dialect needs of the connection below it, be it a WebSocket or a bare TCP connection. */
export interface ForeignTransport {
  write(data: string | Uint8Array): void;
  /** The WebSocket, where there is one: its pings, pongs and endings. */
  readonly socket: Socket;
}

export interface TransportHandlers {
  onOpen(transport: ForeignTransport): void;
  onData(data: string | Uint8Array): void;
  onPing(data: Uint8Array): void;
  onPong(data?: Uint8Array): void;
  onClose(code: number, error?: Error, reason?: string): void;
}

export interface TransportRequest {
  subprotocol: string | false;
  timeoutMs: number;
}

/** Over WebSocket: every frame is one piece of data, text or bytes. */
export const openForeignWebSocket = (
  credentials: Credentials,
  request: TransportRequest,
  handlers: TransportHandlers,
): Promise<DialOutcome> => {
  const below: SocketHandlers = {
    onOpen: (socket) =>
      handlers.onOpen({
        socket,
        write: (data) => (typeof data === 'string' ? socket.sendText(data) : socket.sendBinary(data)),
      }),
    onText: (text) => handlers.onData(text),
    onBinary: (_, data) => handlers.onData(data ?? new Uint8Array()),
    onPing: (data) => handlers.onPing(data),
    onPong: (data) => handlers.onPong(data),
    onClose: (code, error, reason) => handlers.onClose(code, error, reason),
  };
  return openSocket(credentials, request, below);
};

const nothing = (): void => undefined;

/** A bare connection has no frames of its own and no pings; those of the dialect are all there is. */
const bareSocket = (tcp: TcpSocket, ending: { clean: boolean }): Socket => {
  const cork = new CorkPerTick();
  const gather = (data: string | Uint8Array): void => {
    if (!tcp.writable) return;
    cork.touch(tcp);
    tcp.write(data);
  };
  const atOnce = (act: () => void): void => {
    cork.flush();
    act();
  };
  return {
    sendText: gather,
    sendBinary: gather,
    sendFragment: gather,
    sendTextBytes: gather,
    sendHugeFrame: nothing,
    ping: nothing,
    pong: nothing,
    pause: () => atOnce(() => tcp.pause()),
    resume: () => tcp.resume(),
    closeCleanly: () => {
      ending.clean = true;
      atOnce(() => tcp.end());
    },
    reset: () => atOnce(() => tcp.resetAndDestroy()),
    terminate: () => atOnce(() => tcp.destroy()),
  };
};

const isSecure = (url: string): boolean => /^(tls|wss|\w+s):/.test(url) && !/^(ws|nats|xmpps?):/.test(url);

/** Over TCP, or TLS where the scheme of the url ends in `s`. Rejects with a KitError when it is this machine that refuses. */
export const openForeignTcp = (
  { url, tls }: Credentials,
  { timeoutMs }: TransportRequest,
  handlers: TransportHandlers,
): Promise<DialOutcome> =>
  new Promise((resolve, reject) => {
    const endpoint = endpointOf(url);
    const bare = connectTcp(endpoint);
    const tcp = isSecure(url) ? connectTls({ ...tls, socket: bare, servername: endpoint.host }) : bare;
    const ending = { clean: false };
    let opened = false;
    let error: Error | undefined;
    const giveUp = setTimeout(() => {
      resolve({ ok: false, refusal: 'timeout', error: `no connection within ${timeoutMs} ms` });
      bare.destroy();
    }, timeoutMs);
    bare.setNoDelay(true);
    tcp.on('error', (cause: NodeJS.ErrnoException) => {
      error = cause;
      if (opened) return;
      const fault = localFault(cause);
      if (fault) reject(fault);
      else resolve({ ok: false, refusal: 'network', error: cause.message });
    });
    tcp.on('data', (data: Uint8Array) => handlers.onData(data));
    // Both sides have ended it: whoever asked for that sees a clean end.
    tcp.on('close', () => {
      clearTimeout(giveUp);
      if (opened) handlers.onClose(ending.clean && error === undefined ? 1000 : 1006, error);
    });
    tcp.once(tcp === bare ? 'connect' : 'secureConnect', () => {
      clearTimeout(giveUp);
      opened = true;
      const socket = bareSocket(tcp, ending);
      handlers.onOpen({ socket, write: (data) => socket.sendText(data as string) });
      resolve({ ok: true });
    });
  });
