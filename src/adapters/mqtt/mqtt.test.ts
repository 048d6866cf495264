import { tmpdir } from 'node:os';
import t from 'tap';
import type { AckR, MsgR } from '../../../schemas/index.js';
import type { BroughtPacket } from '../dialect.js';
import { loadVia } from '../load-via.js';
import { loadMqttCodec, type MqttPacket } from './codec.js';

const codec = loadMqttCodec();

/** Sessions of one user, with everything that the last one wrote and told. */
const converse = async (via = 'mqtt') => {
  const dialect = await loadVia(via);
  const protocolVersion = via.includes('version=5') ? 5 : 4;
  const memory = new Map<string, unknown>();
  let connections = 0;
  const connect = () => {
    const isFirst = ++connections === 1;
    const written: MqttPacket[] = [];
    const told: unknown[] = [];
    const packets: BroughtPacket[] = [];
    const reader = codec.parser({ protocolVersion });
    reader.on('packet', (packet) => void written.push(packet));
    const session = dialect.open(
      { user: 'alice', device: 'default', token: 'secret' },
      {
        send: (data) => void reader.parse(Buffer.from(data as Uint8Array)),
        ready: () => void told.push('ready'),
        refused: (status, why) => void told.push([status, why]),
        packet: (packet) => {
          packets.push(packet);
          return undefined;
        },
        unread: (frame, why) => void told.push(['unread', frame, why]),
        closing: (code) => void told.push(code),
        secure: (serverName) => void told.push(['secure', serverName]),
      },
      memory,
    );
    const say = (packet: MqttPacket) => session.receive(codec.generate(packet, { protocolVersion }));
    const enter = (properties = {}, sessionPresent = !isFirst) => {
      session.begin();
      say({ cmd: 'connack', returnCode: 0, reasonCode: 0, sessionPresent, properties });
      say({ cmd: 'suback', messageId: 65_535, granted: [2] });
    };
    return { session, written, told, packets, say, enter };
  };
  return { ...connect(), connect };
};

const request = (msgId: string, rid = `r-${msgId}`): MsgR => ({ type: 'msg:R', rid, msgId, to: 'bob', body: 'grüße' });
const envelope = JSON.stringify({ id: 'm7', from: 'bob', body: 'hi' });
const push = (messageId: number, qos: number): MqttPacket => ({
  ...{ cmd: 'publish', topic: 'im-conformance/to/alice', payload: envelope, dup: false, retain: false },
  ...{ messageId, qos },
});

t.test('QoS 2: the answer is the PUBCOMP, and the ack is answered by the PUBREL', async (t) => {
  const { session, written, told, packets, say, enter } = await converse();
  enter();
  t.same(told, ['ready']);
  t.match(written, [
    { cmd: 'connect', clientId: 'im-conformance-alice', clean: false, username: 'alice' },
    { cmd: 'subscribe', subscriptions: [{ topic: 'im-conformance/to/alice', qos: 2 }] },
  ]);
  t.equal(session.send(request('m1'), {}), undefined);
  t.match(written.at(-1), { cmd: 'publish', topic: 'im-conformance/to/bob', qos: 2, dup: false, messageId: 1 });
  say({ cmd: 'pubrec', messageId: 1 });
  t.same(packets, [], 'PUBREC is not the end');
  t.match(written.at(-1), { cmd: 'pubrel', messageId: 1 });
  say({ cmd: 'pubcomp', messageId: 1 });
  say(push(9, 2));
  const serverMsgId = 'bob/m7/9';
  t.equal(session.send({ type: 'ack:R', rid: 'r2', serverMsgId }, {}), undefined);
  t.match(written.at(-1), { cmd: 'pubrec', messageId: 9 });
  say({ cmd: 'pubrel', messageId: 9 });
  t.match(written.at(-1), { cmd: 'pubcomp', messageId: 9 });
  t.match(packets, [
    { type: 'msg:A', rid: 'r-m1', status: 'stored' },
    { type: 'msg:N', from: 'bob', msgId: 'm7', to: 'alice', body: 'hi', serverMsgId },
    { type: 'ack:A', rid: 'r2', serverMsgId, status: 'ok' },
  ]);
});

