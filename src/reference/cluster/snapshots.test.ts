import t, { type Test } from 'tap';
import type { Log } from './log.js';
import { MemoryLog } from './memory-log.js';
import { LoopNode } from './testing/loop-node.js';
import { type Look, runLong } from './testing/run-long.js';

const AFTER = 40;
const NOW = 1_700_000_000_000;

/** A log that one node can stop to hear, as when it is frozen. */
const deafenable = (log: MemoryLog): { log: Log; freeze(): void; thaw(): void } => {
  const held: (() => void)[] = [];
  let isFrozen = false;
  const follow: Log['follow'] = async (after, onEvent, signal) => {
    let seen = after;
    for (;;) {
      if (isFrozen) await new Promise<void>((resolve) => held.push(resolve));
      const pause = new AbortController();
      await log.follow(
        seen,
        (event) => {
          if (isFrozen) return pause.abort();
          seen = event.revision;
          onEvent(event);
        },
        AbortSignal.any([signal, pause.signal]),
      );
      if (signal.aborted || !pause.signal.aborted) return;
    }
  };
  const { append, join, noteLag } = { append: log.append.bind(log), join: log.join.bind(log), noteLag: log.noteLag };
  return {
    log: { leaseMs: log.leaseMs, snapshotAfter: AFTER, snapshots: log.snapshots, append, join, noteLag, follow },
    freeze: () => {
      isFrozen = true;
    },
    thaw: () => {
      isFrozen = false;
      for (const go of held.splice(0)) go();
    },
  };
};

const startNode = async (t: Test, log: Log, node: string): Promise<LoopNode> => {
  const one = new LoopNode({ log, node, wallClock: () => NOW });
  t.teardown(() => one.stop());
  await one.start();
  return one;
};

const until = async (isTrue: () => boolean): Promise<void> => {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 5));
};

/** Messages of every kind: waiting, acked by one device or by all, expiring, and users with one device or two. */
const fill = async (nodes: readonly LoopNode[], from: number, count: number): Promise<void> => {
  for (let number = from; number < from + count; number += 1) {
    const node = nodes[number % nodes.length] as LoopNode;
    const { serverMsgId } = await node.send('alice', 'bob', `m-${number}`, number % 5 === 0 ? { ttlMs: 900_000 } : {});
    if (serverMsgId === undefined) throw new Error(`m-${number} was not accepted`);
    if (number % 2 === 0) await node.ack('bob', serverMsgId);
    if (number % 4 === 0) await node.ack('bob', serverMsgId, 'desk');
  }
};

const begin = async (node: LoopNode): Promise<void> => {
  for (const device of ['phone', 'desk']) await node.register('bob', device);
  await node.register('alice');
};

const rows = (node: LoopNode): string[] => [...node.store.copy()].map((row) => JSON.stringify(row));

const sameRows = async (t: Test, ...nodes: [LoopNode, LoopNode]): Promise<void> => {
  // Whoever has answered has applied all that was answered before.
  for (const node of nodes) await node.send('alice', 'bob', 'm-1');
  t.same(rows(nodes[0]), rows(nodes[1]));
};

t.test('an empty node takes the snapshot, and is then like one that has heard everything', async (t) => {
  const log = new MemoryLog(60_000, AFTER);
  const nodes = [await startNode(t, log, '1'), await startNode(t, log, '2')];
  await begin(nodes[0] as LoopNode);
  await fill(nodes, 0, 5 * AFTER);
  const trimmed = await log.snapshots.newest();
  t.ok(trimmed && trimmed.revision > AFTER, 'there is a snapshot');
  t.ok(log.length < 2 * AFTER, `the log is short: ${log.length}`);
  const late = await startNode(t, log, '3');
  const copy = await late.send('alice', 'bob', 'm-1');
  t.equal(copy.status, 'duplicate', 'it knows the first message, which is in the log no more');
  await sameRows(t, late, nodes[0] as LoopNode);
  await fill([late, ...nodes], 5 * AFTER, AFTER);
  await sameRows(t, late, nodes[0] as LoopNode);
});

t.test('all nodes begin anew with the snapshot', async (t) => {
  const log = new MemoryLog(60_000, AFTER);
  const first = await startNode(t, log, '1');
  await begin(first);
  await fill([first], 0, 3 * AFTER);
  const before = rows(first);
  await first.stop();
  const again = await startNode(t, log, '1');
  t.same(rows(again), before);
  t.equal((await again.send('alice', 'bob', 'm-1')).status, 'duplicate');
});

