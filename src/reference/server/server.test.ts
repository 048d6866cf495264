import { connect } from 'node:net';
import t from 'tap';
import { WebSocket } from 'ws';
import type { Packet, Timers } from '../../../schemas/index.js';
import { type ServerOptions, startServer } from './index.js';
import type { TestClient } from './testing/client.js';
import { CALM, meet, place } from './testing/place.js';

const raw = (client: TestClient, text: string | Buffer): void => client.webSocket.send(text);

t.test('the six packets, receiver away and back, and every question after', async (t) => {
  const server = await place(t);
  await meet(server, 'bob');
  const alice = await server.join('alice');
  const accepted = await alice.message('m1', 'bob', 'zero \u0000 \u{1f600} \ufeff\r\n{"a":1}');
  t.match(accepted, { status: 'accepted', msgId: 'm1' });
  const { serverMsgId } = accepted;
  const stored = await alice.next('ack:N');
  t.match(stored, { status: 'stored', msgId: 'm1', serverMsgId, to: 'bob' });
  t.match(await alice.message('m1', 'bob', 'zero \u0000 \u{1f600} \ufeff\r\n{"a":1}'), {
    status: 'duplicate',
    serverMsgId,
  });
  t.equal((await alice.next('ack:N')).status, 'stored', 'again on each question');
  for (const [to, body, ttlMs] of [
    ['bob', 'other', undefined],
    ['alice', 'hello', undefined],
    ['bob', 'zero \u0000 \u{1f600} \ufeff\r\n{"a":1}', 5],
  ] as const) {
    const refused = await alice.message('m1', to, body, ttlMs === undefined ? {} : { ttlMs });
    t.match(refused, { status: 'rejected', error: { code: 'id-conflict' } });
  }
  const bob = await server.join('bob');
  const pushed = await bob.next('msg:N');
  t.match(pushed, { msgId: 'm1', serverMsgId, from: 'alice', to: 'bob', attempt: 1, acceptedAt: stored.at });
  t.equal(pushed.body, 'zero \u0000 \u{1f600} \ufeff\r\n{"a":1}');
  const mallory = await server.join('mallory');
  for (const id of [serverMsgId, 'never', `${String(serverMsgId)}x`]) {
    t.match(await mallory.ack(id), { status: 'rejected', serverMsgId: id, error: { code: 'unknown-message' } });
  }
  t.match(await bob.ack(`${String(serverMsgId)}x`), { status: 'rejected' }, 'the whole id counts');
  t.match(await bob.ack(serverMsgId), { status: 'ok', serverMsgId });
  t.match(await alice.next('ack:N'), { status: 'delivered', serverMsgId });
  t.match(await bob.ack(serverMsgId), { status: 'duplicate' });
  const late = await server.join('alice/late');
  t.match(await late.message('m1', 'bob', 'zero \u0000 \u{1f600} \ufeff\r\n{"a":1}'), { status: 'duplicate' });
  t.match(await late.next('ack:N'), { status: 'delivered', serverMsgId });
  const bobAgain = await server.join('bob');
  t.match(await bobAgain.ack(serverMsgId), { status: 'duplicate' });
  t.same(bobAgain.inbox, [], 'no push after the ack');
  t.match(await alice.message('m9', 'nobody'), { status: 'rejected', error: { code: 'unknown-recipient' } });
  t.match(await alice.message('m1', 'alice'), { status: 'rejected', error: { code: 'id-conflict' } });
  t.match(await mallory.message('m1', 'mallory'), { status: 'accepted' }, 'the same msgId of another user, to oneself');
  t.equal((await mallory.next('msg:N')).from, 'mallory');
});

t.test('copies at the same time: one is accepted, one series of pushes', async (t) => {
  const server = await place(t);
  const bob = await server.join('bob');
  const devices = await Promise.all(['a', 'b', 'c'].map((device) => server.join(`alice/${device}`)));
  const answers = await Promise.all(devices.flatMap((alice) => [1, 2, 3].map(() => alice.message('m1', 'bob'))));
  t.same(answers.map(({ status }) => status).sort(), ['accepted', ...Array(8).fill('duplicate')]);
  t.equal(new Set(answers.map(({ serverMsgId }) => serverMsgId)).size, 1);
  const pushed = await bob.next('msg:N');
  t.match(await bob.ack(pushed.serverMsgId), { status: 'ok' });
  for (const alice of devices) t.equal((await alice.next('ack:N')).status, 'delivered', 'told on every device');
});

