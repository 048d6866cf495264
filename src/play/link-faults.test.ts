import t from 'tap';
import type { CutWay } from '../../schemas/index.js';
import { LinkFaults } from './link-faults.js';
import type { Untimed } from './untimed.js';

const FAILOVER_MS = 2_000;

/** Connection 1 leads to node 1, connection 2 to node 2, whose links are cut. */
const sent = (conn: number, rid: string) =>
  ({ kind: 'sent', client: 'bob', conn, packet: { type: 'ack:R', rid, serverMsgId: 's' } }) as Untimed;
const answered = (conn: number, rid: string, status = 'ok') =>
  ({ kind: 'got', client: 'bob', conn, packet: { type: 'ack:A', rid, serverMsgId: 's', status } }) as Untimed;
const closed = (conn: number, by: string, code: number) =>
  ({ kind: 'closed', client: 'bob', conn, by, how: 'clean', code }) as Untimed;

type Moment = [afterMs: number, event?: Untimed];

const CASES: [name: string, way: CutWay, fired: boolean, moments: Moment[]][] = [
  [
    'it answers late',
    'both',
    true,
    [
      [10, sent(2, 'a')],
      [2_500, answered(2, 'a')],
    ],
  ],
  ['it answers nothing', 'both', true, [[10, sent(2, 'a')], [2_500]]],
  ['it says busy', 'in', true, [[10, sent(2, 'a')], [5, answered(2, 'a', 'rejected')], [2_500]]],
  ['it closes', 'out', true, [[10, sent(2, 'a')], [50, closed(2, 'subject', 1012)], [2_500]]],
  ['it goes on as if nothing were', 'both', false, [[10, sent(2, 'a')], [5, answered(2, 'a')], [2_500]]],
  [
    'it hears of a newer connection elsewhere',
    'both',
    false,
    [[10, sent(2, 'a')], [5, answered(2, 'a')], [50, closed(2, 'subject', 4409)], [2_500]],
  ],
  ['another node is late', 'both', false, [[10, sent(2, 'a')], [5, answered(2, 'a')], [5, sent(1, 'b')], [2_500]]],
  [
    'the client leaves',
    'both',
    false,
    [[10, sent(2, 'a')], [5, answered(2, 'a')], [9, closed(2, 'kit', 1000)], [2_500]],
  ],
  ['a request ends with its connection', 'both', false, [[10, sent(2, 'a')], [5, closed(2, 'kit', 1000)], [2_500]]],
  ['nobody asks it for anything', 'both', true, [[2_500]]],
  ['it was too short to be noticed', 'both', true, [[10, sent(2, 'a')], [5, answered(2, 'a')], [300]]],
  ['it finds dead links by itself', 'half-open', true, [[10, sent(2, 'a')], [5, answered(2, 'a')], [2_500]]],
];

t.test('whether a cut has fired', async (t) => {
  for (const [name, way, fired, moments] of CASES) {
    let now = 0;
    const traffic = { carried: 100, blocked: 0 };
    const nothing = async () => {};
    const links = { cut: nothing, delay: nothing, heal: nothing, traffic };
    const faults = new LinkFaults(() => now, FAILOVER_MS);
    for (const node of [1, 2]) faults.note({ kind: 'opening', client: 'bob', conn: node, node } as Untimed);
    // What an earlier cut left open counts for no later one.
    faults.begin(2, { ...links, traffic: { carried: 1, blocked: 0 } }, '1', way);
    faults.note(sent(2, 'of the cut before'));
    await faults.end(2);
    faults.begin(
      2,
      {
        ...links,
        get traffic() {
          return { carried: 100, blocked: now };
        },
      },
      '2',
      way,
    );
    t.same(faults.nodes, [2]);
    for (const [afterMs, event] of moments) {
      now += afterMs;
      if (event !== undefined) faults.note(event);
    }
    t.match(await faults.end(2), { kind: 'cut-off', step: '2', fired }, name);
    t.same([faults.nodes, await faults.end(2)], [[], undefined]);
  }
});

t.test(
  'a cut by a command of the user has fired when the command says so, and the node shows nothing else',
  async (t) => {
    for (const [name, way, fired, moments] of CASES.filter(([, way]) => way === 'both')) {
      let now = 0;
      const nothing = async () => {};
      const faults = new LinkFaults(() => now, FAILOVER_MS);
      for (const node of [1, 2]) faults.note({ kind: 'opening', client: 'bob', conn: node, node } as Untimed);
      faults.begin(2, { cut: nothing, delay: nothing, heal: nothing, traffic: undefined }, '1', way);
      for (const [afterMs, event] of moments) {
        now += afterMs;
        if (event !== undefined) faults.note(event);
      }
      t.match(await faults.end(2), { fired, detail: /^the command that cuts ended well/ }, name);
    }
  },
);