t.test('a node that was frozen behind a trim takes the snapshot under a new life', async (t) => {
  const log = new MemoryLog(60_000, AFTER);
  const { log: logOfTwo, freeze, thaw } = deafenable(log);
  const first = await startNode(t, log, '1');
  const second = await startNode(t, logOfTwo, '2');
  await begin(first);
  await fill([first, second], 0, 10);
  freeze();
  const before = log.length;
  let outcome = 'none';
  void second.send('alice', 'bob', 'm-of-the-frozen').then(({ status }) => {
    outcome = status;
  });
  await until(() => log.length > before);
  await fill([first], 10, 3 * AFTER);
  t.ok(log.length > 3 * AFTER, 'nothing is trimmed while its lease holds');
  log.lapse('2');
  await fill([first], 10 + 3 * AFTER, 3 * AFTER);
  t.ok(log.length < 2 * AFTER, 'the others go on without it');
  thaw();
  await until(() => rows(first).length === rows(second).length);
  await second.serves();
  t.equal(outcome, 'none', 'what it had sent gets no answer: its connection is closed');
  t.equal((await second.send('alice', 'bob', 'm-of-the-frozen')).status, 'duplicate', 'and it was not lost');
  await sameRows(t, second, first);
});

t.test('a snapshot that was not written to its end is never used', async (t) => {
  for (const [name, interrupt] of [
    ['its writer cannot reach the log', (log: MemoryLog) => log.unreachable.add('1')],
    ['the lease of its writer lapses', (log: MemoryLog) => log.lapse('1')],
  ] as const) {
    const log = new MemoryLog(60_000, AFTER);
    const { write } = log.snapshots;
    let isInterrupted = false;
    log.snapshots.write = (revision, pieces, before, lease) => {
      const interrupted = function* (): Generator<string> {
        for (const piece of pieces) {
          yield piece;
          isInterrupted = true;
          interrupt(log);
        }
      };
      const isFirst = lease.life.startsWith('1-') && !isInterrupted;
      return write.call(log.snapshots, revision, isFirst ? interrupted() : pieces, before, lease);
    };
    const first = await startNode(t, log, '1');
    await begin(first);
    const second = await startNode(t, log, '2');
    for (let number = 0; !isInterrupted; number += 1) await second.send('alice', 'bob', `m-${number}`);
    t.equal(await log.snapshots.newest(), undefined, name);
    t.ok(log.snapshots.length > 0, 'a piece is there');
    const late = await startNode(t, log, '3');
    t.equal((await late.send('alice', 'bob', 'm-0')).status, 'duplicate', 'it has read the log');
    log.unreachable.clear();
    log.lapse('1');
    first.kill();
    await fill([second, late], 1_000, 4 * AFTER);
    t.ok(log.length < 2 * AFTER, 'another node writes one');
    const newest = await log.snapshots.newest();
    t.equal(newest?.name.includes('-1-'), false);
  }
});

t.test('the log is trimmed also where a snapshot takes longer than the entries until the next one', async (t) => {
  for (const snapshotAfter of [1, AFTER]) {
    const log = new MemoryLog(60_000, snapshotAfter);
    const nodes = [await startNode(t, log, '1'), await startNode(t, log, '2')];
    const { write } = log.snapshots;
    let sent = 0;
    let isOver = false;
    log.snapshots.write = async (...snapshot) => {
      const before = sent;
      await until(() => isOver || sent > before + 2 * snapshotAfter);
      return write.call(log.snapshots, ...snapshot);
    };
    await begin(nodes[0] as LoopNode);
    for (; sent < 400; sent += 1) await nodes[1]?.send('alice', 'bob', `m-${sent}`);
    isOver = true;
    t.ok(log.length < 500, `${log.length} entries are left with a snapshot after ${snapshotAfter}`);
  }
});

t.test('what is kept of many messages stays as much, however many they are', async (t) => {
  const looks: Look[] = [];
  const onLook = (look: Look) => looks.push(look);
  await runLong({ messages: 6_000, snapshotAfter: 100, dedupWindowMs: 500, lookEvery: 200, onLook });
  t.equal(looks.length, 30);
  const most = Math.max(...looks.slice(0, 15).map(({ snapshots }) => snapshots));
  for (const { entries, messages, known, snapshots } of looks) {
    t.ok(entries < 250, `${entries} entries after ${messages} messages`);
    // Those of a window, and what came since the last purge.
    t.ok(known < 1_500, `${known} known ids after ${messages} messages`);
    t.ok(snapshots < 2 * most, `${snapshots} characters of snapshots after ${messages} messages`);
  }
});

t.test('one sweep forgets all that is too old, however much it is', async (t) => {
  let now = NOW;
  const node = new LoopNode({ log: new MemoryLog(60_000), node: '1', wallClock: () => now, dedupWindowMs: 1_000 });
  t.teardown(() => node.stop());
  await node.start();
  await begin(node);
  const known = (): number => [...node.store.copy()].filter(([kind]) => kind === 'dedup').length;
  const all = Array.from({ length: 2_500 }, async (_, number) => {
    const { serverMsgId = '' } = await node.send('alice', 'bob', `m-${number}`);
    for (const device of ['phone', 'desk']) await node.ack('bob', serverMsgId, device);
  });
  await Promise.all(all);
  t.equal(known(), 2_500);
  now += 5_000;
  await node.send('alice', 'bob', 'the time goes on');
  await node.loop.purge(now);
  await until(() => known() === 1);
});
