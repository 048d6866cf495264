import t from 'tap';
import type { ServerClass } from '../../../schemas/index.js';
import { sample } from './testing/metrics-page.js';
import { CALM, meet, place } from './testing/place.js';

const CORE: readonly ServerClass[] = ['core', 'durable'];

t.test('ordered: seq grows by acceptance, stays at every push, live behind backlog', async (t) => {
  const server = await place(t, { classes: [...CORE, 'ordered'], limits: { maxInFlight: 3 } });
  await meet(server, 'bob');
  const alice = await server.join('alice');
  const carol = await server.join('carol');
  for (let index = 0; index < 10; index += 1) await (index % 2 ? alice : carol).message(`m${index}`, 'bob');
  const bob = await server.join('bob');
  await alice.message('live', 'bob');
  const seqs: unknown[] = [];
  for (const id of [...Array.from({ length: 10 }, (_, index) => `m${index}`), 'live']) {
    const pushed = await bob.next('msg:N');
    t.equal(pushed.msgId, id);
    seqs.push(pushed.seq);
    await bob.ack(pushed.serverMsgId);
  }
  t.same(
    seqs,
    [...seqs].sort((a, b) => Number(a) - Number(b)),
  );
  t.equal(new Set(seqs).size, 11);
  const { serverMsgId } = await alice.message('again', 'bob');
  const first = await bob.next('msg:N');
  await alice.message('again', 'bob');
  t.equal((await bob.next('msg:N', { serverMsgId })).seq, first.seq, 'the same at every push');
  const plain = await place(t, { classes: ['core'] });
  const erin = await plain.join('erin');
  await erin.message('m', 'erin', 'x', { ttlMs: 1 });
  const pushed = await erin.next('msg:N');
  t.notOk('seq' in pushed || 'expiresAt' in pushed, 'not without the class');
});

t.test('expiry: told in time, not pushed any more, a late ack overrules it', async (t) => {
  const data = t.testdir();
  const options = { classes: [...CORE, 'expiry'] as ServerClass[], data };
  const one = await place(t, options);
  await meet(one, 'bob', 'carol');
  const alice = await one.join('alice');
  const bob = await one.join('bob');
  const { serverMsgId } = await alice.message('short', 'bob', 'x', { ttlMs: 60 });
  const pushed = await bob.next('msg:N');
  t.equal(pushed.expiresAt, Number(pushed.acceptedAt) + 60);
  const expired = await alice.next('ack:N', { status: 'expired' });
  t.match(expired, { serverMsgId, at: pushed.expiresAt, to: 'bob' });
  t.match(await alice.message('short', 'bob', 'x', { ttlMs: 60 }), { status: 'duplicate', serverMsgId });
  t.match(await alice.next('ack:N'), { status: 'expired', serverMsgId });
  t.match(await bob.ack(serverMsgId), { status: 'ok' }, 'it was pushed in time');
  t.match(await alice.next('ack:N'), { status: 'delivered', serverMsgId });
  t.match(await bob.ack(serverMsgId), { status: 'duplicate' });
  t.match(await alice.message('short', 'bob', 'x', { ttlMs: 60 }), { status: 'duplicate', serverMsgId });
  t.match(await alice.next('ack:N'), { status: 'delivered', serverMsgId });
  t.match(await alice.message('acked', 'bob', 'x', { ttlMs: 300 }), { status: 'accepted' });
  await bob.ack((await bob.next('msg:N')).serverMsgId);
  t.match(await alice.next('ack:N'), { status: 'delivered' });

  await alice.message('away', 'carol', 'x', { ttlMs: 50 });
  t.match(await alice.next('ack:N'), { status: 'stored' });
  t.match(await alice.next('ack:N'), { status: 'expired', msgId: 'away' });
  const kept = await alice.message('kept', 'carol', 'x', { ttlMs: 3_600_000 });
  const down = await alice.message('down', 'carol', 'x', { ttlMs: 200 });
  const downUntil = Date.now() + 200;
  t.same(
    alice.inbox.filter((packet) => 'status' in packet && packet.status === 'expired'),
    [],
    'acked: it never expires',
  );
  await one.stop();
  while (Date.now() <= downUntil) await new Promise((resolve) => setTimeout(resolve, 10));
  const two = await place(t, options);
  const carol = await two.join('carol');
  const only = await carol.next('msg:N');
  t.match(only, { msgId: 'kept', expiresAt: Number(only.acceptedAt) + 3_600_000, serverMsgId: kept.serverMsgId });
  const asker = await two.join('alice');
  t.match(await asker.message('down', 'carol', 'x', { ttlMs: 200 }), { status: 'duplicate' });
  t.match(await asker.next('ack:N'), { status: 'expired', serverMsgId: down.serverMsgId });
  t.same(carol.inbox, [], 'nothing that expired is pushed');
});

