import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, connect as tlsConnect } from 'node:tls';
import t from 'tap';
import { TEST_CERTIFICATE } from '../../harness/testing/test-certificate.js';
import { writeProgress } from './write-progress.js';

const BYTES = 16_777_216;

const CASES: [name: string, listen: (onSocket: (socket: Socket) => void) => Server, dial: (port: number) => Socket][] =
  [
    ['TCP', (onSocket) => createServer(onSocket), (port) => connect(port, '127.0.0.1')],
    [
      'TLS',
      (onSocket) => createTlsServer({ ...TEST_CERTIFICATE }, onSocket),
      (port) => tlsConnect({ port, host: '127.0.0.1', ca: TEST_CERTIFICATE.cert }),
    ],
  ];

for (const [name, listen, dial] of CASES) {
  t.test(`${name}: one large write that is read slowly is seen to go on`, async (t) => {
    const seen = new Set<string>();
    const server = listen((socket) => {
      socket.on('error', () => undefined);
      socket.end(Buffer.alloc(BYTES));
      const look = setInterval(() => seen.add(writeProgress(socket)), 5);
      socket.once('close', () => clearInterval(look));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const reader = dial((server.address() as AddressInfo).port);
    t.teardown(() => {
      reader.destroy();
      server.close();
    });
    let read = 0;
    reader.on('data', (data) => {
      read += data.length;
      reader.pause();
      setTimeout(() => reader.resume(), 1);
    });
    await once(reader, 'end');
    t.equal(read, BYTES);
    t.ok(seen.size > 3, `${seen.size} states between nothing and all`);
  });
}
