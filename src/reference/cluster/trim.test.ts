import { spawnSync } from 'node:child_process';
import t, { type Test } from 'tap';
import { EtcdLog } from './etcd-log.js';
import { entryKey, type Lease, type Log, type LogEvent, type Snapshot } from './log.js';
import { MemoryLog } from './memory-log.js';
import { EtcdMembers } from './testing/etcd-members.js';

const hasEtcd = spawnSync('etcd', ['--version']).status === 0;

const ENGINES: [name: string, skip: string | false, open: (t: Test) => Promise<Log>][] = [
  ['the log in memory', false, async () => new MemoryLog()],
  [
    'etcd',
    hasEtcd || process.env.IM_REQUIRE_ALL === '1' ? false : 'needs etcd: apt-get install -y etcd-server',
    async (t) => {
      const members = new EtcdMembers();
      t.teardown(() => members.close());
      await members.start(1);
      return new EtcdLog(members.urls);
    },
  ],
];

/** Hears what comes after a revision. `ended` resolves when that was trimmed. */
const hear = (t: Test, log: Log, after: number): { events: LogEvent[]; ended: Promise<void> } => {
  const events: LogEvent[] = [];
  const stopping = new AbortController();
  t.teardown(() => stopping.abort());
  return { events, ended: log.follow(after, (event) => events.push(event), stopping.signal) };
};

/** Renews a lease until the end of the test, or its own. */
const keep = (t: Test, lease: Lease): void => {
  const timer = setInterval(() => void lease.renew().catch(() => undefined), 200);
  t.teardown(() => clearInterval(timer));
};

const keysOf = (events: readonly LogEvent[]): string[] =>
  events.flatMap((event) => (event.kind === 'entry' ? [event.key] : []));

const until = async (isTrue: () => boolean): Promise<void> => {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 5));
};

for (const [name, skip, open] of ENGINES) {
  t.test(`${name}, trimmed`, { skip }, async (t) => {
    const log = await open(t);
    const { snapshots } = log;
    const [first, second] = [await log.join('1', '1-a_1'), await log.join('2', '2-b_1')];
    for (const lease of [first, second]) keep(t, lease);
    const early = hear(t, log, 0);
    for (const count of [1, 2, 3]) {
      t.equal(await log.append(count, `first ${count}`, first), 'appended');
      t.equal(await log.append(count, `second ${count}`, second), 'appended');
    }
    const keys = [1, 2, 3].flatMap((count) => [entryKey(first.life, count), entryKey(second.life, count)]);
    await until(() => keysOf(early.events).length === keys.length);
    t.same(keysOf(early.events), keys);
    const revision = early.events.at(-1)?.revision ?? 0;

    await t.test('a snapshot follows on the one before, and is written by who lives', async (t) => {
      const earlier = await snapshots.write(revision - 1, ['old'], undefined, first);
      t.ok(earlier);
      t.equal(await snapshots.write(revision, ['x'], undefined, second), undefined, 'another one is the newest');
      const newest = await snapshots.write(revision, ['a', 'ü\u2028"'], earlier, first);
      t.same(await snapshots.newest(), newest);
      t.same(newest && (await snapshots.read(newest, 1)), 'ü\u2028"');
      await t.rejects(snapshots.read(earlier as Snapshot, 0), 'the older one is gone');
      const ended = { ...second, life: '2-b_0' };
      t.equal(await snapshots.write(revision, ['y'], newest, ended), undefined, 'that life has ended');
      t.same(await snapshots.newest(), newest);
    });

    await t.test('nothing is dropped before each living node has applied it', async (t) => {
      const newest = await snapshots.newest();
      if (newest === undefined) throw new Error('there is none');
      t.equal(await snapshots.trim(newest), false, 'nobody has said how far it is');
      await snapshots.report(revision, first);
      t.equal(await snapshots.trim(newest), false);
      await snapshots.report(revision - 1, second);
      t.equal(await snapshots.trim(newest), false, 'one is behind');
      await snapshots.report(revision, second);
      t.equal(await snapshots.trim(newest), true);
      t.equal(await snapshots.trim(newest), true, 'again, by who does not know of it');
    });

    await t.test('who is behind is told so, and who is not hears all that follows', async (t) => {
      const behind = hear(t, log, revision - 3);
      await behind.ended;
      t.same(behind.events, []);
      const next = hear(t, log, revision);
      t.equal(await log.append(4, 'first 4', first), 'appended');
      await until(() => keysOf(next.events).length === 1);
      t.same(keysOf(next.events), [entryKey(first.life, 4)]);
    });

    await t.test('a late retry appends nothing anew', async (t) => {
      for (const count of [1, 2, 3]) t.equal(await log.append(count, 'late', second), 'appended');
      await second.leave();
      t.equal(await log.append(4, 'after its end', second), 'fenced');
      t.equal(await log.append(5, 'first 5', first), 'appended');
      await until(() => keysOf(early.events).includes(entryKey(first.life, 5)));
      const now = early.events.at(-1)?.revision ?? 0;
      await snapshots.report(now, first);
      const newest = await snapshots.write(now, ['b'], await snapshots.newest(), first);
      t.equal(newest && (await snapshots.trim(newest)), true, 'a node that is gone holds nothing up');
      for (const count of [1, 3])
        t.equal(await log.append(count, 'late', second), 'fenced', 'nobody can know any more');
      t.equal(await log.append(6, 'first 6', first), 'appended');
      await until(() => keysOf(early.events).includes(entryKey(first.life, 6)));
      t.same(keysOf(early.events), [...keys, ...[4, 5, 6].map((count) => entryKey(first.life, count))]);
    });

    await t.test(
      'a life ends when another one has taken its place, even an earlier one that joined late',
      async (t) => {
        const [later, earlier] = [await log.join('3', '3-c_2'), await log.join('3', '3-c_1')];
        t.equal(await later.renew(), false);
        t.equal(await earlier.renew(), true);
        t.equal(await log.append(1, 'too late', later), 'fenced');
      },
    );
  });
}
