import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { WebSocketServer } from 'ws';
import { KitError } from '../../errors.js';
import type { Socket, SocketHandlers } from '../../play/index.js';
import { startBadSubject } from '../testing/bad-subjects.js';
import { type Certificate, makeCertificate, whyNoCertificate } from '../testing/make-certificate.js';
import { createAttacker } from './dialling/attacker.js';
import { createDial } from './dialling/dial.js';
import { OLD_TLS, speaksOldTls } from './dialling/old-tls.js';
import { createAuthenticate } from './identity/index.js';
import { preflight } from './preflight/index.js';

const missing = whyNoCertificate();
if (missing !== undefined && process.env.IM_REQUIRE_ALL === '1') t.fail(missing);
const skip = missing ?? false;

/** A WebSocket server over TLS that lets everybody in. */
const serve = async (t: Test, { cert, key }: Certificate, options: object = {}): Promise<string> => {
  const server: Server = createServer({ cert, key, ...options });
  new WebSocketServer({ server, handleProtocols: () => 'im.ran.v1' });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.teardown(() => server.closeAllConnections());
  t.teardown(() => server.close());
  return `wss://127.0.0.1:${(server.address() as AddressInfo).port}/`;
};

t.test('certificates', { skip }, async (t) => {
  const good = makeCertificate(t.testdir());
  const cases: [name: string, make: Parameters<typeof makeCertificate>[1], tls: object, fault: RegExp | undefined][] = [
    ['named by --ca', {}, { ca: 'own' }, undefined],
    ['self-signed', {}, {}, /comes from an authority that this machine does not know/],
    ['of another authority', {}, { ca: good.cert }, /comes from an authority|is not trusted/],
    ['expired', { to: '20210101000000Z' }, { ca: 'own' }, /has expired/],
    ['not yet valid', { from: '20980101000000Z' }, { ca: 'own' }, /is not valid yet/],
    ['of another host', { names: 'DNS:elsewhere.example' }, { ca: 'own' }, /is for another host/],
    ['unchecked', { to: '20210101000000Z' }, { rejectUnauthorized: false }, undefined],
  ];
  for (const [name, make, tls, fault] of cases) {
    t.test(name, async (t) => {
      const certificate = makeCertificate(t.testdir(), make);
      const url = await serve(t, certificate);
      const trust = 'ca' in tls && tls.ca === 'own' ? { ca: certificate.cert } : tls;
      const checking = preflight(url, createAuthenticate({ headers: {}, tls: trust }), 2_000);
      if (fault === undefined) return t.same((await checking).notes, []);
      return t.rejects(checking, { constructor: KitError, code: 'unreachable', message: fault, remedy: /--insecure/ });
    });
  }
});

const REQUEST = { user: 'al', device: 'default', subprotocol: 'im.ran.v1', timeoutMs: 2_000 } as const;

t.test('a server is asked to let somebody in who must stay out', { skip }, async (t) => {
  const certificate = makeCertificate(t.testdir());
  const authenticate = createAuthenticate({ headers: {}, tls: { ca: certificate.cert } });
  const oldTls = await speaksOldTls();
  const strict = createAttacker(await serve(t, certificate, { minVersion: 'TLSv1.2' }), authenticate);
  t.match(await strict.tryOver('plaintext', REQUEST), { ok: false });
  t.match(await strict.tryOver('tls-1.1', REQUEST), { ok: false });
  const lenient = createAttacker(await serve(t, certificate, { ...OLD_TLS, maxVersion: 'TLSv1.3' }), authenticate);
  t.same(await lenient.tryOver('tls-1.1', REQUEST), oldTls ? { ok: true } : { ok: false, error: String });
  // A server without TLS lets the careless in.
  const plain = await startBadSubject('good');
  t.teardown(() => plain.close());
  const open = createAttacker(plain.url.replace('ws:', 'wss:'), authenticate);
  t.same(await open.tryOver('plaintext', REQUEST), { ok: true });
  const refusing = await startBadSubject('status-426');
  t.teardown(() => refusing.close());
  const closed = createAttacker(refusing.url.replace('ws:', 'wss:'), authenticate);
  t.same(await closed.tryOver('plaintext', REQUEST), {
    ok: false,
    refusal: 'status',
    status: 426,
    error: 'HTTP 426',
  });
});

t.test('a connection over TLS can be reset, ended and refused', { skip }, async (t) => {
  const certificate = makeCertificate(t.testdir());
  const ends: string[] = [];
  const server: Server = createServer({ cert: certificate.cert, key: certificate.key });
  const sockets = new WebSocketServer({ server, handleProtocols: () => 'im.ran.v1' });
  server.on('secureConnection', (socket) => {
    socket.on('error', (error: NodeJS.ErrnoException) => ends.push(String(error.code)));
    socket.on('close', () => ends.push('closed'));
  });
  sockets.on('connection', (socket) => socket.on('error', () => {}));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  const connect = async (url: string, ca = certificate.cert) => {
    let socket: Socket | undefined;
    const handlers: SocketHandlers = {
      onOpen: (opened) => {
        socket = opened;
      },
      onText: () => {},
      onBinary: () => {},
      onPing: () => {},
      onPong: () => {},
      onClose: () => {},
    };
    const outcome = await createDial(url, createAuthenticate({ headers: {}, tls: { ca } }))(REQUEST, handlers);
    return { outcome, socket };
  };
  for (const host of ['127.0.0.1', 'localhost']) {
    const { socket } = await connect(`wss://${host}:${port}/`);
    socket?.reset();
    while (!ends.includes('closed')) await new Promise((resolve) => setImmediate(resolve));
    t.same(ends.splice(0), ['ECONNRESET', 'closed'], `${host}: the server sees a reset`);
  }
  const { socket } = await connect(`wss://localhost:${port}/`);
  socket?.closeCleanly();
  while (ends.length === 0) await new Promise((resolve) => setImmediate(resolve));
  t.same(ends.splice(0), ['closed'], 'and a clean end');
  const stranger = makeCertificate(t.testdir()).cert;
  t.match((await connect(`wss://localhost:${port}/`, stranger)).outcome, { ok: false, error: /self-signed/ });
  t.match((await connect('wss://127.0.0.1:1/')).outcome, { ok: false, error: /ECONNREFUSED/ });
});