t.test(
  'QoS 2: the answer to an ack may come on the next connection; then it answers the ack that is said again',
  async (t) => {
    const first = await converse();
    first.enter();
    first.say(push(9, 2));
    const ack: AckR = { type: 'ack:R', rid: 'r1', serverMsgId: 'bob/m7/9' };
    t.equal(first.session.send(ack, {}), undefined);
    const next = first.connect();
    next.enter();
    t.match(next.session.send(ack, {}), { cannot: /not waiting for an ack/ }, 'nothing has come yet');
    next.say({ cmd: 'pubrel', messageId: 9 });
    t.match(next.written.at(-1), { cmd: 'pubcomp', messageId: 9 });
    t.same(next.packets, []);
    t.equal(next.session.send({ ...ack, rid: 'r5' }, {}), undefined);
    t.same(next.packets, [], 'an answer follows its request');
    await Promise.resolve();
    t.match(next.packets, [{ type: 'ack:A', rid: 'r5', status: 'ok' }]);
    t.match(next.session.send(ack, {}), { cannot: /not waiting for an ack/ }, 'once');
  },
);

t.test('what was not answered is repeated on the next connection, with its packet id and from its state', async (t) => {
  const first = await converse();
  first.enter();
  first.session.send(request('m1'), {});
  first.session.send(request('m2'), {});
  first.say({ cmd: 'pubrec', messageId: 2 });
  const { session, written, packets, say, enter } = first.connect();
  enter();
  session.send(request('m1', 'again-1'), {});
  session.send(request('m2', 'again-2'), {});
  t.match(written.slice(2), [
    { cmd: 'publish', messageId: 1, dup: true },
    { cmd: 'pubrel', messageId: 2 },
  ]);
  say({ cmd: 'pubcomp', messageId: 2 });
  t.match(packets, [{ type: 'msg:A', rid: 'again-2', status: 'stored' }]);
  const cases: [MsgR | AckR, RegExp][] = [
    [request('m2'), /was answered: it would be another message/],
    [request('m1'), /twice on one connection/],
    [{ ...request('m3'), ttlMs: 5 }, /lifetime/],
    [{ type: 'ack:R', rid: 'r9', serverMsgId: 'bob/m7/3' }, /not waiting for an ack/],
  ];
  const before = written.length;
  for (const [packet, cannot] of cases) t.match(session.send(packet, {}), { cannot });
  t.equal(written.length, before, 'nothing was written');
});

t.test('a broker that has lost the session gets whole what had no final answer', async (t) => {
  for (const via of ['mqtt', 'mqtt?version=5']) {
    const first = await converse(via);
    first.enter();
    for (const id of ['m1', 'm2', 'm3']) first.session.send(request(id), {});
    first.say({ cmd: 'pubrec', messageId: 2 });
    first.say({ cmd: 'pubrec', messageId: 3 });
    first.say({ cmd: 'pubcomp', messageId: 3 });
    first.say(push(9, 2));
    first.session.send({ type: 'ack:R', rid: 'r9', serverMsgId: 'bob/m7/9' }, {});
    const { session, written, packets, say, enter } = first.connect();
    enter({}, false);
    session.send(request('m1', 'again-1'), {});
    session.send(request('m2', 'again-2'), {});
    t.match(
      written.slice(2),
      [
        { cmd: 'publish', messageId: 1 },
        {
          cmd: 'publish',
          messageId: 2,
          payload: Buffer.from(JSON.stringify({ id: 'm2', from: 'alice', body: 'grüße' })),
        },
      ],
      `${via}: a PUBREL alone releases nothing`,
    );
    t.match(session.send(request('m3'), {}), { cannot: /was answered/ }, 'a final answer stays one');
    // Of another session: it answers no ack that was said in the old one.
    say({ cmd: 'pubrel', messageId: 9 });
    t.match(session.send({ type: 'ack:R', rid: 'r10', serverMsgId: 'bob/m7/9' }, {}), { cannot: /not waiting/ });
    t.same(packets, []);
  }
});

t.test('QoS 2 with MQTT 5: which reasons end an exchange, and how', async (t) => {
  const { session, written, packets, say, enter, connect } = await converse('mqtt?version=5');
  enter();
  for (const id of ['m1', 'm2', 'm3', 'm4', 'm5']) session.send(request(id), {});
  say({ cmd: 'pubrec', messageId: 1, reasonCode: 16 });
  t.match(written.at(-1), { cmd: 'pubrel', messageId: 1 }, 'that nobody has subscribed is no error');
  t.same(packets, [], 'nor the end');
  say({ cmd: 'pubcomp', messageId: 1, reasonCode: 0 });
  const lines = written.length;
  say({ cmd: 'pubrec', messageId: 2, reasonCode: 151 });
  t.equal(written.length, lines, 'what was refused is not released');
  say({ cmd: 'pubrec', messageId: 3, reasonCode: 0 });
  say({ cmd: 'pubcomp', messageId: 3, reasonCode: 146 });
  say({ cmd: 'pubrec', messageId: 4, reasonCode: 0 });
  say({ cmd: 'pubrec', messageId: 5, reasonCode: 16 });
  const next = connect();
  next.enter();
  for (const id of ['m4', 'm5']) next.session.send(request(id), {});
  for (const messageId of [4, 5]) next.say({ cmd: 'pubcomp', messageId, reasonCode: 146 });
  t.match(
    [...packets, ...next.packets],
    [
      { rid: 'r-m1', status: 'rejected', error: { code: 'unknown-recipient', message: 'reason 16' } },
      { rid: 'r-m2', status: 'rejected', error: { code: 'internal', message: 'reason 151' } },
      { rid: 'r-m3', status: 'rejected', error: { code: 'internal', message: 'reason 146' } },
      { rid: 'r-m4', status: 'stored' },
      { rid: 'r-m5', status: 'rejected', error: { code: 'unknown-recipient' } },
    ],
    'after a PUBREL that was repeated, an id that is not found was complete',
  );
});

