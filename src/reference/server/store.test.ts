import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { openLevelStore } from './level-store.js';
import { MemoryStore } from './memory-store.js';
import {
  dedupOf,
  digestOf,
  type MessageRecord,
  messageOf,
  newEpoch,
  seqOf,
  serverMsgIdOf,
  withoutBody,
} from './records.js';
import type { Peer } from './requests.js';
import type { Change, Store, Waiting } from './store.js';
import { MAX_ENTRIES, UserCache } from './user-cache.js';
import { loadWorkingSet } from './working-set.js';

const message = (seq: number, from: string, msgId: string, to: string, body = 'hello'): MessageRecord => {
  const packet = { type: 'msg:R', rid: 'r', msgId, to, body } as const;
  return messageOf(packet, from, { seq, serverMsgId: `${seq}-e`, digest: digestOf(packet) }, 1_000 + seq);
};
const accept = (record: MessageRecord): Change => ({ kind: 'accept', message: record, dedup: dedupOf(record) });
const ack = (record: MessageRecord, at: number, missing: string[] = []): Change => ({
  kind: 'ack',
  message: record,
  dedup: dedupOf(record, at),
  at,
  missing,
});
const waits = (message: MessageRecord, delivered = false): Waiting => ({ message, delivered });

const contract = async (t: Test, store: Store): Promise<void> => {
  t.equal(store.lastSeq, 0);
  t.same(await store.findUsers(['bob', 'bo']), [undefined, undefined]);
  await store.commit([{ kind: 'user', user: 'bob', devices: ['phone'] }]);
  t.same(await store.findUsers(['bo', 'bob', 'bobb', 'BOB']), [undefined, ['phone'], undefined, undefined]);

  const one = message(1, 'alice', 'm', 'bob', 'zero \u0000, \u{1f600}, \ufeff');
  const two = message(2, 'alice', 'm2', 'bob');
  const big = message(40, 'carol', 'm', 'bob');
  const other = message(41, 'alice', 'm3', 'bob.x');
  await store.commit([two, one, big, other].sort((a, b) => a.seq - b.seq).map(accept));
  t.equal(store.lastSeq, 41);
  const keys = [
    { from: 'alice', msgId: 'm' },
    { from: 'carol', msgId: 'm' },
    { from: 'alice', msgId: 'M' },
    { from: 'alice', msgId: '' },
  ];
  t.same(await store.findDedup(keys), [dedupOf(one), dedupOf(big), undefined, undefined]);
  const all = [one, two, big].map((each) => waits(each));
  t.same(await store.scanInbox('bob', undefined, 0, 10), all, 'in order of acceptance, nothing of bob.x');
  t.same(await store.scanInbox('bob', 'phone', 1, 1), [waits(two)], 'after a number, with a limit');
  t.same(await store.scanInbox('bo', undefined, 0, 10), []);
  t.equal(store.waiting, 4);
  t.equal(await store.countInbox('bob', 10), 3);
  t.equal(await store.countInbox('bob', 2), 2);
  t.equal(await store.countInbox('bo', 10), 0);

  await store.commit([ack(one, 5_000), ack(big, 6_000)]);
  t.same(await store.scanInbox('bob', undefined, 0, 10), [waits(two)]);
  t.equal(store.waiting, 2);
  const found = await store.findInInbox([
    { user: 'bob', seq: 1 },
    { user: 'bob', seq: 2 },
    { user: 'bob', seq: 3 },
    { user: 'bo', seq: 1 },
  ]);
  t.same(found, [{ state: 'acked', serverMsgId: '1-e' }, { state: 'unacked', message: two }, undefined, undefined]);
  t.equal((await store.findDedup([{ from: 'alice', msgId: 'm' }]))[0]?.deliveredAt, 5_000);

  const purge = async (before: number, limit: number): Promise<number> => (await store.purge(before, limit)).count;
  t.equal(await purge(5_000, 10), 0, 'not before its time');
  t.equal(await purge(9_000, 1), 1, 'the oldest first, within the limit');
  t.same(await store.findDedup(keys.slice(0, 2)), [undefined, dedupOf(big, 6_000)]);
  t.same(await store.findInInbox([{ user: 'bob', seq: 1 }]), [undefined]);
  t.equal(await purge(9_000, 10), 1);
  t.equal(await purge(9_000, 10), 0);
  t.same(await store.scanInbox('bob', undefined, 0, 10), [waits(two)], 'what is not acked is never purged');
  t.same(await store.findDedup([{ from: 'alice', msgId: 'm2' }]), [dedupOf(two)]);
  t.equal(store.lastSeq, 41);
};

