import { connect, createServer } from 'node:net';
import { defined } from '../../defined.js';
import { KitError } from '../../errors.js';
import { localFault } from '../local-fault.js';

/** Where a WebSocket URL leads. */
export interface Endpoint {
  host: string;
  port: number;
}

/**
 * Ports are taken from below the range from which systems serve outgoing connections. Otherwise one of the kit's own
 * connections could take the port of a subject that is down between a kill and its restart.
 */
const LOWEST_PORT = 12_000;
const HIGHEST_PORT = 32_000;
const MAX_TRIES = 100;
/** Ports that this process has given out; several instances start side by side. */
const given = new Set<number>();

/** A port on which nothing listens, neither on 127.0.0.1 nor on all addresses. */
export const pickPort = async (): Promise<number> => {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const port = LOWEST_PORT + Math.floor(Math.random() * (HIGHEST_PORT - LOWEST_PORT));
    if (given.has(port)) continue;
    if ((await canListen(port, '127.0.0.1')) && (await canListen(port))) {
      given.add(port);
      return port;
    }
  }
  throw new KitError(
    'kit',
    `No free port was found between ${LOWEST_PORT} and ${HIGHEST_PORT} in ${MAX_TRIES} tries.`,
    'End other servers on this machine, or start the subject yourself and give its URL.',
  );
};

export const releasePort = (port: number): void => {
  given.delete(port);
};

const canListen = (port: number, host?: string): Promise<boolean> => {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(defined({ port, exclusive: true, host }), () => server.close(() => resolve(true)));
  });
};

/** The host and port of a WebSocket URL. */
export const endpointOf = (url: string): Endpoint => {
  const { hostname, port, protocol } = new URL(url);
  // A URL writes an IPv6 address in brackets; a socket wants it without.
  const host = hostname.replace(/^\[|\]$/g, '');
  return { host, port: port === '' ? (protocol === 'wss:' ? 443 : 80) : Number(port) };
};

/** How a TCP connection attempt ends; `filtered` is everything between yes and no. */
export type PortState = 'accepts' | 'refuses' | 'filtered';

/** Opens one TCP connection and closes it again. Rejects with a KitError when it is this machine that refuses. */
export const portState = ({ host, port }: Endpoint, boundMs = 1_000): Promise<PortState> => {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    const end = (state: PortState) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(state);
    };
    const timer = setTimeout(() => end('filtered'), boundMs);
    socket.once('connect', () => end('accepts'));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      const fault = localFault(error);
      if (fault) reject(fault);
      end(error.code === 'ECONNREFUSED' ? 'refuses' : 'filtered');
    });
  });
};
