import t from 'tap';
import type { AckR, MsgR } from '../../../schemas/index.js';
import type { BroughtPacket } from '../dialect.js';
import { loadVia } from '../load-via.js';
import { contentFrames, FrameReader, METHOD, methodFrame, Writer } from './wire.js';

const QUEUE = 'im-conformance.';

/** A session, everything that it wrote as methods, and what it told. */
const converse = async (via = 'amqp') => {
  const dialect = await loadVia(via);
  const memory = new Map<string, unknown>();
  const connect = () => {
    const written: { channel: number; method: number; body?: string }[] = [];
    const told: unknown[] = [];
    const packets: BroughtPacket[] = [];
    const reader = new FrameReader();
    const session = dialect.open(
      { user: 'alice', device: 'default', token: 'secret' },
      {
        send: (data) => {
          if (String(data).startsWith('AMQP')) return;
          for (const { channel, method } of reader.push(Buffer.from(data as Uint8Array)))
            written.push({ channel, method });
        },
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
    const say = (channel: number, method: number, writer = new Writer(), content: Uint8Array = new Uint8Array()) =>
      session.receive(Buffer.concat([methodFrame(channel, method, writer), content]));
    const enter = () => {
      session.begin();
      say(0, METHOD.start);
      say(0, METHOD.tune, new Writer().short(0).long(4_096).short(60));
      say(0, METHOD.openOk);
      say(1, METHOD.channelOpenOk);
      say(2, METHOD.channelOpenOk);
      say(1, METHOD.selectOk);
      say(2, METHOD.declareOk);
      say(2, METHOD.consumeOk);
    };
    const deliver = (tag: number, body: string, ids = { messageId: 'm7', from: 'bob' }) =>
      say(
        2,
        METHOD.deliver,
        new Writer().shortText('c').longlong(tag).byte(0).shortText('').shortText(`${QUEUE}alice`),
        contentFrames(2, Buffer.from(body), ids, 4_096),
      );
    return { session, written, told, packets, say, enter, deliver };
  };
  return { ...connect(), connect };
};

const request = (msgId: string, rid = `r-${msgId}`, body = 'grüße'): MsgR => ({
  ...{ type: 'msg:R', rid, msgId, to: 'bob', body },
});
const confirm = (tag: number, all = false): Writer => new Writer().longlong(tag).byte(all ? 1 : 0);

t.test('the login makes the queue; messages, confirms, deliveries and acks', async (t) => {
  const { session, written, told, packets, say, enter, deliver } = await converse();
  enter();
  t.same(told, ['ready']);
  t.same(
    written.map(({ method }) => method),
    [
      ...[METHOD.startOk, METHOD.tuneOk, METHOD.open, METHOD.channelOpen, METHOD.channelOpen],
      ...[METHOD.select, METHOD.declare, METHOD.consume],
    ],
  );
  for (const id of ['m1', 'm2', 'm3']) t.equal(session.send(request(id), {}), undefined);
  say(1, METHOD.ack, confirm(2, true));
  say(1, METHOD.nack, confirm(3));
  t.match(packets, [
    { type: 'msg:A', rid: 'r-m1', status: 'stored' },
    { type: 'msg:A', rid: 'r-m2', status: 'stored' },
    { type: 'msg:A', rid: 'r-m3', status: 'rejected', error: { code: 'internal' } },
  ]);
  // More than a frame, and cut anywhere.
  const long = 'ö'.repeat(5_000);
  deliver(5, long);
  t.match(packets.at(-1), { type: 'msg:N', from: 'bob', msgId: 'm7', to: 'alice', body: long, serverMsgId: 'bob/m7' });
  const ack: AckR = { type: 'ack:R', rid: 'r9', serverMsgId: 'bob/m7' };
  t.equal(session.send(ack, {}), undefined);
  t.match(written.at(-1), { channel: 2, method: METHOD.ack });
  t.match(session.send(ack, {}), { cannot: /not waiting for an ack/ });
});

t.test('a message that no queue takes is refused, by its return', async (t) => {
  const { session, packets, say, enter } = await converse();
  enter();
  session.send(request('m1'), {});
  const back = new Writer().short(312).shortText('NO_ROUTE').shortText('').shortText(`${QUEUE}bob`);
  say(1, METHOD.return, back, contentFrames(1, Buffer.from('x'), { messageId: 'm1', from: 'alice' }, 4_096));
  say(1, METHOD.ack, confirm(1));
  t.match(packets, [{ type: 'msg:A', status: 'rejected', error: { code: 'unknown-recipient' } }]);
});

t.test('with a fence an ack is answered by what comes behind it', async (t) => {
  const { session, written, packets, say, enter, deliver } = await converse('amqp?fence=on');
  enter();
  deliver(1, 'hi');
  session.send({ type: 'ack:R', rid: 'r1', serverMsgId: 'bob/m7' }, {});
  t.same(
    written.slice(-2).map(({ method }) => method),
    [METHOD.ack, METHOD.declare],
  );
  t.equal(packets.length, 1);
  say(2, METHOD.declareOk);
  t.match(packets[1], { type: 'ack:A', rid: 'r1', status: 'ok' });
});

t.test('what AMQP cannot say, and who is not let in', async (t) => {
  const { session, say, told, enter, connect } = await converse();
  enter();
  session.send(request('m1'), {});
  const cases: [MsgR, RegExp][] = [
    [{ ...request('m2'), ttlMs: 5 }, /lifetime/],
    [{ ...request('m2'), urgent: true } as MsgR, /the field urgent/],
    [{ ...request('m2'), to: 'x'.repeat(250) }, /255 bytes/],
    [request('m1', 'r2'), /another message/],
  ];
  for (const [packet, cannot] of cases) t.match(session.send(packet, {}), { cannot });
  say(1, METHOD.ack, confirm(1));
  t.match(connect().session.send(request('m1'), {}), { cannot: /another message/ });
  const close = (code: number, why: string) => new Writer().short(code).shortText(why).short(0).short(0);
  say(0, METHOD.close, close(320, 'CONNECTION_FORCED'));
  t.match(told.slice(1), [1001, [503, 'CONNECTION_FORCED']]);
  const other = connect();
  other.session.begin();
  other.say(0, METHOD.start);
  other.say(0, METHOD.close, close(403, 'ACCESS_REFUSED'));
  t.same(other.told, [[401, 'ACCESS_REFUSED']]);
  other.session.receive(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'));
  t.match(other.told.at(-1), ['unread', /no AMQP frame/, /AMQP 0-9-1/]);
});

t.test('what breaks the rules is told once, and nothing behind it is read', async (t) => {
  const frame = (type: number, payload: Uint8Array, announced = payload.byteLength): Buffer => {
    const head = Buffer.from([type, 0, 2, 0, 0, 0, 0]);
    head.writeUInt32BE(announced, 3);
    return Buffer.concat([head, payload, Buffer.from([0xce])]);
  };
  const deliver = methodFrame(2, METHOD.deliver);
  const headerOf = (size: number) => frame(2, new Writer().short(60).short(0).longlong(size).short(0).bytes());
  const body = (bytes: number) => frame(3, Buffer.alloc(bytes));
  const cases: [string, RegExp, ...Buffer[]][] = [
    ['a frame that is longer than agreed', /4097 bytes, where 4096/, deliver, headerOf(5_000), body(4_089)],
    ['one that only says so', /where 4096/, frame(1, Buffer.alloc(0), 0xffff_ffff)],
    ['a message without bound', /a message of \d+ bytes/, deliver, headerOf(2 ** 40)],
    ['a body before its header', /belongs to no message/, deliver, body(10)],
    ['a second header', /belongs to no message/, deliver, headerOf(10), headerOf(20)],
    ['a body that is longer than announced', /11 bytes, where 10/, deliver, headerOf(10), body(11)],
    ['arguments that end too early', /too short/, methodFrame(1, METHOD.ack, new Writer().byte(0))],
    ['a text that ends too early', /too short/, methodFrame(0, METHOD.close, new Writer().short(320).byte(9))],
    ['a method without a number', /too short/, frame(1, Buffer.from([0]))],
    [
      'a frame-max below the least',
      /frame-max of 8/,
      methodFrame(0, METHOD.tune, new Writer().short(0).long(8).short(0)),
    ],
  ];
  for (const [what, why, ...bytes] of cases) {
    const { session, told, packets, enter, deliver: push } = await converse();
    enter();
    session.receive(Buffer.concat(bytes));
    t.match(told.slice(1), [['unread', why, /AMQP 0-9-1/]], what);
    push(1, 'hi');
    session.receive(Buffer.from('HTTP/1.1'));
    t.same([told.length, packets.length], [2, 0], `${what}: the rest is not read`);
  }
});

t.test('an exception of the kit is no accusation of the broker', async (t) => {
  const { told, packets, enter, deliver } = await converse();
  enter();
  packets.push = () => {
    throw new RangeError('a fault of the kit');
  };
  t.throws(() => deliver(1, 'hi'), { message: 'a fault of the kit' });
  t.same(told, ['ready']);
});

t.test('settings that there are not', async (t) => {
  for (const via of ['amqp?queue=lazy', 'amqp?fence=yes', 'amqp?login=guest', 'amqp?vhost=x'])
    await t.rejects(loadVia(via), { code: 'usage', message: /no setting/ }, via);
  t.notMatch((await loadVia('amqp?login=me:secret')).name, /secret/, 'a password is not shown');
});
