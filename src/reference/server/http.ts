import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Description } from '../../../schemas/index.js';
import { WIRE } from '../../../schemas/wire.js';
import { findToken, type Refusal } from '../../protocol/index.js';
import { type Metrics, OPENMETRICS_TYPE } from './metrics.js';
import { FAILOVER_MS, type ReferenceClass, type ServerConfig } from './options.js';

export const DESCRIPTION_PATH = '/.well-known/im-ran';
export const METRICS_PATH = '/metrics';

/** Only these two classes give the server a measure of time for its peers. */
export const looksAfterPeers = (classes: ReadonlySet<ReferenceClass>): boolean =>
  classes.has('timed-redelivery') || classes.has('flow-control');

/** What the server says of itself. A timer of a class that it does not have is not declared. */
export const describe = ({ classes, limits, timers, cluster }: ServerConfig): Description => {
  const { answerWithinMs, dedupWindowMs, deadAfterMs, redeliverAfterMs, redeliverMaxMs } = timers;
  return {
    protocol: WIRE.subprotocol,
    classes: [...classes, ...(cluster ? (['replicated'] as const) : [])],
    limits: {
      maxBodyBytes: limits.maxBodyBytes,
      maxFrameBytes: limits.maxFrameBytes,
      maxInFlight: limits.maxInFlight,
      maxInboxMessages: limits.maxInboxMessages,
    },
    timers: {
      answerWithinMs,
      dedupWindowMs,
      ...(looksAfterPeers(classes) ? { deadAfterMs } : {}),
      ...(classes.has('timed-redelivery') ? { redeliverAfterMs, redeliverMaxMs } : {}),
      ...(cluster ? { failoverMs: FAILOVER_MS } : {}),
    },
    ...(cluster ? { nodes: [...cluster.urls] } : {}),
    ...(classes.has('durable') ? { durability: cluster ? ('process-crash' as const) : ('power-loss' as const) } : {}),
    ...(classes.has('observable') ? { metrics: METRICS_PATH } : {}),
  };
};

export interface HttpPages {
  description: Description;
  /** Only with class `observable`. */
  metrics: Metrics | undefined;
}

/** Plain HTTP: the description and the metrics, and nothing else. */
export const answerHttp = async (
  request: IncomingMessage,
  response: ServerResponse,
  { description, metrics }: HttpPages,
): Promise<void> => {
  const send = (status: number, type: string, text: string, headers: Record<string, string> = {}): void => {
    response.writeHead(status, { ...headers, 'Content-Type': type, 'Content-Length': Buffer.byteLength(text) });
    response.end(request.method === 'HEAD' ? undefined : text);
  };
  const { pathname } = urlOf(request);
  const isPage = pathname === DESCRIPTION_PATH || (pathname === METRICS_PATH && metrics !== undefined);
  if (isPage && request.method !== 'GET' && request.method !== 'HEAD') {
    send(405, 'text/plain', 'GET only\n', { Allow: 'GET, HEAD' });
  } else if (pathname === DESCRIPTION_PATH) {
    send(200, 'application/json', JSON.stringify(description));
  } else if (pathname === METRICS_PATH && metrics) {
    send(200, OPENMETRICS_TYPE, metrics.page());
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
  token: string | undefined;
  offeredSubprotocols: string[];
}

export const readUpgrade = (request: IncomingMessage): UpgradeRequest => {
  const url = urlOf(request);
  const headers = request.headersDistinct.authorization ?? [];
  const token = findToken(headers, url.searchParams.getAll('access_token'));
  const offered = request.headers['sec-websocket-protocol'] ?? '';
  return {
    path: url.pathname,
    token,
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
