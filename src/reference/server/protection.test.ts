import { generateKeyPairSync } from 'node:crypto';
import { get } from 'node:https';
import { connect } from 'node:net';
import { join } from 'node:path';
import { connect as tlsConnect } from 'node:tls';
import { SignJWT, UnsecuredJWT } from 'jose';
import t from 'tap';
import { WebSocket } from 'ws';
import { TEST_CERTIFICATE } from '../../harness/testing/test-certificate.js';
import { type ServerOptions, startServer } from './index.js';
import type { TestClient } from './testing/client.js';
import { CALM, meet, place } from './testing/place.js';

const SECRET = 'a secret of the tests';

const sign = (claims: Record<string, unknown>, secret = SECRET, alg = 'HS256'): Promise<string> =>
  new SignJWT(claims).setProtectedHeader({ alg }).sign(new TextEncoder().encode(secret));

t.test('tokens are signed: who may come in', async (t) => {
  const server = await place(t, { classes: ['core', 'secured', 'multi-device'], jwtSecret: SECRET });
  const now = Math.floor(Date.now() / 1_000);
  const good = await server.join(await sign({ sub: 'alice', device: 'phone' }));
  t.match(await good.message('m', 'alice'), { status: 'accepted' });
  t.equal((await good.next('msg:N')).from, 'alice');
  await server.join(await sign({ sub: 'bob', exp: now + 60, nbf: now - 60 }));
  const [header, payload] = (await sign({ sub: 'alice' })).split('.');
  const refused: [string, string][] = [
    ['a bare name', 'alice'],
    ['another key', await sign({ sub: 'alice' }, 'another secret')],
    ['another algorithm', await sign({ sub: 'alice' }, SECRET.repeat(4), 'HS512')],
    ['alg none', new UnsecuredJWT({ sub: 'alice' }).encode()],
    ['no signature', `${header}.${payload}.`],
    ['expired', await sign({ sub: 'alice', exp: now - 60 })],
    ['not yet', await sign({ sub: 'alice', nbf: now + 60 })],
    ['no user', await sign({ device: 'phone' })],
    ['an illegal user', await sign({ sub: 'al ice' })],
    ['an illegal device', await sign({ sub: 'alice', device: 'a/b' })],
    ['a device that is no text', await sign({ sub: 'alice', device: 7 })],
  ];
  for (const [name, token] of refused) await t.rejects(server.join(token), /401/, name);
});

const raw = (client: TestClient, text: string): void => client.webSocket.send(text);

t.test('abuse harms nobody else', async (t) => {
  const limits = { maxPingsPerSecond: 20, maxFragments: 16, maxHandshakesPerAddress: 10 };
  const server = await place(t, { classes: ['core'], limits });
  const alice = await server.join('alice');
  const bob = await server.join('bob');
  let sent = 0;
  const innocent = async (name: string): Promise<void> => {
    sent += 1;
    t.match(await alice.message(`m${sent}`, 'bob'), { status: 'accepted' }, name);
    t.match(await bob.ack((await bob.next('msg:N')).serverMsgId), { status: 'ok' }, name);
  };

  const pinger = await server.join('mallory');
  for (let index = 0; index < 100; index += 1) pinger.webSocket.ping();
  t.equal(await pinger.closed, 4429);
  await innocent('after pings');

  const fragments = await server.join('mallory');
  for (let index = 0; index < 40; index += 1) fragments.webSocket.send('x', { fin: false });
  t.ok([1008, 1009].includes(await fragments.closed));
  await innocent('after fragments');

  const deep = await server.join('mallory');
  const nested = '['.repeat(200_000) + ']'.repeat(200_000);
  raw(deep, nested);
  t.equal(await deep.closed, 4400);
  const odd = await server.join('mallory');
  raw(odd, `{"type":"msg:R","rid":"1","msgId":"x","to":"bob","body":"b","z":${nested.slice(0, 50_000)}`);
  t.equal(await odd.closed, 4400);
  const names = await server.join('mallory');
  const proto =
    '"__proto__":{"from":"alice","to":"alice","polluted":true},"constructor":{"prototype":{"polluted":true}}';
  raw(names, `{"type":"msg:R","rid":"1","msgId":"x","to":"bob","body":"b",${proto}}`);
  t.match(await names.next('msg:A'), { status: 'accepted' });
  const pushed = await bob.next('msg:N');
  t.match(pushed, { from: 'mallory', to: 'bob' });
  t.notOk('polluted' in pushed || 'polluted' in {});
  raw(names, '{"type":"msg:R","rid":"2","__proto__":{"msgId":"y","to":"bob","body":"b"}}');
  t.match(await names.next('msg:A'), { status: 'rejected', error: { code: 'invalid-packet' } });
  await bob.ack(pushed.serverMsgId);
  await innocent('after odd JSON');

  const idle = Array.from({ length: 30 }, () => connect(server.port, '127.0.0.1').on('error', () => {}));
  const ended = idle.slice(0, 15).map((socket) => new Promise((resolve) => socket.on('close', resolve).resume()));
  await Promise.all(ended);
  await (await server.join('carol')).close();
  await innocent('while handshakes stall');
  for (const socket of idle) socket.destroy();
});