const devicesContract = async (t: Test, store: Store): Promise<void> => {
  const scan = async (device: string): Promise<number[]> =>
    (await store.scanInbox('dan', device, 0, 10)).map(({ message, delivered }) => (delivered ? -1 : 1) * message.seq);
  const state = async (seq: number): Promise<string | undefined> =>
    (await store.findInInbox([{ user: 'dan', seq }]))[0]?.state;
  const [one, two, three] = [50, 51, 52].map((seq) => message(seq, 'erin', `m${seq}`, 'dan')) as [
    MessageRecord,
    MessageRecord,
    MessageRecord,
  ];
  await store.commit([one, two, three].map(accept));
  await store.commit([ack(two, 7_000, ['b', 'c']), ack(three, 7_000, ['c'])]);
  t.same(await scan('a'), [50], 'a device that has acked');
  t.same(await scan('b'), [50, -51], 'in order, whoever acked first');
  t.same(await scan('c'), [50, -51, -52]);
  t.same(
    (await store.scanInbox('dan', 'c', 50, 1)).map(({ message: { seq } }) => seq),
    [51],
  );
  t.equal(await state(51), 'partial');
  await store.commit([{ kind: 'device-ack', message: two, device: 'b', missing: ['c'] }]);
  await store.commit([{ kind: 'device-ack', message: three, device: 'c', missing: [] }]);
  t.same([await scan('b'), await scan('c')], [[50], [50, -51]]);
  t.same([await state(51), await state(52)], ['partial', 'acked']);
  t.same(await store.purge(8_000, 10), { count: 2, ended: [{ user: 'dan', seq: 51 }] }, 'the window is over');
  t.same([await scan('c'), await state(51)], [[50], undefined]);
};

const expiryContract = async (t: Test, store: Store): Promise<void> => {
  const before = store.waiting;
  const mortal = (seq: number, expiresAt: number): MessageRecord => ({
    ...message(seq, 'erin', `m${seq}`, 'fay'),
    expiresAt,
  });
  const [one, two, three, four] = [mortal(60, 9_000), mortal(61, 8_000), mortal(62, 8_000), mortal(63, 8_000)] as [
    MessageRecord,
    MessageRecord,
    MessageRecord,
    MessageRecord,
  ];
  await store.commit([one, two, three, four].map(accept));
  t.equal(await store.nextExpiry(), 8_000);
  await store.commit([ack(three, 7_000), ack(four, 7_000, ['tablet'])]);
  t.same(await store.findDue(7_999, 10), []);
  const due = [
    { user: 'fay', seq: 61 },
    { user: 'fay', seq: 63 },
  ];
  t.same(await store.findDue(8_000, 10), due, 'what all have acked never ends');
  t.same(await store.findDue(8_000, 1), due.slice(0, 1));
  await store.commit([
    { kind: 'expire', message: withoutBody(two), missing: undefined },
    { kind: 'expire', message: withoutBody(four), missing: ['tablet'] },
  ]);
  t.equal(await store.nextExpiry(), 9_000);
  t.equal(await store.countInbox('fay', 10), 1);
  t.equal(store.waiting, before + 1);
  t.same(await store.scanInbox('fay', 'tablet', 0, 10), [waits(one)]);
  const keys = [61, 62, 63].map((seq) => ({ user: 'fay', seq }));
  const acked = (seq: number) => ({ state: 'acked', serverMsgId: `${seq}-e` });
  t.same(await store.findInInbox(keys), [{ state: 'expired', message: withoutBody(two) }, acked(62), acked(63)]);
  await store.commit([{ kind: 'late-ack', message: withoutBody(two), dedup: dedupOf(two, 12_000), at: 12_000 }]);
  t.same((await store.findInInbox(keys))[0], acked(61));
  t.equal(store.waiting, before + 1, 'an expired message did not wait');
  t.equal((await store.purge(9_000, 10)).count, 2, 'after a late ack the record lives on');
  t.same(
    (await store.findInInbox(keys)).map((entry) => entry?.state),
    ['acked', undefined, undefined],
  );
  t.equal((await store.purge(12_001, 10)).count, 1);
  await store.commit([{ kind: 'expire', message: withoutBody(one), missing: undefined }]);
  t.equal(await store.nextExpiry(), undefined);
};