t.test('a question pushes again what is not acked', async (t) => {
  const server = await place(t, { classes: ['core'] });
  const bob = await server.join('bob');
  const alice = await server.join('alice');
  await alice.message('m1', 'bob');
  t.equal((await bob.next('msg:N')).attempt, 1);
  t.match(await alice.message('m1', 'bob'), { status: 'duplicate' });
  t.equal((await bob.next('msg:N')).attempt, 2);
  t.same(alice.inbox, [], 'connected and silent: no receipt yet');
  bob.webSocket.terminate();
  t.equal((await alice.next('ack:N')).status, 'stored', 'the receiver left without an ack');
});

t.test('takeover: the late end of the old connection changes nothing', async (t) => {
  const server = await place(t);
  const alice = await server.join('alice');
  const older = await server.join('bob');
  await alice.message('m1', 'bob');
  const first = await older.next('msg:N');
  const newer = await server.join('bob');
  older.webSocket.send('{}');
  t.equal(await older.closed, 4409);
  t.equal((await newer.next('msg:N')).serverMsgId, first.serverMsgId, 'what was not acked comes again');
  await alice.message('m2', 'bob');
  const second = await newer.next('msg:N', { msgId: 'm2' });
  t.match(await newer.ack(second.serverMsgId), { status: 'ok' });
  t.match(await newer.ack(first.serverMsgId), { status: 'ok' });
});

t.test('in flight at most maxInFlight, in order; inbox limit; a question still works', async (t) => {
  const server = await place(t, { limits: { maxInFlight: 2, maxInboxMessages: 5 } });
  const bob = await server.join('bob');
  const alice = await server.join('alice');
  for (const id of ['m1', 'm2', 'm3', 'm4', 'm5']) t.match(await alice.message(id, 'bob'), { status: 'accepted' });
  t.match(await alice.message('m6', 'bob'), { status: 'rejected', error: { code: 'inbox-full' } });
  t.match(await alice.message('m3', 'bob'), { status: 'duplicate' });
  t.match(await alice.message('m3', 'nobody'), { error: { code: 'id-conflict' } });
  t.same(
    bob.inbox.map((packet) => 'msgId' in packet && packet.msgId),
    ['m1', 'm2'],
  );
  for (const id of ['m1', 'm2', 'm3', 'm4', 'm5']) {
    t.ok(bob.inbox.filter(({ type }) => type === 'msg:N').length <= 2);
    t.match(await bob.ack((await bob.next('msg:N', { msgId: id })).serverMsgId), { status: 'ok' });
  }
  t.match(await alice.message('m6', 'bob'), { status: 'accepted' }, 'a refused message left no record');
  t.equal((await bob.next('msg:N')).msgId, 'm6');
});

