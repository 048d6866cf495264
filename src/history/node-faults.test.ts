import t from 'tap';
import { DEFAULT_TIMERS, type HistoryEvent } from '../../schemas/index.js';
import { judge } from './judge.js';

const FAILOVER_MS = 2_000;
const DONE_AT = 9_000;

const head = {
  kind: 'history',
  version: 2,
  scenario: 'x',
  subject: { role: 'server', classes: ['core', 'replicated'] },
  timers: { ...DEFAULT_TIMERS, failoverMs: FAILOVER_MS },
  patienceMs: 500,
  startedAt: 0,
} as const;

const opened = (at: number, client: string, conn: number, node: number): HistoryEvent[] => [
  { kind: 'client', at, client, user: client, device: 'default' },
  { kind: 'opening', at, client, conn, node },
  { kind: 'open', at: at + 1, client, conn },
];

const subject = (at: number, event: 'killing' | 'frozen' | 'cut' | 'slowed' | 'starting', target: object) =>
  ({ kind: 'subject', at, event, ...target }) as HistoryEvent;

/** A message of alice, on node 1, to bob, on node 2: accepted at one time, handed over at another. */
const delivered = (acceptedAt: number, handedAt: number): HistoryEvent[] => {
  const [alice, bob] = [
    { client: 'alice', conn: 1 },
    { client: 'bob', conn: 2 },
  ];
  const ids = { msgId: 'm', serverMsgId: 's' };
  const to = { from: 'alice', to: 'bob' };
  const packets = [
    {
      kind: 'sent',
      at: acceptedAt - 1,
      ...alice,
      packet: { type: 'msg:R', rid: 'r', msgId: 'm', to: 'bob', body: '' },
    },
    { kind: 'got', at: acceptedAt, ...alice, packet: { type: 'msg:A', rid: 'r', ...ids, status: 'accepted' } },
    {
      kind: 'got',
      at: handedAt,
      ...bob,
      packet: { type: 'msg:N', ...ids, ...to, body: '', acceptedAt: 1, attempt: 1 },
    },
    { kind: 'handed', at: handedAt, ...bob, from: 'alice', ...ids },
    { kind: 'sent', at: handedAt + 1, ...bob, packet: { type: 'ack:R', rid: 'k', serverMsgId: 's' } },
    { kind: 'got', at: handedAt + 2, ...bob, packet: { type: 'ack:A', rid: 'k', serverMsgId: 's', status: 'ok' } },
    {
      kind: 'got',
      at: handedAt + 3,
      ...alice,
      packet: { type: 'ack:N', ...ids, to: 'bob', status: 'delivered', at: 1 },
    },
  ];
  return packets as unknown as HistoryEvent[];
};

const historyOf = (events: readonly HistoryEvent[]): HistoryEvent[] => [
  head as unknown as HistoryEvent,
  ...[...opened(0, 'alice', 1, 1), ...opened(0, 'bob', 2, 2), ...events].sort(
    (a, b) => ('at' in a ? a.at : 0) - ('at' in b ? b.at : 0),
  ),
  { kind: 'settling', at: DONE_AT },
  { kind: 'settled', at: DONE_AT + 2_000, complete: true },
  { kind: 'end', at: DONE_AT + 2_001 },
];

t.test('only the loss of a node puts to the test what must survive one', async (t) => {
  const soon = delivered(100, 200);
  const afterwards = delivered(FAILOVER_MS + 100, FAILOVER_MS + 110);
  const through = delivered(40, 60);
  const cases: [name: string, faults: HistoryEvent[], message: HistoryEvent[], exercised: string[]][] = [
    ['a node is killed before', [subject(50, 'killing', { node: 3 })], afterwards, ['IM-4.2-64']],
    ['it is killed while the message waits', [subject(50, 'killing', { node: 3 })], through, ['IM-4.2-65']],
    ['it was killed just before', [subject(50, 'killing', { node: 3 })], soon, []],
    ['it serves again', [subject(50, 'killing', { node: 3 }), subject(60, 'starting', { node: 3 })], afterwards, []],
    ['it is frozen', [subject(50, 'frozen', { node: 3 })], afterwards, []],
    ['it is frozen meanwhile', [subject(50, 'frozen', { node: 3 })], through, []],
    ['it is cut off', [subject(50, 'cut', { node: 3, way: 'both' })], afterwards, []],
    ['its links are slow', [subject(50, 'slowed', { node: 3 })], afterwards, []],
    ['a service is killed', [subject(50, 'killing', { service: 1 })], afterwards, []],
    ['a service is killed meanwhile', [subject(50, 'killing', { service: 1 })], through, []],
  ];
  for (const [name, faults, message, expected] of cases) {
    const { exercised, findings } = judge(historyOf([...faults, ...message]));
    t.same(findings, [], name);
    t.same(
      ['IM-4.2-64', 'IM-4.2-65'].filter((id) => id in exercised),
      expected,
      name,
    );
  }
});
