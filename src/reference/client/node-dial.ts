import { WebSocket } from 'ws';
import { WIRE } from '../../../schemas/wire.js';
import type { EnginePorts, Wire } from './engine.js';
import type { LineEnd } from './line.js';

/** A server may send frames of this size and more; larger ones close the connection. */
const MAX_PAYLOAD_BYTES = 8 * 1024 * 1024;
const CLOSE_TIMEOUT_MS = 2_000;

/** Retry-After holds seconds or a date. */
export const readRetryAfter = (value: string | undefined, wallNow: number): number | undefined => {
  if (value === undefined) return undefined;
  const ms = /^\s*\d+\s*$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - wallNow;
  return Number.isFinite(ms) ? Math.max(ms, 0) : undefined;
};

/** Opens a connection with `ws`: the token travels in the header, pings can be sent, refusals can be read. */
export const dialNode: EnginePorts['dial'] = (url, token, listener): Wire => {
  // The types of ws do not know closeTimeout yet.
  const options = {
    headers: { authorization: `Bearer ${token}` },
    perMessageDeflate: false,
    maxPayload: MAX_PAYLOAD_BYTES,
    closeTimeout: CLOSE_TIMEOUT_MS,
  };
  const socket = new WebSocket(url, [WIRE.subprotocol], options);
  let hasEnded = false;
  const end = (how: LineEnd): void => {
    if (hasEnded) return;
    hasEnded = true;
    listener.end(how);
  };
  socket.on('error', () => {});
  socket.on('open', () => listener.open());
  socket.on('message', (data, isBinary) => (isBinary ? listener.alive() : listener.text(data.toString())));
  socket.on('ping', () => listener.alive());
  socket.on('pong', () => listener.alive());
  socket.on('close', (code) => end({ code }));
  socket.on('unexpected-response', (request, response) => {
    const retryAfterMs = readRetryAfter(response.headers['retry-after'], Date.now());
    end({ status: response.statusCode ?? 0, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });
    request.destroy();
  });
  const isOpen = (): boolean => socket.readyState === WebSocket.OPEN;
  return {
    send: (text) => isOpen() && socket.send(text),
    ping: () => isOpen() && socket.ping(),
    close: () => socket.close(1000),
    cut: () => socket.terminate(),
  };
};