t.test('bad frames end their connection only, bad requests are answered', async (t) => {
  const server = await place(t);
  const witness = await server.join('witness');
  const closing: [string, string | Buffer, number][] = [
    ['not JSON', 'x', 4400],
    ['empty', '', 4400],
    ['an array', '[]', 4400],
    ['unknown type', '{"type":"msg:X","rid":"r"}', 4400],
    ['no rid', '{"type":"ack:R","serverMsgId":"x"}', 4400],
    ['an A', '{"type":"ack:A","rid":"r","serverMsgId":"x","status":"ok"}', 4400],
    ['binary', Buffer.from('{}'), 1003],
    ['too large', 'x'.repeat(524_289), 1009],
  ];
  for (const [name, text, code] of closing) {
    const mallory = await server.join('mallory');
    raw(mallory, text);
    t.equal(await mallory.closed, code, name);
  }
  const mallory = await server.join('mallory');
  const socket = (mallory.webSocket as unknown as { _socket: { write(bytes: Buffer): void } })._socket;
  socket.write(Buffer.from([0x81, 0x81, 0, 0, 0, 0, 0xff]));
  t.equal(await mallory.closed, 1007, 'bad UTF-8');

  const refused: [string, Record<string, unknown>][] = [
    ['{"type":"msg:R","rid":"q","msgId":"m","to":"witness"}', { rid: 'q', msgId: 'm' }],
    ['{"type":"msg:R","rid":"q","msgId":"m m","to":"witness","body":""}', { rid: 'q' }],
    ['{"type":"msg:R","rid":"q","msgId":"m","to":"witness","body":"\\ud800"}', { rid: 'q', msgId: 'm' }],
    ['{"type":"msg:R","rid":"q","msgId":"m","to":"witness","body":"","ttlMs":0}', { rid: 'q', msgId: 'm' }],
  ];
  for (const [text, fields] of refused) {
    raw(witness, text);
    const answer = await witness.next('msg:A');
    t.match(answer, { status: 'rejected', error: { code: 'invalid-packet' }, ...fields }, text);
    t.equal('msgId' in answer, 'msgId' in fields);
  }
  raw(witness, '{"type":"ack:R","rid":"q"}');
  t.match(await witness.next('ack:A'), { rid: 'q', status: 'rejected', error: { code: 'invalid-packet' } });
  t.match(await witness.message('big', 'witness', '\u00e9'.repeat(32_769)), { error: { code: 'body-too-large' } });
  t.match(await witness.message('big', 'witness', '\u0001'.repeat(65_536)), { status: 'accepted' }, 'bytes, not JSON');
  raw(witness, '{"type":"msg:R","rid":"x","msgId":"x","to":"witness","body":"","from":"eve","ttlMs":1,"new":{}}');
  t.match(await witness.next('msg:A'), { status: 'accepted' }, 'unknown fields are ignored, ttlMs is checked');
  t.equal((await witness.next('msg:N', { msgId: 'x' })).from, 'witness');
});

t.test('upgrade and HTTP', async (t) => {
  const server = await place(t, { limits: { maxConnectionsPerUser: 2, handshakeTimeoutMs: 200 } });
  const status = async (path: string, protocols: string[], headers: Record<string, string>): Promise<number> => {
    const webSocket = new WebSocket(new URL(path, server.url), protocols, { headers });
    const code = await new Promise<number>((resolve) => {
      webSocket.on('open', () => resolve(101));
      webSocket.on('unexpected-response', (_, response) => resolve(response.statusCode ?? 0));
      webSocket.on('error', () => {});
    });
    webSocket.terminate();
    return code;
  };
  const ours = ['im.ran.v1'];
  const cases: [number, string, string[], Record<string, string>][] = [
    [101, '/', ['x', ...ours], { authorization: 'Bearer alice' }],
    [101, '/?access_token=alice%2Fphone', ours, {}],
    [101, '/?access_token=%20', ours, { authorization: 'Bearer alice' }],
    [101, '/?access_token=alice', ours, { authorization: 'Basic alice' }],
    [401, '/?access_token=alice', ours, { authorization: 'Bearer a b' }],
    [401, '/?access_token=alice&access_token=alice', ours, {}],
    [401, '/', ours, {}],
    [401, '/?access_token=a%20b', ours, {}],
    [401, '/', [], {}],
    [400, '/', [], { authorization: 'Bearer alice' }],
    [400, '/', ['im.ran.v2'], { authorization: 'Bearer alice' }],
    [404, '/elsewhere', ours, { authorization: 'Bearer alice' }],
  ];
  for (const [code, path, protocols, headers] of cases) {
    t.equal(await status(path, protocols, headers), code, `${code} ${path} ${JSON.stringify(headers)}`);
  }
  await server.join('carol/1');
  await server.join('carol/2');
  t.equal(await status('/?access_token=carol%2F3', ours, {}), 429);
  t.equal(await status('/?access_token=carol%2F2', ours, {}), 101, 'one that replaces its elder takes no new place');
  const http = server.url.replace('ws:', 'http:');
  const response = await fetch(`${http}.well-known/im-ran`);
  t.match(await response.json(), {
    protocol: 'im.ran.v1',
    classes: ['core', 'timed-redelivery', 'durable'],
    limits: { maxBodyBytes: 65_536 },
    timers: CALM,
  });
  t.equal((await fetch(http)).status, 426);
  t.equal((await fetch(`${http}x`)).status, 404);
  const idle = connect(server.port, '127.0.0.1');
  await new Promise((resolve) => idle.on('close', resolve).resume());
  t.pass('a connection that never asks for an upgrade is ended');
});