t.test(
  'expiry: what waits for its turn, or is pushed again and again, ends in time and gives its place back',
  async (t) => {
    const server = await place(t, {
      classes: ['core', 'timed-redelivery', 'expiry'],
      timers: { ...CALM, redeliverAfterMs: 10, redeliverMaxMs: 10 },
      limits: { maxInFlight: 1, maxInboxMessages: 2 },
    });
    const bob = await server.join('bob');
    const alice = await server.join('alice');
    await alice.message('first', 'bob', 'x', { ttlMs: 100 });
    await alice.message('second', 'bob', 'x', { ttlMs: 50 });
    t.match(await alice.message('third', 'bob'), { error: { code: 'inbox-full' } });
    for (const id of ['second', 'first']) await alice.next('ack:N', { status: 'expired', msgId: id });
    t.match(await alice.message('third', 'bob'), { status: 'accepted' }, 'what has expired is not in the inbox');
    t.equal((await bob.next('msg:N', { msgId: 'third' })).msgId, 'third');
    const others = bob.inbox.filter((packet) => packet.type === 'msg:N');
    t.notOk(others.some((packet) => packet.msgId === 'second'));
    const last = others.findLast((packet) => packet.msgId === 'first');
    t.ok(Number(last?.attempt) > 2);
  },
);

t.test('expiry: thousands that ended while nobody looked cost no stack, and do not stop what follows', async (t) => {
  const server = await place(t, { classes: ['core', 'expiry'], limits: { maxInFlight: 10_000 } });
  await meet(server, 'bob');
  const alice = await server.join('alice');
  for (let index = 0; index < 5_000; index += 1) {
    alice.send({ type: 'msg:R', rid: `r${index}`, msgId: `m${index}`, to: 'bob', body: '', ttlMs: 1 });
  }
  await alice.message('last', 'bob');
  const bob = await server.join('bob');
  t.match(await bob.next('msg:N'), { msgId: 'last' });
  await alice.next('ack:N', { status: 'expired', msgId: 'm4999' });
  t.equal(alice.inbox.filter((packet) => packet.type === 'ack:N' && packet.status === 'expired').length, 4_999);
});

t.test('multi-device: each device gets and acks each message, the sender hears of the first', async (t) => {
  const data = t.testdir();
  const classes: ServerClass[] = [...CORE, 'multi-device', 'ordered'];
  let server = await place(t, { classes, data });
  await meet(server, 'bob/tablet');
  let phone = await server.join('bob/phone');
  const alice = await server.join('alice/a');
  const otherAlice = await server.join('alice/b');
  const one = await alice.message('one', 'bob');
  await phone.next('msg:N');
  t.match(await phone.ack(one.serverMsgId), { status: 'ok' });
  for (const device of [alice, otherAlice]) t.match(await device.next('ack:N'), { status: 'delivered' });
  t.match(await phone.ack(one.serverMsgId), { status: 'duplicate' });
  const two = await alice.message('two', 'bob');
  const late = await server.join('bob/late');
  t.equal((await late.next('msg:N')).msgId, 'two', 'not what was acked before it came');
  t.match(await late.ack(one.serverMsgId), { status: 'duplicate' }, 'never owed');
  t.match(await late.ack(two.serverMsgId), { status: 'ok' });
  t.match(await alice.next('ack:N'), { status: 'delivered', serverMsgId: two.serverMsgId });
  t.match(await phone.ack(two.serverMsgId), { status: 'ok' }, 'the phone had it in flight');
  await server.stop();

  server = await place(t, { classes, data });
  let tablet = await server.join('bob/tablet');
  t.equal((await tablet.next('msg:N')).msgId, 'one', 'both, in order, over the restart');
  t.equal((await tablet.next('msg:N')).msgId, 'two');
  t.match(await tablet.ack(two.serverMsgId), { status: 'ok' });
  await tablet.close();
  const asker = await server.join('alice/a');
  t.match(await asker.message('one', 'bob'), { status: 'duplicate' });
  t.match(await asker.next('ack:N'), { status: 'delivered' });
  t.same(asker.inbox, [], 'and nothing goes back to stored');
  tablet = await server.join('bob/tablet');
  t.equal((await tablet.next('msg:N')).msgId, 'one');
  t.match(await tablet.ack(one.serverMsgId), { status: 'ok' });
  phone = await server.join('bob/phone');
  t.match(await phone.ack(one.serverMsgId), { status: 'duplicate' });
  t.same([phone.inbox, tablet.inbox], [[], []], 'all devices have all');
});

