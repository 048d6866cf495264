import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import t from 'tap';
import { packageRoot } from '../../package-root.js';
import { resetConnection } from './reset-connection.js';

const certificate = (name: string): Buffer =>
  readFileSync(join(packageRoot, 'conformance', 'mutants', 'certificate', name));

/** How the peer saw the connection end. */
const seenBy = (peer: Socket): Promise<string> =>
  new Promise((resolve) => {
    let how = 'an end';
    peer.on('error', ({ code }: NodeJS.ErrnoException) => {
      how = code ?? 'an error';
    });
    peer.once('close', () => resolve(how));
    peer.resume();
  });

const openHandles = (): number => process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;

interface Pair {
  tcp: Socket;
  above: Socket;
  peer: Socket;
  end(): void;
}

const plain = async (): Promise<Pair> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const tcp = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [[peer]] = (await Promise.all([once(server, 'connection'), once(tcp, 'connect')])) as [[Socket], unknown];
  return { tcp, above: tcp, peer, end: () => server.close() };
};

const secure = async (): Promise<Pair> => {
  const server = createTlsServer({ cert: certificate('cert.pem'), key: certificate('key.pem') }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const tcp = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const above = connectTls({ socket: tcp, ca: certificate('cert.pem'), checkServerIdentity: () => undefined });
  const [[peer]] = (await Promise.all([once(server, 'secureConnection'), once(above, 'secureConnect')])) as [
    [Socket],
    unknown,
  ];
  return { tcp, above, peer, end: () => server.close() };
};

t.test('a connection is gone after it, whatever it was doing, and leaves no handle', async (t) => {
  const cases: [name: string, make: () => Promise<Pair>, before: (above: Socket) => void, seen: RegExp][] = [
    ['an idle one', plain, () => undefined, /^ECONNRESET$/],
    ['one that is being ended', plain, (above) => void above.end(), /./],
    ['one that is being ended, with something to write', plain, (above) => void above.end('bytes'), /./],
    ['an idle one with TLS', secure, () => undefined, /^ECONNRESET$/],
    ['one with TLS that is being ended', secure, (above) => void above.end(), /./],
  ];
  for (const [name, make, before, seen] of cases) {
    const handles = openHandles();
    const { tcp, above, peer, end } = await make();
    // TLS has more to say after its handshake; what answers a byte has said it.
    peer.write('hello');
    await once(above, 'data');
    const errors: string[] = [];
    for (const socket of [tcp, above]) socket.on('error', ({ message }) => errors.push(message));
    const ended = Promise.all([seenBy(peer), once(above, 'close')]);
    before(above);
    resetConnection(tcp, above);
    const [how] = await ended;
    t.match(how, seen, `${name}: the peer sees ${how}`);
    t.same(errors, [], `${name}: no error`);
    end();
    // Handles close at the end of a turn.
    for (let turns = 0; turns < 10 && openHandles() > handles; turns++) await new Promise((turn) => setImmediate(turn));
    t.equal(openHandles(), handles, `${name}: no handle is left`);
  }
});
