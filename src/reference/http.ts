import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Description } from '../../schemas/index.js';
import { WIRE } from '../../schemas/wire.js';
import { findToken, type Identity, type Refusal, readToken } from '../protocol/index.js';
import type { ServerConfig } from './options.js';

export const DESCRIPTION_PATH = '/.well-known/im-ran';

/** What the server says of itself. A timer of a class that it does not have is not declared. */
export const describe = ({ classes, limits, timers }: ServerConfig): Description => {
  const { answerWithinMs, dedupWindowMs, ...ownTimers } = timers;
  return {
    protocol: WIRE.subprotocol,
    classes: [...classes],
    limits: {
      maxBodyBytes: limits.maxBodyBytes,
      maxFrameBytes: limits.maxFrameBytes,
      maxInFlight: limits.maxInFlight,
      maxInboxMessages: limits.maxInboxMessages,
    },
    timers: { answerWithinMs, dedupWindowMs, ...(classes.has('timed-redelivery') ? ownTimers : {}) },
    ...(classes.has('durable') ? { durability: 'power-loss' as const } : {}),
  };
};

/** Plain HTTP: the description, and nothing else. */
export const answerHttp = (request: IncomingMessage, response: ServerResponse, description: Description): void => {
  const send = (status: number, type: string, text: string, headers: Record<string, string> = {}): void => {
    response.writeHead(status, { ...headers, 'Content-Type': type, 'Content-Length': Buffer.byteLength(text) });
    response.end(request.method === 'HEAD' ? undefined : text);
  };
  const { pathname } = urlOf(request);
  if (pathname === DESCRIPTION_PATH) {
    if (request.method === 'GET' || request.method === 'HEAD') {
      send(200, 'application/json', JSON.stringify(description));
    } else {
      send(405, 'text/plain', 'GET only\n', { Allow: 'GET, HEAD' });
    }
  } else if (pathname === '/') {
    send(426, 'text/plain', 'this is a WebSocket endpoint\n', { Upgrade: 'websocket', Connection: 'Upgrade' });
  } else {
    send(404, 'text/plain', 'nothing here\n');
  }
};

/** The path and query of a request; a target that is no path at all is taken for a path that nothing answers to. */
const urlOf = (request: IncomingMessage): URL => {
  const target = `http://server${request.url ?? '/'}`;
  return URL.canParse(target) ? new URL(target) : new URL('http://server/unreadable');
};

export interface UpgradeRequest {
  path: string;
  identity: Identity | undefined;
  offeredSubprotocols: string[];
}

export const readUpgrade = (request: IncomingMessage): UpgradeRequest => {
  const url = urlOf(request);
  const token = findToken(request.headers.authorization, url.searchParams.get('access_token'));
  const offered = request.headers['sec-websocket-protocol'] ?? '';
  return {
    path: url.pathname,
    identity: token === undefined ? undefined : readToken(token),
    offeredSubprotocols: offered.split(',').map((name) => name.trim()),
  };
};

/** Answers an upgrade with an HTTP error and ends the socket. */
export const refuseUpgrade = (socket: Duplex, { httpStatus, reason }: Refusal): void => {
  const text = `${reason}\n`;
  const head = [
    `HTTP/1.1 ${httpStatus} ${STATUS_CODES[httpStatus] ?? 'Error'}`,
    'Connection: close',
    'Content-Type: text/plain',
    `Content-Length: ${Buffer.byteLength(text)}`,
    ...(httpStatus === 401 ? ['WWW-Authenticate: Bearer'] : []),
  ];
  socket.once('finish', () => socket.destroy());
  socket.end(`${head.join('\r\n')}\r\n\r\n${text}`);
};