t.test('a foreign ack and one for an id that never was: the same answer', async (t) => {
  const server = await place(t, { classes: ['core', 'secured'] });
  await meet(server, 'bob');
  const alice = await server.join('alice');
  const { serverMsgId } = await alice.message('m', 'bob');
  const mallory = await server.join('mallory');
  const answers = await Promise.all([serverMsgId, `9${serverMsgId}`, 'never-was', '1-x'].map((id) => mallory.ack(id)));
  t.equal(new Set(answers.map(({ error }) => JSON.stringify(error))).size, 1);
});

const files = { 'cert.pem': TEST_CERTIFICATE.cert, 'key.pem': TEST_CERTIFICATE.key };

t.test('encrypted: TLS and nothing else', async (t) => {
  const folder = t.testdir(files);
  const tls = { certFile: join(folder, 'cert.pem'), keyFile: join(folder, 'key.pem') };
  const server = await startServer({ classes: ['core', 'encrypted', 'observable'], timers: CALM, tls });
  t.teardown(() => server.stop());
  t.match(server.url, /^wss:/);
  const trust = { ca: TEST_CERTIFICATE.cert };
  const headers = { authorization: 'Bearer alice' };
  const webSocket = new WebSocket(server.url, ['im.ran.v1'], { ...trust, headers });
  const answer = new Promise((resolve) => webSocket.on('message', (data) => resolve(JSON.parse(String(data)))));
  webSocket.on('open', () => webSocket.send('{"type":"ack:R","rid":"1","serverMsgId":"x"}'));
  t.match(await answer, { type: 'ack:A', status: 'rejected' });
  const page = await new Promise<string>((resolve) => {
    get(server.url.replace('wss:', 'https:').concat('metrics'), { ...trust, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve(text));
    });
  });
  t.match(page, 'im_ran_connections 1\n');
  webSocket.terminate();
  const plain = new WebSocket(server.url.replace('wss:', 'ws:'), ['im.ran.v1'], { headers });
  t.match(
    await new Promise((resolve) => plain.on('error', resolve)),
    /socket hang up|ECONNRESET/,
    'nothing in the clear',
  );
  const old = tlsConnect({
    ...trust,
    port: server.port,
    host: '127.0.0.1',
    minVersion: 'TLSv1',
    maxVersion: 'TLSv1.1',
    ciphers: 'DEFAULT@SECLEVEL=0',
  });
  t.ok(
    await new Promise((resolve) => old.on('error', resolve).on('secureConnect', () => resolve(undefined))),
    'TLS 1.1',
  );
});

