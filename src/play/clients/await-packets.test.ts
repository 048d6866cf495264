import t, { type Test } from 'tap';
import type { Stage } from '../stage.js';
import type { Actor } from './actor.js';
import { type Awaited, describeMissed, missOf, PacketWait } from './await-packets.js';
import { Inbox } from './inbox.js';
import type { Link } from './link.js';

const waited = (changes: Partial<Awaited>): Awaited => ({ met: false, missing: ['m1'], matched: 0, ...changes });
const wrong = { kind: 'pong', taken: false } as const;

/** What a wait saw, and how it was missed: judges decide by that, whoever waited. */
const MISSED: [name: string, result: Awaited, miss: ReturnType<typeof missOf>][] = [
  ['nothing came', waited({}), { miss: 'nothing-came', late: true }],
  ['the connection ended', waited({ closed: 4429 }), { miss: 'connection-ended', closeCode: 4429 }],
  ['another packet', waited({ wrong }), { miss: 'wrong-packet' }],
  ['another packet, and then the end', waited({ wrong, closed: 1006 }), { miss: 'wrong-packet' }],
];

t.test('a missed wait says how it was missed', (t) => {
  for (const [name, result, miss] of MISSED) t.same(missOf(result), miss, name);
  t.end();
});

/** What comes of a wait for that many pongs when each comes so long after the one before. The clock is that of the test. */
const waitFor = async (t: Test, times: number, everyMs: number): Promise<Awaited> => {
  let now = 0;
  t.intercept(performance, 'now', { value: () => now });
  const link = { inbox: new Inbox(), state: 'open' } as unknown as Link;
  const stage = {
    messages: { putOffMs: 0, find: () => undefined },
    has: () => true,
    waits: {
      until: async (isDone: () => boolean, boundMs: number) => {
        now += Math.min(everyMs, boundMs);
        if (everyMs <= boundMs) link.inbox.put({ kind: 'pong', taken: false });
        return isDone();
      },
    },
  } as unknown as Stage;
  const want = { pattern: { what: 'pong' as const }, labels: [], times, boundMs: 1_000, putOffBoundMs: 1_000 };
  return new PacketWait(stage, {} as Actor, link, want).run();
};

t.test('a wait ends when nothing comes, and not because much comes slowly', async (t) => {
  const cases: [times: number, everyMs: number, met: boolean, seen: RegExp][] = [
    [3, 900, true, /./],
    [10_000, 4, true, /./],
    [1, 1_100, false, /^nothing that matches for 1000 ms$/],
    [10_000, 300, false, /^7 of them in 2100 ms, too slowly to wait for the others$/],
  ];
  for (const [times, everyMs, met, seen] of cases) {
    await t.test(`${times} every ${everyMs} ms`, async (t) => {
      const waited = await waitFor(t, times, everyMs);
      t.equal(waited.met, met);
      t.match(describeMissed(waited, 1_000), seen);
    });
  }
});
