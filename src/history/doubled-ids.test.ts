import t from 'tap';
import type { HistoryEvent, Packet, Profile } from '../../schemas/index.js';
import { judge } from './index.js';

const profile: Profile = {
  packets: ['msg:R', 'msg:A', 'msg:N', 'ack:R'],
  fields: ['msg:A.rid', 'msg:N.msgId', 'msg:N.to', 'msg:N.serverMsgId'],
};
const head = {
  ...{ kind: 'history', version: 2, scenario: 'x', subject: { role: 'server', classes: ['core'] } },
  timers: {
    answerWithinMs: 5_000,
    redeliverAfterMs: 5_000,
    redeliverMaxMs: 60_000,
    deadAfterMs: 30_000,
    dedupWindowMs: 604_800_000,
  },
  ...{ patienceMs: 0, startedAt: 0, dialect: { name: 'x', profile, notJudged: ['IM-2-9'] } },
};

/** A history through a dialect in which a message has no id of its sender: what alice sent, and what bob got. */
const history = (packets: Packet[], fields = profile.fields): HistoryEvent[] => {
  const clients = ['alice', 'bob'];
  const dialect = { ...head.dialect, profile: { ...profile, fields } };
  const lines = [
    { ...head, dialect },
    ...clients.map((client) => ({ kind: 'client', client, user: client, device: 'default', at: 0 })),
    ...clients.flatMap((client, index) => [
      { kind: 'opening', client, conn: index + 1, at: 1 },
      { kind: 'open', client, conn: index + 1, at: 2 },
    ]),
    ...packets.map((packet, index) =>
      packet.type === 'msg:N' || packet.type === 'ack:R'
        ? { kind: packet.type === 'msg:N' ? 'got' : 'sent', client: 'bob', conn: 2, packet, at: 10 + index }
        : { kind: packet.type === 'msg:R' ? 'sent' : 'got', client: 'alice', conn: 1, packet, at: 10 + index },
    ),
    { kind: 'end', stalledMs: 0, at: 100 },
  ];
  return lines as HistoryEvent[];
};

const sent = (rid: string): Packet => ({ type: 'msg:R', rid, msgId: 'm1', to: 'bob', body: 'hi' });
const answer = (rid: string, serverMsgId: string): Packet =>
  ({ type: 'msg:A', rid, msgId: 'm1', status: 'stored', serverMsgId }) as never;
const push = (serverMsgId: string): Packet => ({
  ...{ type: 'msg:N', msgId: 'm1', serverMsgId, from: 'alice', to: 'bob', body: 'hi', acceptedAt: 5 },
});

t.test('where a message has no id of its sender, only what was sent once is doubled by the server', async (t) => {
  const cases: [what: string, packets: Packet[], doubled: boolean][] = [
    ['one push', [sent('r1'), push('7'), answer('r1', '7')], false],
    ['a push that is repeated', [sent('r1'), push('7'), answer('r1', '7'), push('7')], false],
    ['two pushes under two ids', [sent('r1'), push('7'), push('8'), answer('r1', '7')], true],
    ['two pushes after the answer', [sent('r1'), answer('r1', '7'), push('7'), push('8')], true],
    ['an id of the sender and one of the receiver', [sent('r1'), answer('r1', '7'), push('20'), push('20')], false],
    ['sent twice, and taken for two', [sent('r1'), push('7'), sent('r2'), push('8'), answer('r2', '8')], false],
  ];
  for (const [what, packets, doubled] of cases) {
    const { findings } = judge(history(packets));
    const told = findings.filter(({ requirement }) => requirement === 'IM-2-8').map(({ message }) => message);
    t.same(told, doubled ? ['a msg:N of m1 carries another serverMsgId than before'] : [], what);
  }
  const doubled = [sent('r1'), push('7'), push('8'), answer('r1', '7')];
  const { findings } = judge(history(doubled, [...profile.fields, 'device']));
  t.notOk(
    findings.some(({ requirement }) => requirement === 'IM-2-8'),
    'each device may have an id of its own',
  );
});
