import t from 'tap';
import type { AckR, MsgR } from '../../../schemas/index.js';
import type { BroughtPacket } from '../dialect.js';
import { loadVia } from '../load-via.js';
import { FrameReader, type NatsFrame } from './frames.js';
import { readAckSubject, subjectOf, tokenOf, userOf } from './names.js';

const read = (pieces: readonly Uint8Array[]): NatsFrame[] => {
  const reader = new FrameReader();
  const frames: NatsFrame[] = [];
  for (const piece of pieces) {
    reader.push(piece);
    for (let frame = reader.next(); frame; frame = reader.next()) frames.push(frame);
  }
  return frames;
};

t.test('a stream is cut into the same frames wherever it is broken', async (t) => {
  const stream = Buffer.from(
    `INFO {"client_id":7}\r\nPING\r\n+OK\r\n-ERR 'Stale Connection'\r\nMSG a.b 1 5\r\nh\r\ni!\r\nHMSG c 2 r.x 23 26\r\nNATS/1.0\r\nNats-Msg-Id\r\nüx\r\nMSG d 1 0\r\n\r\n`,
  );
  const whole = read([stream]);
  t.same(
    whole.map(({ op }) => op),
    ['info', 'ping', 'ok', 'err', 'msg', 'msg', 'msg'],
  );
  t.match(whole[4], { subject: 'a.b', sid: '1', reply: undefined, headers: '' });
  t.equal(whole[4]?.op === 'msg' && whole[4].payload.toString(), 'h\r\ni!');
  t.match(whole[5], { reply: 'r.x', headers: /^NATS/ });
  t.equal(whole[5]?.op === 'msg' && whole[5].payload.toString(), 'üx');
  for (let cut = 1; cut < stream.length; cut += 1) {
    t.same(read([stream.subarray(0, cut), stream.subarray(cut)]), whole, `cut at ${cut}`);
  }
  t.same(read([...stream].map((byte) => Uint8Array.of(byte))), whole, 'byte by byte');
});

t.test('what no NATS server writes is told, and not taken for a message', async (t) => {
  for (const line of ['HTTP/1.1 400 Bad Request', 'MSG a 1 many', 'HMSG a 1 9 5', 'INFO {', '']) {
    t.match(read([Buffer.from(`${line}\r\n`)]), [{ op: 'unknown', line }], line);
  }
  t.match(read([Buffer.alloc((1 << 20) + 1, 'x')]), [{ op: 'unknown' }], 'a line without an end');
});

t.test('names: every user has a subject of its own', async (t) => {
  for (const user of ['bob', 'a.b', 'a@b.c', 'A_-9']) t.equal(userOf(tokenOf(user)), user);
  t.notMatch(tokenOf('a.b'), /[.*> ]/);
  t.equal(subjectOf('a.b'), 'im-conformance.to.a=2eb');
  const info = { sequence: '41', attempt: 2, acceptedAt: 1795951507267 };
  t.same(readAckSubject('$JS.ACK.S.bob.2.41.7.1795951507267156392.0'), info);
  t.same(readAckSubject('$JS.ACK.hub.ACCOUNT.S.bob.2.41.7.1795951507267156392.0.x'), info);
  for (const other of ['', 'x', '$JS.ACK.S.bob.2', '$JS.ACK.S.bob.a.b.c.d.0'])
    t.equal(readAckSubject(other), undefined);
});