t.test('the longest pause grows with a first pause that is longer', async (t) => {
  const cases: [Partial<Timers>, Partial<Timers>][] = [
    [{}, { redeliverAfterMs: 400, redeliverMaxMs: 3_000 }],
    [{ redeliverAfterMs: 4_000 }, { redeliverAfterMs: 4_000, redeliverMaxMs: 4_000 }],
    [{ redeliverMaxMs: 500 }, { redeliverAfterMs: 400, redeliverMaxMs: 500 }],
  ];
  for (const [timers, declared] of cases) {
    const server = await startServer({ data: t.testdir({}), port: 0, timers });
    const response = await fetch(`${server.url.replace('ws:', 'http:')}.well-known/im-ran`);
    t.match(await response.json(), { timers: declared });
    await server.stop();
  }
});

t.test('timers: pushes again, tells `stored`, finds the dead, spares the living', async (t) => {
  const timers = { redeliverAfterMs: 20, redeliverMaxMs: 40, deadAfterMs: 300 };
  const server = await place(t, { timers });
  const alice = await server.join('alice');
  const silent = await server.join('bob', { autoPong: false });
  await alice.message('m1', 'bob');
  for (const attempt of [1, 2, 3, 4]) t.equal((await silent.next('msg:N')).attempt, attempt);
  t.equal((await alice.next('ack:N')).status, 'stored', 'the receiver is connected and silent');
  t.equal(await silent.closed, 1006, 'a dead peer is cut');
  const bob = await server.join('bob');
  const pushed = await bob.next('msg:N');
  t.match(await bob.ack(pushed.serverMsgId), { status: 'ok' });
  const talker = await server.join('talker', { autoPong: false });
  const begin = Date.now();
  while (Date.now() - begin < 3 * timers.deadAfterMs) {
    t.match(await talker.ack('x'), { status: 'rejected' });
    await new Promise((resolve) => setTimeout(resolve, timers.deadAfterMs / 6));
  }
  t.equal(talker.webSocket.readyState, WebSocket.OPEN, 'every frame is a sign of life');
});

t.test('restart: messages, dedup, acks and users stay; ids are never used again', async (t) => {
  const data = t.testdir();
  const one = await place(t, { data });
  await meet(one, 'bob');
  let alice = await one.join('alice');
  const kept = await alice.message('kept', 'bob');
  const acked = await alice.message('acked', 'bob');
  let bob = await one.join('bob');
  t.match(await bob.ack(acked.serverMsgId), { status: 'ok' });
  await one.stop();
  t.equal(await alice.closed, 1001);
  const two = await place(t, { data });
  alice = await two.join('alice');
  t.match(await alice.message('acked', 'bob'), { status: 'duplicate', serverMsgId: acked.serverMsgId });
  t.equal((await alice.next('ack:N')).status, 'delivered');
  const next = await alice.message('new', 'bob');
  t.notOk([kept, acked].some(({ serverMsgId }) => serverMsgId === next.serverMsgId));
  bob = await two.join('bob');
  t.equal((await bob.next('msg:N')).msgId, 'kept');
  t.equal((await bob.next('msg:N')).msgId, 'new');
  t.match(await bob.ack(acked.serverMsgId), { status: 'duplicate' });
  t.match(await bob.ack(kept.serverMsgId), { status: 'ok' }, 'pushed by a process that is gone');
});

