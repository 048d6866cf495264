import type { IncomingMessage } from 'node:http';
import type { Socket as TcpSocket } from 'node:net';
import { type ClientOptions, WebSocket } from 'ws';
import { defined } from '../../../defined.js';
import type { DialOutcome, DialRequest, Socket, SocketHandlers } from '../../../play/index.js';
import { localFault } from '../../local-fault.js';
import { resetConnection } from '../../process/reset-connection.js';
import type { Credentials } from '../credentials.js';
import { textFrame, windowBitsOf } from './client-frame.js';
import { CorkPerTick } from './cork-per-tick.js';
import { Dripper } from './dripper.js';
import { FrameWatch } from './frame-watch.js';
import { shapeUpgrade } from './handshake-form.js';
import { refusalOf, retryAfterMs } from './refusal-of.js';
import { streamFrame } from './stream-frame.js';
import { tlsOverTcp } from './tls-over-tcp.js';

/** A frame of a subject beyond this is refused, so that the kit keeps its memory. */
const MAX_FRAME_BYTES = 64 * 1024 * 1024;
const CLOSE_TIMEOUT_MS = 5_000;

/** What lies below one WebSocket, from its upgrade on. */
interface Below {
  /** What can be reset, and what the frames travel on: they differ under TLS. */
  tcp?: TcpSocket;
  stream?: TcpSocket;
  /** How far the server lets the kit compress. Undefined: not at all. */
  windowBits?: number | undefined;
}

const AS_IT_IS = { compress: false };

const wrap = (ws: WebSocket, below: Below): Socket => {
  const cork = new CorkPerTick();
  const dripper = new Dripper();
  const gather = (write: () => void): void =>
    dripper.follow(() => {
      cork.touch(below.stream);
      write();
    });
  /** What was written before leaves before. */
  const after = (act: () => void): void =>
    dripper.follow(() => {
      cork.flush();
      act();
    });
  /** What nobody may wait for. */
  const atOnce = (act: () => void): void => {
    cork.flush();
    act();
  };
  const sendText: Socket['sendText'] = (text, { compressed, cutAfter, drips } = {}) => {
    const windowBits = compressed ? below.windowBits : undefined;
    const { stream } = below;
    if (stream === undefined || (windowBits === undefined && cutAfter === undefined && !drips)) {
      gather(() => ws.send(text, AS_IT_IS));
      return;
    }
    if (ws.readyState !== WebSocket.OPEN) return;
    const frame = textFrame(text, windowBits);
    if (drips) after(() => dripper.write(stream, frame));
    else if (cutAfter === undefined) gather(() => stream.write(frame));
    else {
      after(() => {
        stream.write(frame.subarray(0, cutAfter));
        stream.write(frame.subarray(cutAfter));
      });
    }
  };
  return {
    sendText,
    sendBinary: (data) => gather(() => ws.send(data, { ...AS_IT_IS, binary: true })),
    // Each on its own, as a proxy would cut them.
    sendFragment: (data, last) => after(() => ws.send(data, { ...AS_IT_IS, binary: false, fin: last })),
    sendHugeFrame: (frame) => {
      const { stream } = below;
      if (stream) after(() => streamFrame(stream, frame));
    },
    sendTextBytes: (data) => gather(() => ws.send(data, { ...AS_IT_IS, binary: false })),
    ping: (data) => gather(() => ws.ping(data)),
    pong: (data) => gather(() => ws.pong(data)),
    pause: () => atOnce(() => ws.pause()),
    resume: () => ws.resume(),
    closeCleanly: () => after(() => ws.close(1000)),
    reset: () =>
      atOnce(() => {
        const { tcp, stream } = below;
        if (tcp) resetConnection(tcp, stream);
        else ws.terminate();
      }),
    terminate: () => atOnce(() => ws.terminate()),
  };
};

const listen = (ws: WebSocket, handlers: SocketHandlers): void => {
  let error: Error | undefined;
  ws.on('message', (data, isBinary) => {
    const bytes = data as Buffer;
    if (isBinary) handlers.onBinary(bytes.byteLength, bytes);
    else handlers.onText(bytes.toString('utf8'));
  });
  ws.on('ping', (data) => handlers.onPing(data));
  ws.on('pong', (data) => handlers.onPong(data));
  ws.on('error', (cause) => {
    error = cause;
  });
  ws.on('close', (code, reason) => handlers.onClose(code, error, reason.toString()));
};

const lookBelow = (below: Below, { socket, headers }: IncomingMessage): void => {
  below.stream = socket;
  below.tcp ??= socket;
  below.windowBits = windowBitsOf(headers['sec-websocket-extensions']);
};

/** Once the WebSocket library listens, too, and in the same turn: before, it would miss what came with the upgrade. */
const watchFrames = ({ stream }: Below, { onMisframed }: SocketHandlers): void => {
  if (onMisframed === undefined || stream === undefined) return;
  const watch = new FrameWatch(onMisframed);
  stream.on('data', (chunk: Uint8Array) => watch.feed(chunk));
};

/** Opens one WebSocket. Rejects with a KitError when it is this machine that refuses. */
export const openSocket = (
  { url, headers, tls }: Credentials,
  { subprotocol, form, timeoutMs }: Pick<DialRequest, 'subprotocol' | 'form' | 'timeoutMs'>,
  handlers: SocketHandlers,
): Promise<DialOutcome> =>
  new Promise((resolve, reject) => {
    const below: Below = {};
    // The published types do not know closeTimeout yet.
    const options: ClientOptions & { closeTimeout: number } = {
      ...tls,
      // The published types know no header that stands twice.
      headers: headers as Record<string, string>,
      handshakeTimeout: timeoutMs,
      perMessageDeflate: form?.deflate ?? false,
      autoPong: false,
      followRedirects: false,
      maxPayload: MAX_FRAME_BYTES,
      closeTimeout: CLOSE_TIMEOUT_MS,
      ...(url.startsWith('wss:') ? { createConnection: tlsOverTcp((own) => (below.tcp = own)) } : {}),
      finishRequest: (request) => {
        if (form !== undefined && subprotocol !== false) shapeUpgrade(request, form, subprotocol);
        request.end();
      },
    };
    const ws = new WebSocket(url, subprotocol === false ? [] : [subprotocol], options);
    ws.on('upgrade', (response) => lookBelow(below, response));
    ws.on('unexpected-response', (request, response) => {
      const status = response.statusCode ?? 0;
      resolve({
        ok: false,
        refusal: 'status',
        status,
        error: `HTTP ${status} ${response.statusMessage ?? ''}`.trim(),
        ...defined({ retryAfterMs: retryAfterMs(response.headers['retry-after'], Date.now()) }),
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
      watchFrames(below, handlers);
      listen(ws, handlers);
      handlers.onOpen(wrap(ws, below));
      resolve({ ok: true });
    });
  });