/** A session with everything that it wrote and told. */
const converse = async (via = 'nats') => {
  const dialect = await loadVia(via);
  const written: string[] = [];
  const told: unknown[] = [];
  const packets: BroughtPacket[] = [];
  const memory = new Map<string, unknown>();
  const open = () =>
    dialect.open(
      { user: 'al.ice', device: 'default', token: 'secret' },
      {
        send: (data) => void written.push(Buffer.from(data as Uint8Array).toString()),
        ready: () => void told.push('ready'),
        refused: (status, why) => void told.push([status, why]),
        packet: (packet) => {
          packets.push(packet);
          return 'serverMsgId' in packet ? packet.serverMsgId : undefined;
        },
        unread: (frame, why) => void told.push(['unread', frame, why]),
        closing: (code) => void told.push(code),
        secure: (serverName) => void told.push(['secure', serverName]),
      },
      memory,
    );
  const session = open();
  const say = (text: string) => session.receive(Buffer.from(text));
  const answer = (subject: string, payload: string, head = '') =>
    say(
      head === ''
        ? `MSG _INBOX.im-conformance.7.al=2eice.${subject} 1 ${Buffer.byteLength(payload)}\r\n${payload}\r\n`
        : `HMSG _INBOX.im-conformance.7.al=2eice.${subject} 1 ${head.length} ${head.length + payload.length}\r\n${head}${payload}\r\n`,
    );
  const enter = (info: object = {}) => {
    session.begin();
    say(`INFO ${JSON.stringify({ client_id: 7, jetstream: true, headers: true, ...info })}\r\n`);
    say('PONG\r\n');
    answer('stream', '{"did_create":true}');
    answer('consumer', '{"name":"al=2eice"}');
  };
  return { session, open, written, told, packets, say, answer, enter };
};

const NOBODY = 'NATS/1.0 503\r\n\r\n';
const request: MsgR = { type: 'msg:R', rid: 'r1', msgId: 'm1', to: 'bob', body: 'grüße' };
const push = (sequence: number, ids: string) => {
  const head = `NATS/1.0\r\nNats-Msg-Id: ${ids}\r\n\r\n`;
  return `HMSG im-conformance.to.al=2eice 2 $JS.ACK.S.c.1.${sequence}.1.1795951507267156392.0 ${head.length} ${head.length + 2}\r\n${head}hi\r\n`;
};

t.test('the login makes the stream and the consumer, in the settings that were given', async (t) => {
  const { enter, written, told } = await converse('nats?storage=memory&ack_wait=500ms&duplicate_window=1m');
  enter({ auth_required: true });
  t.same(told, ['ready']);
  t.match(
    written[0],
    /^CONNECT .*"user":"al\.ice","pass":"secret","auth_token":"secret".*\r\nSUB .*\r\nSUB .*\r\nPING\r\n$/s,
  );
  t.match(written[1], /STREAM\.CREATE.*"storage":"memory","duplicate_window":60000000000/s);
  t.match(written[2], /CONSUMER\.DURABLE\.CREATE.*"ack_policy":"explicit".*"ack_wait":500000000/s);
});

t.test('a server that does not let in says why', async (t) => {
  const cases: [string, (one: Awaited<ReturnType<typeof converse>>) => void, unknown[]][] = [
    ['no JetStream', ({ enter }) => enter({ jetstream: false }), [503, /without JetStream: start it with -js/]],
    ['TLS', ({ enter }) => enter({ tls_required: true }), [503, /TLS/]],
    ['a wrong password', ({ say }) => say("-ERR 'Authorization Violation'\r\n"), [401, /Authorization Violation/]],
    [
      'another stream',
      ({ say, answer }) => {
        say('INFO {"client_id":7,"jetstream":true}\r\nPONG\r\n');
        answer('stream', '{"error":{"code":400,"err_code":10058,"description":"stream name already in use"}}');
      },
      [400, /the stream cannot be made: stream name already in use/],
    ],
    [
      'JetStream still starts',
      ({ say, answer }) => {
        say('INFO {"client_id":7,"jetstream":true}\r\nPONG\r\n');
        answer('stream', '', NOBODY);
      },
      [503, /JetStream does not answer/],
    ],
  ];
  for (const [name, play, expected] of cases) {
    const one = await converse();
    play(one);
    t.match(one.told[0], expected, name);
    t.notOk(one.told.includes('ready'), name);
  }
});