t.test('memory', async (t) => {
  const store = new MemoryStore();
  await contract(t, store);
  await devicesContract(t, store);
  await expiryContract(t, store);
  await store.close();
});

/** Goes on as a copy of itself before each call, as a node of a cluster does that begins with a snapshot. */
const copying = (): Store => {
  let store = new MemoryStore();
  return new Proxy<Store>(store, {
    get: (_, name) => {
      const rows = JSON.parse(JSON.stringify([...store.copy()]));
      store = new MemoryStore();
      for (const row of rows) store.restore(row);
      const value: unknown = Reflect.get(store, name);
      return typeof value === 'function' ? value.bind(store) : value;
    },
  });
};

t.test('memory, copied before each call', async (t) => {
  await contract(t, copying());
  await devicesContract(t, copying());
  await expiryContract(t, copying());
});

t.test('within a round nobody is forgotten, however many are remembered', async (t) => {
  const store = new MemoryStore();
  await store.commit([{ kind: 'user', user: 'stored', devices: ['phone'] }]);
  const cache = new UserCache();
  cache.setUser('remembered', ['phone']);
  for (let user = 1; user < MAX_ENTRIES; user += 1) cache.setUser(`user-${user}`, []);
  const connection = { user: 'remembered', device: 'phone' } as Peer;
  const requests = ['remembered', 'stored'].map((to) => {
    const packet = { type: 'msg:R', rid: 'r', msgId: to, to, body: '' } as const;
    return { kind: 'message', connection, packet } as const;
  });
  await store.commit([{ kind: 'user', user: 'remembered', devices: ['phone'] }]);
  const { users } = await loadWorkingSet(requests, store, cache, 10);
  for (const user of ['remembered', 'stored']) t.ok(cache.hasUser(user) || users.has(user), user);
  t.notOk(cache.hasUser('user-1'), 'what was too much is gone');
});

t.test('level', async (t) => {
  const folder = join(mkdtempSync(join(t.testdir(), 'store-')), 'db');
  const store = await openLevelStore(folder);
  await contract(t, store);
  await devicesContract(t, store);
  await expiryContract(t, store);
  await t.rejects(openLevelStore(folder), 'one process at a time');
  await store.close();
  const again = await openLevelStore(folder);
  t.equal(again.lastSeq, 63, 'acceptance numbers go on after a restart');
  t.equal(again.waiting, store.waiting);
  t.same(
    (await again.scanInbox('bob', undefined, 0, 10)).map(({ message: { seq } }) => seq),
    [2],
  );
  t.same(await again.findUsers(['bob']), [['phone']]);
  await again.close();
});

t.test('ids and digests', async (t) => {
  const epoch = newEpoch();
  t.match(serverMsgIdOf(Number.MAX_SAFE_INTEGER, epoch), /^[A-Za-z0-9_-]{1,64}$/);
  for (const seq of [0, 1, 35, 36, 10 ** 12]) t.equal(seqOf(serverMsgIdOf(seq, epoch)), seq);
  for (const id of ['', '1', '-x', 'A-x', 'zzzzzzzzzzzzzzzz-x', 'never_was']) t.equal(seqOf(id), undefined, id);
  const digests = [
    { to: 'a', body: 'b' },
    { to: 'a', body: 'B' },
    { to: 'ab', body: '' },
    { to: 'a', body: 'b', ttlMs: 1 },
    { to: 'a', body: '1:b' },
    { to: 'a1', body: 'never:b' },
    { to: 'a', body: 'b\u0000' },
  ].map(digestOf);
  t.equal(new Set(digests).size, digests.length, 'other content, other digest');
});
