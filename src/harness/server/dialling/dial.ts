import type { Socket as TcpSocket } from 'node:net';
import { type ClientOptions, WebSocket } from 'ws';
import type { Dial, DialOutcome, Socket, SocketHandlers } from '../../../play/index.js';
import { localFault } from '../../local-fault.js';
import type { Authenticate } from '../credentials.js';
import { CorkPerTick } from './cork-per-tick.js';
import { refusalOf } from './refusal-of.js';
import { streamFrame } from './stream-frame.js';
import { tlsOverTcp } from './tls-over-tcp.js';

/** A frame of a subject beyond this is refused, so that the kit keeps its memory. */
const MAX_FRAME_BYTES = 64 * 1024 * 1024;
const CLOSE_TIMEOUT_MS = 5_000;

/** `tcp` is what can be reset, `stream` what the frames travel on: they differ under TLS. */
const wrap = (ws: WebSocket, tcp: () => TcpSocket | undefined, stream: () => TcpSocket | undefined): Socket => {
  const cork = new CorkPerTick();
  const gather = (write: () => void): void => {
    cork.touch(stream());
    write();
  };
  /** What was written before leaves before. */
  const after = (act: () => void): void => {
    cork.flush();
    act();
  };
  return {
    sendText: (text) => gather(() => ws.send(text)),
    sendBinary: (data) => gather(() => ws.send(data, { binary: true })),
    // Each on its own, as a proxy would cut them.
    sendFragment: (data, last) => after(() => ws.send(data, { binary: false, fin: last })),
    sendHugeFrame: (frame) => {
      const socket = stream();
      if (socket) after(() => streamFrame(socket, frame));
    },
    sendTextBytes: (data) => gather(() => ws.send(data, { binary: false })),
    ping: () => gather(() => ws.ping()),
    pong: (data) => gather(() => ws.pong(data)),
    pause: () => after(() => ws.pause()),
    resume: () => ws.resume(),
    closeCleanly: () => after(() => ws.close(1000)),
    reset: () =>
      after(() => {
        const socket = tcp();
        if (socket) socket.resetAndDestroy();
        else ws.terminate();
      }),
    terminate: () => after(() => ws.terminate()),
  };
};

const listen = (ws: WebSocket, handlers: SocketHandlers): void => {
  let error: Error | undefined;
  ws.on('message', (data, isBinary) => {
    const bytes = data as Buffer;
    if (isBinary) handlers.onBinary(bytes.byteLength);
    else handlers.onText(bytes.toString('utf8'));
  });
  ws.on('ping', (data) => handlers.onPing(data));
  ws.on('pong', () => handlers.onPong());
  ws.on('error', (cause) => {
    error = cause;
  });
  ws.on('close', (code) => handlers.onClose(code, error));
};

/** Opens real WebSocket connections to one subject. Rejects with a KitError when it is this machine that refuses. */
export const createDial = (baseUrl: string, authenticate: Authenticate): Dial => {
  return async ({ user, device, tokens, subprotocol, timeoutMs }, handlers) => {
    const { url, headers, tls } = await authenticate(baseUrl, user, device, tokens);
    return new Promise<DialOutcome>((resolve, reject) => {
      let tcp: TcpSocket | undefined;
      let stream: TcpSocket | undefined;
      // The published types do not know closeTimeout yet.
      const options: ClientOptions & { closeTimeout: number } = {
        ...tls,
        headers,
        handshakeTimeout: timeoutMs,
        perMessageDeflate: false,
        autoPong: false,
        followRedirects: false,
        maxPayload: MAX_FRAME_BYTES,
        closeTimeout: CLOSE_TIMEOUT_MS,
        ...(url.startsWith('wss:') ? { createConnection: tlsOverTcp((own) => (tcp = own)) } : {}),
      };
      const ws = new WebSocket(url, subprotocol === false ? [] : [subprotocol], options);
      ws.on('upgrade', (response) => {
        stream = response.socket;
        tcp ??= response.socket;
      });
      ws.on('unexpected-response', (request, response) => {
        const status = response.statusCode ?? 0;
        resolve({
          ok: false,
          refusal: 'status',
          status,
          error: `HTTP ${status} ${response.statusMessage ?? ''}`.trim(),
        });
        response.destroy();
        request.destroy();
      });
      // Before the upgrade an error is the outcome; afterwards a close follows and carries it.
      ws.on('error', (cause) => {
        const fault = localFault(cause);
        if (fault) reject(fault);
        else resolve({ ok: false, refusal: refusalOf(cause), error: cause.message });
      });
      ws.on('open', () => {
        listen(ws, handlers);
        handlers.onOpen(
          wrap(
            ws,
            () => tcp,
            () => stream,
          ),
        );
        resolve({ ok: true });
      });
    });
  };
};