t.test('messages, their answers, pushes and acks', async (t) => {
  const { session, enter, written, packets, answer, say, told, open } = await converse();
  enter();
  written.length = 0;
  t.equal(session.send(request, {}), undefined);
  t.equal(
    written[0],
    'HPUB im-conformance.to.bob _INBOX.im-conformance.7.al=2eice.msg.r1 36 43\r\nNATS/1.0\r\nNats-Msg-Id: al.ice:m1\r\n\r\ngrüße\r\n',
  );
  answer('msg.r1', '{"stream":"S", "seq":41}');
  answer('msg.r2', '{"stream":"S", "seq":41,"duplicate": true}');
  answer('msg.r3', '{"error":{"code":503,"description":"no space"},"stream":"S","seq":0}');
  answer('msg.r4', '', NOBODY);
  say(push(41, 'bob:m7'));
  t.match(packets, [
    { type: 'msg:A', rid: 'r1', status: 'accepted', serverMsgId: '41' },
    { type: 'msg:A', rid: 'r2', status: 'duplicate', serverMsgId: '41' },
    { type: 'msg:A', rid: 'r3', status: 'rejected', error: { code: 'internal', message: 'no space' } },
    { type: 'msg:A', rid: 'r4', status: 'rejected', error: { code: 'busy' } },
    { type: 'msg:N', from: 'bob', msgId: 'm7', to: 'al.ice', body: 'hi', serverMsgId: '41', acceptedAt: 1795951507267 },
  ]);
  const ack: AckR = { type: 'ack:R', rid: 'r5', serverMsgId: '41' };
  t.equal(session.send(ack, {}), undefined);
  t.match(written.at(-1), /^PUB \$JS\.ACK\.S\.c\.1\.41\S+ \S+\.ack\.r5 4\r\n\+ACK\r\n$/);
  answer('ack.r6', '', NOBODY);
  answer('ack.r5', '');
  t.match(packets.slice(5), [{ type: 'ack:A', rid: 'r5', status: 'ok' }], 'nobody is no answer');
  t.equal(open().send(ack, {}), undefined, 'a later connection can ack what an earlier one got');
  say('PING\r\n');
  t.equal(written.at(-1), 'PONG\r\n');
  say("-ERR 'Slow Consumer'\r\n");
  t.same(told, ['ready'], 'an end that is announced is told by the end');
});

t.test('what NATS cannot say is said before anything is written; what nobody asked for is no silence', async (t) => {
  const { session, enter, written, told, say, answer } = await converse();
  enter({ max_payload: 100 });
  written.length = 0;
  const cases: [MsgR | AckR, RegExp][] = [
    [{ ...request, ttlMs: 5 }, /lifetime/],
    [{ ...request, urgent: true } as MsgR, /the field urgent/],
    [{ ...request, body: 'x'.repeat(100) }, /max_payload \(100 bytes\)/],
    [{ type: 'ack:R', rid: 'r1', serverMsgId: '9' }, /not pushed to this user/],
  ];
  for (const [packet, cannot] of cases) t.match(session.send(packet, {}), { cannot });
  t.same(written, []);
  answer('msg.r1', 'nonsense');
  answer('other', '{}');
  say("-ERR 'Unknown Protocol Operation'\r\n");
  say('MSG im-conformance.to.al=2eice 2 2\r\nhi\r\n');
  say(push(1, 'nobody'));
  t.equal(told.filter((one) => Array.isArray(one) && one[0] === 'unread').length, 5);
});

t.test('settings that there are not', async (t) => {
  const cases: [string, RegExp][] = [
    ['kafka', /no protocol "kafka" built in/],
    ['nats?ack_wait=5', /ack_wait=5 is no time/],
    ['nats?ack_wait=0s', /is no time/],
    ['nats?storage=tape', /no storage "tape"/],
    ['nats?replicas=3', /no setting "replicas"/],
  ];
  for (const [via, message] of cases) await t.rejects(loadVia(via), { code: 'usage', message }, via);
});
