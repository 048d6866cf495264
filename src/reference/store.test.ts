import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { openLevelStore } from './level-store.js';
import { MemoryStore } from './memory-store.js';
import { dedupOf, digestOf, type MessageRecord, messageOf, newEpoch, seqOf, serverMsgIdOf } from './records.js';
import type { Change, Store } from './store.js';

const message = (seq: number, from: string, msgId: string, to: string, body = 'hello'): MessageRecord => {
  const packet = { type: 'msg:R', rid: 'r', msgId, to, body } as const;
  return messageOf(packet, from, { seq, serverMsgId: `${seq}-e`, digest: digestOf(packet) }, 1_000 + seq);
};
const accept = (record: MessageRecord): Change => ({ kind: 'accept', message: record, dedup: dedupOf(record) });
const ack = (record: MessageRecord, at: number): Change => ({
  kind: 'ack',
  message: record,
  dedup: dedupOf(record, at),
  at,
});

const contract = async (t: Test, store: Store): Promise<void> => {
  t.equal(store.lastSeq, 0);
  t.same(await store.findUsers(['bob', 'bo']), [false, false]);
  await store.commit([{ kind: 'user', user: 'bob' }]);
  t.same(await store.findUsers(['bo', 'bob', 'bobb', 'BOB']), [false, true, false, false], 'whole names');

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
  t.same(await store.scanInbox('bob', 0, 10), [one, two, big], 'in order of acceptance, nothing of bob.x');
  t.same(await store.scanInbox('bob', 1, 1), [two], 'after a number, with a limit');
  t.same(await store.scanInbox('bo', 0, 10), []);
  t.equal(await store.countInbox('bob', 10), 3);
  t.equal(await store.countInbox('bob', 2), 2);
  t.equal(await store.countInbox('bo', 10), 0);

  await store.commit([ack(one, 5_000), ack(big, 6_000)]);
  t.same(await store.scanInbox('bob', 0, 10), [two]);
  const found = await store.findInInbox([
    { user: 'bob', seq: 1 },
    { user: 'bob', seq: 2 },
    { user: 'bob', seq: 3 },
    { user: 'bo', seq: 1 },
  ]);
  t.same(found, [{ state: 'acked', serverMsgId: '1-e' }, { state: 'unacked', message: two }, undefined, undefined]);
  t.equal((await store.findDedup([{ from: 'alice', msgId: 'm' }]))[0]?.deliveredAt, 5_000);

  t.equal(await store.purge(5_000, 10), 0, 'not before its time');
  t.equal(await store.purge(9_000, 1), 1, 'the oldest first, within the limit');
  t.same(await store.findDedup(keys.slice(0, 2)), [undefined, dedupOf(big, 6_000)]);
  t.same(await store.findInInbox([{ user: 'bob', seq: 1 }]), [undefined]);
  t.equal(await store.purge(9_000, 10), 1);
  t.equal(await store.purge(9_000, 10), 0);
  t.same(await store.scanInbox('bob', 0, 10), [two], 'what is not acked is never purged');
  t.same(await store.findDedup([{ from: 'alice', msgId: 'm2' }]), [dedupOf(two)]);
  t.equal(store.lastSeq, 41);
};

t.test('memory', async (t) => {
  const store = new MemoryStore();
  await contract(t, store);
  await store.close();
});

t.test('level', async (t) => {
  const folder = join(mkdtempSync(join(t.testdir(), 'store-')), 'db');
  const store = await openLevelStore(folder);
  await contract(t, store);
  await t.rejects(openLevelStore(folder), 'one process at a time');
  await store.close();
  const again = await openLevelStore(folder);
  t.equal(again.lastSeq, 41, 'acceptance numbers go on after a restart');
  t.same(
    (await again.scanInbox('bob', 0, 10)).map(({ seq }) => seq),
    [2],
  );
  t.same(await again.findUsers(['bob']), [true]);
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