t.test(
  'multi-device: two acks at the same time, a device that leaves, the end after dedupWindowMs, too many',
  async (t) => {
    const server = await place(t, {
      classes: ['core', 'multi-device'],
      timers: { ...CALM, dedupWindowMs: 1 },
      limits: { maxDevicesPerUser: 3 },
    });
    await meet(server, 'bob/drawer');
    const phone = await server.join('bob/phone');
    const tablet = await server.join('bob/tablet');
    await t.rejects(server.join('bob/fourth'), /429/);
    const alice = await server.join('alice');
    const { serverMsgId } = await alice.message('m', 'bob');
    for (const device of [phone, tablet]) await device.next('msg:N');
    const acks = await Promise.all([phone, tablet].map((device) => device.ack(serverMsgId)));
    t.same(
      acks.map(({ status }) => status),
      ['ok', 'ok'],
    );
    t.match(await alice.next('ack:N'), { status: 'delivered' });
    await alice.message('n', 'bob');
    await phone.ack((await phone.next('msg:N')).serverMsgId);
    t.match(await alice.next('ack:N'), { status: 'delivered' });
    await tablet.close();
    await phone.close();
    // The tablet left with a message of which the sender heard already: it must not hear `stored` now.
    for (;;) {
      const again = await alice.message('m', 'bob');
      if (again.status === 'accepted') break;
      t.equal((await alice.next('ack:N')).status, 'delivered');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    t.match(await alice.next('ack:N'), { status: 'stored', msgId: 'm' }, 'the record is gone: a new message');
    const drawer = await server.join('bob/drawer');
    t.not((await drawer.next('msg:N', { msgId: 'm' })).serverMsgId, serverMsgId);
    t.same(drawer.inbox, [], 'what was delivered is not kept for ever');
  },
);

t.test('observable: every number, and the balance over a restart', async (t) => {
  const data = t.testdir();
  const classes: ServerClass[] = ['core', 'durable', 'expiry', 'observable'];
  const one = await place(t, { classes, data });
  const page = one.url.replace('ws:', 'http:').concat('metrics');
  const response = await fetch(page);
  t.equal(response.headers.get('content-type'), 'application/openmetrics-text; version=1.0.0; charset=utf-8');
  const empty = await response.text();
  t.ok(empty.endsWith('# EOF\n'));
  for (const family of ['messages_accepted', 'messages_expired', 'redeliveries']) {
    t.match(empty, `# TYPE im_ran_${family} counter\n`);
    t.equal(sample(empty, `im_ran_${family}_total`), 0, family);
  }
  t.equal((await fetch(page, { method: 'POST' })).status, 405);
  await meet(one, 'bob');
  const alice = await one.join('alice');
  await alice.message('m1', 'bob');
  await alice.message('m1', 'bob');
  await alice.message('m1', 'bob', 'other');
  await alice.message('m2', 'nobody');
  alice.webSocket.send('{"type":"msg:R","rid":"bad"}');
  await alice.message('m3', 'bob', 'x', { ttlMs: 1_000 });
  await alice.next('ack:N', { status: 'expired' });
  await alice.message('m4', 'bob');
  const bob = await one.join('bob');
  const m1 = await bob.next('msg:N');
  await alice.message('m1', 'bob');
  await bob.ack(m1.serverMsgId);
  await bob.ack(m1.serverMsgId);
  await bob.close();
  await (await one.join('bob')).next('msg:N');
  const text = await (await fetch(page)).text();
  const expected: [string, number][] = [
    ['messages_accepted_total', 3],
    ['messages_duplicate_total', 2],
    ['messages_rejected_total{code="id-conflict"}', 1],
    ['messages_rejected_total{code="unknown-recipient"}', 1],
    ['messages_rejected_total{code="invalid-packet"}', 1],
    ['messages_rejected_total{code="busy"}', 0],
    ['pushes_total', 4],
    ['redeliveries_total', 2],
    ['acks_total', 1],
    ['messages_stored_total', 3],
    ['messages_delivered_total', 1],
    ['messages_expired_total', 1],
    ['connections', 2],
    ['messages_waiting', 1],
    ['messages_recovered', 0],
    ['delivery_seconds_count', 1],
    ['delivery_seconds_bucket{le="+Inf"}', 1],
  ];
  for (const [name, value] of expected) t.equal(sample(text, `im_ran_${name}`), value, name);
  await one.stop();
  const two = await place(t, { classes, data });
  const after = await (await fetch(two.url.replace('ws:', 'http:').concat('metrics'))).text();
  t.equal(sample(after, 'im_ran_messages_recovered'), 1);
  t.equal(sample(after, 'im_ran_messages_waiting'), 1);
  t.equal(sample(after, 'im_ran_messages_accepted_total'), 0);
  const without = await place(t, { classes: ['core'] });
  t.equal((await fetch(without.url.replace('ws:', 'http:').concat('metrics'))).status, 404);
});