t.test('QoS 1 with MQTT 5: reasons, the room of the broker, and why a connection ends', async (t) => {
  const { session, written, told, packets, say, enter } = await converse('mqtt?version=5&qos=1');
  enter({ receiveMaximum: 1 });
  session.send(request('m1'), {});
  session.send(request('m2'), {});
  t.equal(written.filter(({ cmd }) => cmd === 'publish').length, 1, 'the second one waits for room');
  say({ cmd: 'puback', messageId: 1, reasonCode: 0 });
  t.equal(written.filter(({ cmd }) => cmd === 'publish').length, 2);
  say({ cmd: 'puback', messageId: 2, reasonCode: 16 });
  say(push(9, 1));
  t.match(packets, [
    { type: 'msg:A', rid: 'r-m1', status: 'stored' },
    { type: 'msg:A', rid: 'r-m2', status: 'rejected', error: { code: 'unknown-recipient' } },
    { type: 'msg:N', msgId: 'm7', serverMsgId: 'bob/m7' },
  ]);
  session.send({ type: 'ack:R', rid: 'r3', serverMsgId: 'bob/m7' }, {});
  t.match(written.at(-1), { cmd: 'puback', messageId: 9 });
  say({ cmd: 'disconnect', reasonCode: 142 });
  say(push(10, 0));
  t.match(told, ['ready', 4409, ['unread', String, /with QoS 1/]]);
});

t.test('who is not let in, what is not set, and what is not installed', async (t) => {
  const { session, say, told } = await converse();
  session.begin();
  say({ cmd: 'connack', returnCode: 5, sessionPresent: false });
  t.match(told, [[401, 'CONNACK 5']]);
  for (const via of ['mqtt?version=3.1', 'mqtt?qos=0', 'mqtt?clean=true', 'mqtt?max_inflight=5'])
    await t.rejects(loadVia(via), { code: 'usage', message: /no setting/ }, via);
  t.throws(() => loadMqttCodec(tmpdir()), { code: 'usage', remedy: /npm install --save-dev mqtt-packet/ });
});

t.test('a broker that grants less than a fair test needs lets nobody in; what it grants is kept to', async (t) => {
  const cases: [what: string, via: string, connack: object, granted: number, told: [number, RegExp]][] = [
    ['no subscription', 'mqtt', {}, 128, [503, /refuses the subscription/]],
    ['not for this user', 'mqtt?version=5', {}, 135, [401, /SUBACK 135/]],
    ['a lower QoS', 'mqtt', {}, 1, [503, /QoS 1: use --via "mqtt\?qos=1"/]],
    ['none at all', 'mqtt?qos=1', {}, 0, [503, /no more than QoS 0$/]],
    ['a lower QoS for all', 'mqtt?version=5', { properties: { maximumQoS: 1 } }, 2, [503, /no more than QoS 1/]],
  ];
  for (const [what, via, connack, granted, refusal] of cases) {
    const { session, say, told } = await converse(via);
    session.begin();
    say({ cmd: 'connack', returnCode: 0, reasonCode: 0, sessionPresent: false, ...connack });
    if (told.length === 0) say({ cmd: 'suback', messageId: 65_535, granted: [granted] });
    t.match(told, [refusal], what);
  }
  const { session, written, enter } = await converse('mqtt?version=5');
  t.equal(session.beat?.everyMs, 30_000);
  enter({ serverKeepAlive: 10, maximumPacketSize: 200 });
  t.equal(session.beat?.everyMs, 5_000, 'the broker decides how often it wants to hear of its client');
  const before = written.length;
  t.match(session.send({ ...request('m1'), body: 'x'.repeat(200) }, {}), { cannot: /more than 200 bytes/ });
  t.equal(written.length, before, 'nothing was written');
  t.equal(session.send(request('m1'), {}), undefined, 'nor counts it as sent');
});
