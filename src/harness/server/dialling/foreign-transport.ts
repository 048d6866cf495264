import { connect as connectTcp, isIP, type Socket as TcpSocket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { DialOutcome, Socket, SocketHandlers } from '../../../play/index.js';
import { localFault } from '../../local-fault.js';
import { endpointOf } from '../../process/port.js';
import { resetConnection } from '../../process/reset-connection.js';
import type { Credentials } from '../credentials.js';
import { CorkPerTick } from './cork-per-tick.js';
import { openSocket } from './open-socket.js';

/** What a dialect needs of the connection below it, be it a WebSocket or a bare TCP connection. */
export interface ForeignTransport {
  write(data: string | Uint8Array): void;
  /** Starts TLS on a bare connection that is open. */
  secure?(serverName: string): void;
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
const bareSocket = (current: () => TcpSocket, bare: TcpSocket, ending: { clean: boolean }): Socket => {
  const cork = new CorkPerTick();
  const gather = (data: string | Uint8Array): void => {
    const tcp = current();
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
    pause: () => atOnce(() => current().pause()),
    resume: () => current().resume(),
    closeCleanly: () => {
      ending.clean = true;
      atOnce(() => current().end());
    },
    reset: () => atOnce(() => resetConnection(bare, current())),
    terminate: () => atOnce(() => current().destroy()),
  };
};

const isSecure = (url: string): boolean => /^(tls|\w+s):/.test(url) && !/^(ws|nats):/.test(url);

/** Over TCP, or TLS where the scheme of the url ends in `s`, or a session starts it. Rejects with a KitError when it is this machine that refuses. */
export const openForeignTcp = (
  { url, tls }: Credentials,
  { timeoutMs }: TransportRequest,
  handlers: TransportHandlers,
): Promise<DialOutcome> =>
  new Promise((resolve, reject) => {
    const endpoint = endpointOf(url);
    const bare = connectTcp(endpoint);
    // An address is no name of a server: its certificate is checked against the address all the same.
    const over = (servername: string): TcpSocket =>
      connectTls({ ...tls, socket: bare, host: servername, servername: isIP(servername) ? '' : servername });
    let tcp = isSecure(url) ? over(endpoint.host) : bare;
    const ending = { clean: false };
    let opened = false;
    let error: Error | undefined;
    const giveUp = setTimeout(() => {
      resolve({ ok: false, refusal: 'timeout', error: `no connection within ${timeoutMs} ms` });
      bare.destroy();
    }, timeoutMs);
    bare.setNoDelay(true);
    const onError = (cause: NodeJS.ErrnoException): void => {
      error = cause;
      if (opened) return;
      const fault = localFault(cause);
      if (fault) reject(fault);
      else resolve({ ok: false, refusal: 'network', error: cause.message });
    };
    const onData = (data: Uint8Array): void => handlers.onData(data);
    // Both sides have ended it: whoever asked for that sees a clean end.
    const onClose = (): void => {
      clearTimeout(giveUp);
      if (opened) handlers.onClose(ending.clean && error === undefined ? 1000 : 1006, error);
    };
    const listen = (): TcpSocket => tcp.on('error', onError).on('data', onData).on('close', onClose);
    const secure = (servername: string): void => {
      bare.off('error', onError).off('data', onData).off('close', onClose);
      tcp = over(servername);
      listen();
    };
    listen();
    tcp.once(tcp === bare ? 'connect' : 'secureConnect', () => {
      clearTimeout(giveUp);
      opened = true;
      const socket = bareSocket(() => tcp, bare, ending);
      handlers.onOpen({ socket, secure, write: (data) => socket.sendText(data as string) });
      resolve({ ok: true });
    });
  });