t.test('records are forgotten after dedupWindowMs, never before the ack', async (t) => {
  const server = await place(t, { timers: { ...CALM, dedupWindowMs: 1 } });
  const alice = await server.join('alice');
  await meet(server, 'carol');
  await alice.message('waits', 'carol');
  const bob = await server.join('bob');
  const first = await alice.message('m1', 'bob');
  t.match(await bob.ack(first.serverMsgId), { status: 'ok' });
  let again = await alice.message('m1', 'bob');
  while (again.status === 'duplicate') {
    await new Promise((resolve) => setTimeout(resolve, 50));
    again = await alice.message('m1', 'bob');
  }
  t.not(again.serverMsgId, first.serverMsgId);
  t.match(await bob.ack(first.serverMsgId), { status: 'rejected', error: { code: 'unknown-message' } });
  t.match(await alice.message('waits', 'carol'), { status: 'duplicate' });
});

t.test('a flood that is not read: nobody else is disturbed, everything arrives', async (t) => {
  const server = await place(t, { limits: { maxPendingPerConnection: 64 } });
  await meet(server, 'bob');
  const alice = await server.join('alice');
  const socket = alice.webSocket;
  socket.pause();
  for (let index = 0; index < 3_000; index += 1) {
    alice.send({ type: 'msg:R', rid: `r-${index}`, msgId: `f-${index}`, to: 'bob', body: 'x' });
  }
  const carol = await server.join('carol');
  t.match(await carol.message('m1', 'bob'), { status: 'accepted' });
  socket.resume();
  const answered = (packet: Packet): boolean => packet.type === 'msg:A' && packet.status === 'accepted';
  await alice.next('ack:N', { msgId: 'f-2999' });
  t.equal(alice.inbox.filter(answered).length, 3_000);
});

t.test('a reader that does not read is cut, its backlog kept', async (t) => {
  const server = await place(t, { limits: { maxBufferedBytes: 524_288 } });
  const bob = await server.join('bob');
  const alice = await server.join('alice');
  bob.webSocket.pause();
  const body = 'x'.repeat(65_536);
  const status = async (index: number): Promise<unknown> => (await alice.message(`m${index}`, 'bob', body)).status;
  // The kernel takes some megabytes before the server has to keep anything.
  for (let index = 0; index < 64; index += 1) t.equal(await status(index), 'accepted');
  for (let turn = 0; turn < 4; turn += 1) for (let index = 0; index < 64; index += 1) await status(index);
  t.equal((await alice.next('ack:N', { msgId: 'm0' })).status, 'stored');
  bob.webSocket.resume();
  t.ok([4413, 1006].includes(await bob.closed));
  const again = await server.join('bob');
  for (let index = 0; index < 64; index += 1) t.match(await again.next('msg:N'), { msgId: `m${index}` });
});

t.test('nonsense options and unusable places', async (t) => {
  const data = t.testdir({ file: 'not a folder', broken: { CURRENT: 'nonsense\n' } });
  const server = await place(t, { data: `${data}/db` });
  const cases: [ServerOptions, RegExp][] = [
    [{ data, port: server.port }, /port \d+: it is in use/],
    [{ data: `${data}/db` }, /in use by another process/],
    [{ data: `${data}/file` }, /cannot use the data folder/],
    [{ data: `${data}/broken` }, /cannot use the data folder/],
    [{ data, host: '203.0.113.1' }, /no such address/],
    [{ data, port: 70_000 }, /the port is 70000/],
    [{ data, classes: ['durable'] }, /class core is missing/],
    [{ data, classes: ['core', 'replicated'] }, /has no class "replicated"/],
    [{ data, classes: ['core', 'fast'] as unknown as ['core'] }, /there is no class "fast"/],
    [{}, /needs a data folder/],
    [{ data, timers: { deadAfterMs: 0 } }, /deadAfterMs is 0/],
    [{ data, timers: { redeliverAfterMs: 500, redeliverMaxMs: 400 } }, /is less than redeliverAfterMs/],
    [{ data, limits: { maxBodyBytes: 100 } }, /maxBodyBytes is 100/],
    [{ data, limits: { maxBodyBytes: 131_072, maxFrameBytes: 600_000 } }, /no room for every body/],
    [{ data, limits: { maxInFlight: 0 } }, /maxInFlight is 0/],
    [{ data, logLevel: 'loud' as 'warn' }, /no log level "loud"/],
  ];
  for (const [options, expected] of cases) {
    await t.rejects(startServer(options), {
      message: expected,
      code: 'usage',
      remedy: /./,
    });
  }
});
