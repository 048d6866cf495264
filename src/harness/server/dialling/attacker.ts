import { readdirSync, readFileSync } from 'node:fs';
import { connect as connectTcp, type Socket as TcpSocket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { KitError } from '../../../errors.js';
import type { Attacker, DialOutcome, DialRequest, StalledHandshakes } from '../../../play/index.js';
import { localFault } from '../../local-fault.js';
import { endpointOf } from '../../process/port.js';
import type { Authenticate } from '../credentials.js';
import { OLD_TLS } from './old-tls.js';
import { plainUpgrade } from './plain-upgrade.js';

/** Handshakes that are begun at once. */
const AT_ONCE = 50;
const CONNECT_BOUND_MS = 2_000;
/** A byte now and then keeps a handshake from looking idle. */
const DRIP_EVERY_MS = 100;
const HALF_A_REQUEST = 'GET / HTTP/1.1\r\nHost: slow\r\nUpgrade: websocket\r\nX-Slow: ';
/** Record of a TLS handshake, 512 bytes, with a ClientHello of 508 that begins with its version: the rest never comes. */
const HALF_A_HELLO = Buffer.from([22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3]);

/** Files and sockets that this process may still open; undefined where the system does not tell. */
const filesLeft = (): number | undefined => {
  try {
    const limit = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return limit === undefined ? undefined : Number(limit) - readdirSync('/proc/self/fd').length;
  } catch {
    return undefined;
  }
};

const open = (host: string, port: number): Promise<TcpSocket | undefined> =>
  new Promise((resolve) => {
    const socket = connectTcp({ host, port });
    const timer = setTimeout(() => end(undefined), CONNECT_BOUND_MS);
    const end = (result: TcpSocket | undefined) => {
      clearTimeout(timer);
      if (!result) socket.destroy();
      resolve(result);
    };
    // What the server does to it afterwards is its own business.
    socket.on('error', () => end(undefined));
    socket.once('connect', () => end(socket));
  });

const stallHandshakes = async (url: string, count: number): Promise<StalledHandshakes> => {
  const { host, port } = endpointOf(url);
  const beginning = url.startsWith('wss:') ? HALF_A_HELLO : HALF_A_REQUEST;
  const sockets: TcpSocket[] = [];
  let begun = 0;
  const worker = async (): Promise<void> => {
    while (begun < count) {
      begun += 1;
      const socket = await open(host, port);
      if (!socket) continue;
      socket.write(beginning);
      socket.resume();
      sockets.push(socket);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  const drip = setInterval(() => {
    for (const socket of sockets) if (socket.writable) socket.write('x');
  }, DRIP_EVERY_MS);
  drip.unref();
  return {
    opened: sockets.length,
    end: () => {
      clearInterval(drip);
      for (const socket of sockets) socket.destroy();
    },
  };
};

/** Only the handshake: whether the server would go on with a version that it must refuse. */
const tryOldTls = (url: string, timeoutMs: number): Promise<DialOutcome> => {
  const { host, port } = endpointOf(url);
  return new Promise((resolve, reject) => {
    const socket = connectTls({ host, port, ...OLD_TLS, rejectUnauthorized: false });
    const timer = setTimeout(
      () => end({ ok: false, refusal: 'timeout', error: `no handshake within ${timeoutMs} ms` }),
      timeoutMs,
    );
    const end = (outcome: DialOutcome) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(outcome);
    };
    socket.once('secureConnect', () => end({ ok: true }));
    socket.on('error', (cause: NodeJS.ErrnoException) => {
      const fault = localFault(cause);
      if (fault) reject(fault);
      end({ ok: false, refusal: 'network', error: cause.code ?? cause.message });
    });
    socket.once('close', () => end({ ok: false, refusal: 'network', error: 'the server closed the connection' }));
  });
};

/** What hostile clients do to one subject below the WebSocket. */
export const createAttacker = (baseUrl: string, authenticate: Authenticate): Attacker => ({
  assertRoom: (connections) => {
    const left = filesLeft();
    if (left === undefined || left > connections) return;
    throw new KitError(
      'kit',
      `the kit may open only ${left} more files, and this scenario needs ${connections}`,
      'Raise the limit of this shell with `ulimit -n`.',
    );
  },
  stallHandshakes: (count) => stallHandshakes(baseUrl, count),
  tryOver: async (transport: 'plaintext' | 'tls-1.1', { user, device, timeoutMs }: DialRequest) => {
    const credentials = await authenticate(baseUrl, user, device);
    return transport === 'plaintext' ? plainUpgrade(credentials, timeoutMs) : tryOldTls(credentials.url, timeoutMs);
  },
});