t.test('certificates, secrets and classes that cannot be used are named', async (t) => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const otherKey = privateKey.export({ type: 'pkcs8', format: 'pem' });
  const folder = t.testdir({ ...files, 'other.pem': otherKey, 'broken.pem': 'nonsense\n' });
  const tls = (cert: string, key: string) => ({ certFile: join(folder, cert), keyFile: join(folder, key) });
  const cases: [ServerOptions, RegExp][] = [
    [{ tls: tls('missing.pem', 'key.pem') }, /cannot read .*missing\.pem/],
    [{ tls: tls('cert.pem', 'missing.pem') }, /cannot read .*missing\.pem/],
    [{ tls: tls('broken.pem', 'key.pem') }, /cannot use .*broken\.pem with/],
    [{ tls: tls('cert.pem', 'other.pem') }, /cannot use .*cert\.pem with .*other\.pem/],
    [{ classes: ['core', 'encrypted'] }, /needs a certificate/],
    [{ jwtSecret: '' }, /secret of the tokens is empty/],
  ];
  for (const [options, message] of cases) {
    await t.rejects(startServer({ classes: ['core'], ...options }), { code: 'usage', message, remedy: /--|class/ });
  }
});

t.test('flow control: 50,000 wait under a small window', async (t) => {
  const waiting = 50_000;
  const server = await place(t, { classes: ['core', 'durable', 'flow-control'], limits: { maxInFlight: 16 } });
  await meet(server, 'bob');
  const alice = await server.join('alice');
  alice.webSocket.removeAllListeners('message');
  let answered = 0;
  const all = new Promise<void>((resolve) => {
    alice.webSocket.on('message', (data) => {
      if (!String(data).startsWith('{"type":"msg:A"')) return;
      answered += 1;
      if (answered === waiting) resolve();
    });
  });
  for (let index = 0; index < waiting; index += 1) {
    alice.send({ type: 'msg:R', rid: `r${index}`, msgId: `m${index}`, to: 'bob', body: 'x' });
  }
  await all;
  const bob = await server.join('bob');
  bob.webSocket.removeAllListeners('message');
  let pushed = 0;
  let open = 0;
  let most = 0;
  const wrong: string[] = [];
  await new Promise<void>((resolve) => {
    bob.webSocket.on('message', (data) => {
      const packet = JSON.parse(String(data));
      if (packet.type === 'ack:A') {
        if (pushed === waiting && open === 0) resolve();
        return;
      }
      if (packet.msgId !== `m${pushed}`) wrong.push(packet.msgId);
      pushed += 1;
      open += 1;
      most = Math.max(most, open);
      setImmediate(() => {
        open -= 1;
        bob.send({ type: 'ack:R', rid: `a${packet.msgId}`, serverMsgId: packet.serverMsgId });
      });
    });
    bob.send({ type: 'ack:R', rid: 'start', serverMsgId: 'x' });
  });
  t.same(wrong, [], 'each once, in order');
  t.equal(pushed, waiting);
  t.ok(most <= 16, `${most} in flight`);
});

t.test('flow control: who does not read is cut although it pings, and its backlog is kept', async (t) => {
  const timers = { redeliverAfterMs: 60_000, redeliverMaxMs: 60_000, deadAfterMs: 400 };
  const server = await place(t, { classes: ['core', 'flow-control'], timers });
  const bob = await server.join('bob');
  bob.webSocket.pause();
  const alice = await server.join('alice');
  const pings = setInterval(() => bob.webSocket.ping(), 50);
  t.teardown(() => clearInterval(pings));
  const body = 'x'.repeat(65_536);
  let told = false;
  let count = 0;
  // The kernel takes some megabytes before anything waits in the server.
  while (!told && count < 1_000) {
    count += 1;
    t.match(await alice.message(`m${count}`, 'bob', body), { status: 'accepted' });
    await alice.message(`m${1 + (count % 32)}`, count > 40 ? 'bob' : 'nobody', body);
    told = alice.inbox.some((packet) => packet.type === 'ack:N' && packet.msgId === 'm1');
  }
  t.ok(told, 'cut: its messages are stored');
  clearInterval(pings);
  bob.webSocket.resume();
  t.ok([4413, 1006].includes(await bob.closed));
  const again = await server.join('bob');
  for (let index = 1; index <= count; index += 1) {
    const message = await again.next('msg:N');
    if (message.msgId !== `m${index}`) t.fail('lost or out of order', { index, got: message.msgId });
    await again.ack(message.serverMsgId);
  }
});
