import t from 'tap';
import type { DialectFile } from '../../../schemas/index.js';
import { KitError } from '../../errors.js';
import type { BroughtPacket, Session, Wire } from '../dialect.js';
import { exampleReadings } from './examples.js';
import { codecOf } from './frames.js';
import { dialectOf, parseMapping } from './index.js';
import { profileOf } from './profile-of.js';
import { fill, match } from './template.js';

t.test('holes are filled, and read back', async (t) => {
  const cases: [template: unknown, values: Record<string, unknown>, frame: unknown][] = [
    ['{x}', { x: 'a' }, 'a'],
    ['{x:int}', { x: '7' }, 7],
    ['{x:int}', { x: '123456789012345678901' }, '\u0000int:123456789012345678901'],
    ['{x:iso}', { x: 1795305600000 }, '2026-11-22T00:00:00.000Z'],
    ['{x:sec}', { x: 1500 }, 1.5],
    ['{x:b64}', { x: 'héllo' }, 'aMOpbGxv'],
    ['{x:json}', { x: 'a"b' }, '"a\\"b"'],
    ['{x:any}', { x: [1] }, [1]],
    ['{topic}_{n:int}', { topic: 'room', n: '12' }, 'room_12'],
    [{ a: '{x}', b: '{y?}' }, { x: '1' }, { a: '1' }],
    [{ a: { $json: { body: '{x}' } } }, { x: 'hi' }, { a: '{"body":"hi"}' }],
    [['send', { k: '{x}' }], { x: '1' }, ['send', { k: '1' }]],
  ];
  for (const [template, values, frame] of cases) {
    const name = JSON.stringify(template);
    t.same(fill(template, values, {}), frame, `${name} is filled`);
    t.same(match(template, frame, {}), { ok: true, captured: values }, `${name} is read`);
  }
});

t.test('what fits, and where it does not', async (t) => {
  const tables = { codes: { conflict: 'id-conflict', '*': 'internal' } };
  const fits: [template: unknown, frame: unknown, captured: Record<string, unknown>][] = [
    [{ a: 1 }, { a: 1, b: 2 }, {}],
    [{ a: '{_}' }, { a: { any: 'thing' } }, {}],
    [{ a: '{c|codes}' }, { a: 'conflict' }, { c: 'id-conflict' }],
    [{ a: '{c|codes}' }, { a: 'odd' }, { c: 'internal' }],
    [{ a: '{x?}' }, { a: null }, {}],
    [['a', '{x?}'], ['a'], {}],
  ];
  for (const [template, frame, captured] of fits) {
    t.same(match(template, frame, tables), { ok: true, captured }, JSON.stringify(template));
  }
  const misses: [template: unknown, frame: unknown, path: string, expected: RegExp][] = [
    [{ a: 1 }, {}, 'a', /^1$/],
    [{ a: { b: 'x' } }, { a: { b: 'y' } }, 'a.b', /"x"/],
    [{ a: '{x:int}' }, { a: '7' }, 'a', /\{x:int\}/],
    [{ a: '{x}' }, { a: 7 }, 'a', /\{x\}/],
    [['a', 'b'], ['a'], '', /a list of 2/],
    [{ a: '{x}', b: '{x}' }, { a: '1', b: '2' }, 'b', /\{x\}/],
    [{ a: { $json: {} } }, { a: 'no' }, 'a', /JSON in a text/],
  ];
  for (const [template, frame, path, expected] of misses) {
    t.match(match(template, frame, tables), { ok: false, path, expected }, JSON.stringify(template));
  }
});

t.test('frames: cut, read, and written as they were', async (t) => {
  const cases: [name: DialectFile['frames'], wire: string, value: unknown][] = [
    ['json', '{"a":1}', { a: 1 }],
    [
      'json',
      '{"a":9007199254740993,"b":"9007199254740993"}',
      { a: '\u0000int:9007199254740993', b: '9007199254740993' },
    ],
    ['json', '{"a":0.30000000000000004,"b":-1234.5678901234567}', { a: 0.1 + 0.2, b: -1234.5678901234567 }],
    ['json-lines', '{"a":1}\n', { a: 1 }],
    ['json-records', '{"a":1}\u001e', { a: 1 }],
    ['socket.io', '2', { eio: '2' }],
    ['socket.io', '40{"token":"x"}', { eio: '4', sio: '0', data: { token: 'x' } }],
    ['socket.io', '42/room,17["send",{}]', { eio: '4', sio: '2', nsp: '/room', id: 17, data: ['send', {}] }],
    ['socket.io', '43[]', { eio: '4', sio: '3', data: [] }],
    ['stomp', 'SEND\na:x\\cy\n\nbody\0', { command: 'SEND', headers: { a: 'x:y' }, body: 'body' }],
    [
      'stomp',
      'SEND\ncontent-length:5\n\né\0é\0',
      { command: 'SEND', headers: { 'content-length': '5' }, body: 'é\0é' },
    ],
    ['stomp', 'CONNECT\nhost:a:b\n\n\0', { command: 'CONNECT', headers: { host: 'a:b' }, body: '' }],
  ];
  for (const [name, wire, value] of cases) {
    const codec = codecOf(name);
    t.match(codec.decode(wire), [{ value }], `${name}: ${JSON.stringify(wire)}`);
    t.equal(codec.encode(value), wire, `${name} writes it so`);
  }
  // Over TCP a stream is cut anywhere, also within a character.
  for (const [name, wire] of [
    ['json-lines', '{"a":"é"}\n{"b":2}\n'],
    ['stomp', 'A\n\né\0\n\nB\nx:1\n\n\0'],
  ] as const) {
    const codec = codecOf(name);
    const pieces = [...Buffer.from(wire)].flatMap((byte) => codec.decode(Uint8Array.of(byte)));
    t.equal(pieces.length, 2, `${name} byte by byte`);
    t.match(JSON.stringify(pieces[0]), /é/);
  }
  for (const [name, wire] of [
    ['json', 'no'],
    ['socket.io', '4x'],
    ['socket.io', '451-["a"]'],
    ['stomp', 'x\0'],
    ['stomp', 'A\ncontent-length:1\n\nab\0'],
  ] as const) {
    t.match(codecOf(name).decode(wire), [{ broken: String }], `${name}: ${wire} is none`);
  }
});

const GOOD = `frames: json
send:
  msg:R: { to: '{to}', text: '{body}', key: '{msgId}' }
receive:
  - { when: { key: '{msgId}', ok: true }, is: msg:A }
  - { when: { from: '{from}', text: '{body}', key: '{msgId}' }, is: msg:N }
`;

t.test('a wrong mapping is told with its line and a remedy', async (t) => {
  t.ok(parseMapping(GOOD, 'good.yaml'));
  const cases: [name: string, text: string, message: RegExp][] = [
    ['bad YAML', 'frames: [', /^x\.yaml:\d+: /],
    ['unknown member', `${GOOD}framse: json\n`, /^x\.yaml:7: framse is not known here/],
    ['unknown frames', GOOD.replace('frames: json', 'frames: xml'), /^x\.yaml:1: frames must be one of/],
    ['no such form', GOOD.replace('{msgId}', '{msgId:number}'), /^x\.yaml:3: .*there is no form "number"/],
    ['no such form in a push', GOOD.replace("key: '{msgId}' }, is", "key: '{msgId:number}' }, is"), /^x\.yaml:6: /],
    ['a hole without its end', GOOD.replace("'{msgId}'", "'{msgId'"), /^x\.yaml:3: "\{msgId": \{msgId is no hole/],
    ['a hole with spaces', GOOD.replace("'{body}'", "'{ body }'"), /^x\.yaml:3: .*\{ body \} is no hole/],
    ['no such close code', `${GOOD}closes: { abc: 4409 }\n`, /^x\.yaml:7: closes/],
    ['a close code that means nothing here', `${GOOD}closes: { 4000: 4000 }\n`, /^x\.yaml:7: closes/],
    ['no such table', GOOD.replace('ok: true', "ok: '{s|states}'"), /^x\.yaml:5: there is no table "states"/],
    ['nothing for a hole', GOOD.replace('{msgId}', '{key}'), /^x\.yaml:3: nothing ever stands for \{key\}/],
    ['no receiver', GOOD.replace("to: '{to}', ", ''), /^x\.yaml:3: it does not say \{to\}/],
    ['no push', GOOD.replace('is: msg:N', 'is: ack:N'), /^x\.yaml:5: no rule is msg:N/],
    [
      'a push without text',
      GOOD.replace("text: '{body}', key: '{msgId}' }, is", "key: '{msgId}' }, is"),
      /^x\.yaml:6: a push captures no \{body\}/,
    ],
    [
      'no such status',
      GOOD.replace('is: msg:A', 'is: msg:A, with: { status: okay }'),
      /^x\.yaml:5: no msg:A has the status "okay"/,
    ],
    [
      'no such member',
      GOOD.replace('is: msg:A', 'is: msg:A, with: { state: x }'),
      /^x\.yaml:5: a msg:A has no member state/,
    ],
    ['ackBy of nothing', `${GOOD}ackBy: tag\n`, /^x\.yaml:7: no rule of msg:N captures \{tag\}/],
  ];
  for (const [name, text, message] of cases) {
    t.throws(() => parseMapping(text, 'x.yaml'), { name: 'KitError', code: 'usage', message, remedy: /./ }, name);
  }
  t.throws(() => parseMapping('frames: [', 'x.yaml'), KitError);
  const query = GOOD.replace('send:', "leave: { query: 'mutation { leave { ok } }' }\nsend:");
  t.ok(parseMapping(query, 'x.yaml'), 'braces of the protocol itself are left alone');
});

t.test('the profile says what the frames bring, and no more', async (t) => {
  const profile = (change: (text: string) => string = (text) => text) =>
    profileOf(parseMapping(change(GOOD), 'x.yaml'));
  t.same(profile(), {
    packets: ['msg:R', 'msg:A', 'msg:N'],
    fields: ['msg:R.msgId', 'msg:N.msgId', 'msg:N.from'],
  });
  const cases: [added: string, field: string][] = [
    ["url: '?u={token}&d={device}'", 'device'],
    ['promises: [push-on-resend]', 'push-on-resend'],
    ['closes: { 4000: 4409 }', 'close.4409'],
  ];
  for (const [added, field] of cases)
    t.ok(profile((text) => `${text}${added}\n`).fields.includes(field as never), field);
  const rules: [rule: string, fields: string[]][] = [
    ["{ when: { s: '{status}', key: '{msgId}' }, is: ack:N }", ['ack:N.stored', 'ack:N.delivered']],
    ["{ when: { s: '{status|t}', key: '{msgId}' }, is: ack:N }", ['ack:N.delivered']],
    ["{ when: { again: '{msgId}' }, is: msg:A, with: { status: duplicate } }", []],
    [
      "{ when: { no: '{msgId}' }, is: msg:A, with: { status: rejected, error: { code: id-conflict } } }",
      ['msg:A.rejected', 'msg:A.id-conflict'],
    ],
  ];
  for (const [rule, fields] of rules) {
    const found = profile((text) => `${text}  - ${rule}\ntables: { t: { seen: delivered } }\n`).fields;
    for (const field of fields) t.ok(found.includes(field as never), `${rule}: ${field}`);
    t.notOk(found.includes('msg:A.duplicate'), 'who never says accepted does not tell a duplicate');
  }
});

t.test('a member counts only where every frame brings it', async (t) => {
  const pushed = (captured: string, more: string) =>
    profileOf(
      parseMapping(
        GOOD.replace("key: '{msgId}' }, is: msg:N", `${captured} }, is: msg:N, with: { ${more} }`),
        'x.yaml',
      ),
    ).fields.filter((field) => field.startsWith('msg:N.'));
  const cases: [what: string, captured: string, more: string, fields: string[]][] = [
    ['captured', "key: '{msgId}', id: '{serverMsgId}'", '', ['msg:N.msgId', 'msg:N.serverMsgId', 'msg:N.from']],
    ['it may be absent', "key: '{msgId}', id: '{serverMsgId?}'", '', ['msg:N.msgId', 'msg:N.from']],
    ['always the same', "key: '{msgId}'", "serverMsgId: '1', acceptedAt: '5'", ['msg:N.msgId', 'msg:N.from']],
    ['made of the id of the sender', "key: '{msgId}'", "serverMsgId: '{from}-{msgId}'", ['msg:N.msgId', 'msg:N.from']],
    [
      'made of what the server says',
      "key: '{msgId}', room: '{room}', n: '{n:int}'",
      "serverMsgId: '{room}-{n}'",
      ['msg:N.msgId', 'msg:N.serverMsgId', 'msg:N.from'],
    ],
    [
      'made of what may be absent',
      "key: '{msgId}', n: '{n?:int}'",
      "serverMsgId: '{n}'",
      ['msg:N.msgId', 'msg:N.from'],
    ],
  ];
  for (const [what, captured, more, fields] of cases) t.same(pushed(captured, more), fields, what);
});

t.test('an answer to a number of no request answers none', async (t) => {
  const { session, packets } = talk(
    GOOD.replace("key: '{msgId}' }\n", "n: '{ridInt:int}' }\n").replace("key: '{msgId}', ok", "n: '{ridInt:int}', ok"),
  );
  session.send(send, {});
  session.receive('{"n":2,"ok":true}');
  session.receive('{"n":1,"ok":true}');
  t.match(packets, [
    { type: 'msg:A', rid: 'unasked-2' },
    { type: 'msg:A', rid: 'r1' },
  ]);
});

t.test('a list that comes is several frames in one, where no rule is a list', async (t) => {
  const { session, packets, events } = talk(GOOD);
  session.receive('[{"from":"bob","text":"x","key":"k"},{"key":"m1","ok":true},{"typing":1}]');
  t.match(packets, [
    { type: 'msg:N', msgId: 'k' },
    { type: 'msg:A', msgId: 'm1' },
  ]);
  t.match(events[1], /^unread \{"typing":1\}: /);
  const lists = talk(`${GOOD}  - { when: [hello, '{name}'] }\n`);
  lists.session.receive('["hello","x"]');
  lists.session.receive('[{"key":"m1","ok":true}]');
  t.match(lists.events.slice(1), [/^unread \[/]);
});

t.test('what a protocol cannot promise is said in its mapping', async (t) => {
  const dialect = (added: string) => dialectOf(parseMapping(`${GOOD}${added}`, 'x.yaml'), 'x');
  t.same(dialect("cannotPromise: ['no order', 'no answer to an ack']\n").cannotPromise, [
    'no order',
    'no answer to an ack',
  ]);
  t.notOk('cannotPromise' in dialect(''), 'nothing is made up');
  for (const bad of ['[]]', "'no order'", "['']", '["a\\nb"]', '[1]'])
    t.throws(() => dialect(`cannotPromise: ${bad}\n`), { code: 'usage', message: /^x\.yaml:\d+: / }, bad);
});

/** A session without a network. */
const talk = (yaml: string, hooks = {}, onPush: (session: Session) => unknown = () => undefined) => {
  const said: string[] = [];
  const packets: BroughtPacket[] = [];
  const events: string[] = [];
  const wire: Wire = {
    send: (data) => said.push(String(data)),
    ready: () => events.push('ready'),
    refused: (status, why) => events.push(`refused ${status} ${why}`),
    packet: (packet) => {
      packets.push(packet);
      if (packet.type === 'msg:N') onPush(session);
      return packet.type === 'msg:N' ? (packet.serverMsgId ?? 'made-up') : undefined;
    },
    unread: (frame, why) => events.push(`unread ${frame}: ${why}`),
    closing: () => undefined,
    secure: () => undefined,
  };
  const dialect = dialectOf(parseMapping(yaml, 'x.yaml'), 'x', hooks);
  const session: Session = dialect.open({ user: 'alice', device: 'default', token: 'T' }, wire, new Map());
  session.begin();
  return { session, said, packets, events };
};

const send = { type: 'msg:R', rid: 'r1', msgId: 'm1', to: 'bob', body: 'hi' } as const;

t.test('login, heartbeats, preparation and goodbye', async (t) => {
  const yaml = `${GOOD}login:
  - { send: { hello: '{user}' }, await: { nonce: '{nonce}' } }
  - { send: { token: '{token}', nonce: '{nonce}' }, await: { in: true }, refused: { out: '{why}' } }
prepare: { send: { open: '{to}' }, await: { opened: '{to}' } }
beat: { everyMs: 1000, send: { alive: true } }
leave: { bye: true }
`.replace('receive:\n', "receive:\n  - { when: { ping: '{n:int}' }, reply: { pong: '{n:int}' } }\n");
  const { session, said, events, packets } = talk(yaml);
  session.receive('{"ping":1}');
  session.receive('{"nonce":"N"}');
  t.same(said, ['{"hello":"alice"}', '{"pong":1}', '{"token":"T","nonce":"N"}']);
  session.receive('{"in":true}');
  t.same(events, ['ready']);
  t.equal(session.send(send, {}), undefined);
  t.equal(session.send({ ...send, rid: 'r2', msgId: 'm2' }, {}), undefined);
  t.equal(said.at(-1), '{"open":"bob"}', 'asked once, and both wait');
  session.receive('{"opened":"bob"}');
  t.same(said.slice(-2), ['{"to":"bob","text":"hi","key":"m1"}', '{"to":"bob","text":"hi","key":"m2"}']);
  session.receive('{"key":"m1","ok":true}');
  t.match(packets, [{ type: 'msg:A', msgId: 'm1', status: 'stored' }]);
  session.beat?.run();
  session.leave?.();
  t.same(said.slice(-2), ['{"alive":true}', '{"bye":true}']);
  const refused = talk(yaml);
  refused.session.receive('{"nonce":"N"}');
  refused.session.receive('{"out":"who are you?"}');
  t.same(refused.events, ['refused 401 who are you?']);
});

t.test('what cannot be said is told, and nothing of it is written', async (t) => {
  const { session, said } = talk(`${GOOD}`.replace('receive:', "  ack:R: { got: '{serverMsgId:int}' }\nreceive:"));
  t.match(session.send({ ...send, ttlMs: 5 }, {}), { cannot: /lifetime/ });
  t.match(session.send({ ...send, color: 'red' } as never, {}), { cannot: /field color/ });
  t.match(session.send({ type: 'ack:R', rid: 'r', serverMsgId: 'S-1' }, {}), { cannot: /cannot be written as int/ });
  t.same(said, []);
  t.equal(session.send({ type: 'ack:R', rid: 'r', serverMsgId: '17' }, {}), undefined);
  t.same(said, ['{"got":17}']);
});

t.test('an ack goes by what its push had, on that connection alone', async (t) => {
  const yaml = `${GOOD}ackBy: tag\n`
    .replace('receive:', "  ack:R: { ack: '{tag:int}' }\nreceive:")
    .replace("key: '{msgId}' }, is: msg:N", "key: '{msgId}', id: '{serverMsgId}', tag: '{tag:int}' }, is: msg:N");
  const { session, said } = talk(yaml);
  t.match(session.send({ type: 'ack:R', rid: 'r', serverMsgId: 'S1' }, {}), { cannot: /on which it was not pushed/ });
  session.receive('{"from":"bob","text":"x","key":"k","id":"S1","tag":4}');
  session.receive('{"from":"bob","text":"x","key":"k","id":"S1","tag":5}');
  t.equal(session.send({ type: 'ack:R', rid: 'r', serverMsgId: 'S1' }, {}), undefined);
  t.same(said, ['{"ack":5}'], 'of the last push');
  const atOnce = talk(yaml, {}, (session) => session.send({ type: 'ack:R', rid: 'r', serverMsgId: 'S1' }, {}));
  atOnce.session.receive('{"from":"bob","text":"x","key":"k","id":"S1","tag":4}');
  atOnce.session.receive('{"from":"bob","text":"x","key":"k","id":"S1","tag":5}');
  t.same(atOnce.said, ['{"ack":4}', '{"ack":5}'], 'within the push that it acks');
});

t.test('what may be said once is not repeated', async (t) => {
  const yaml = `${GOOD}once: [msg:R, ack:R]\n`
    .replace('receive:', "  ack:R: { ack: '{tag:int}' }\nreceive:")
    .replace("key: '{msgId}' }, is: msg:N", "key: '{msgId}', id: '{serverMsgId}', tag: '{tag:int}' }, is: msg:N");
  const { session, said } = talk(yaml);
  t.match(session.send({ ...send, ttlMs: 5 }, {}), { cannot: /lifetime/ });
  t.equal(session.send(send, {}), undefined, 'what could not be said was not said yet');
  t.match(session.send(send, {}), { cannot: /it would be another message/ });
  t.equal(session.send({ ...send, msgId: 'other' }, {}), undefined);
  const ack = { type: 'ack:R', rid: 'r', serverMsgId: 'S1' } as const;
  t.match(session.send(ack, {}), { cannot: /not waiting for an ack/ }, 'nothing was pushed');
  for (const tag of [4, 5]) {
    session.receive(`{"from":"bob","text":"x","key":"k","id":"S1","tag":${tag}}`);
    t.equal(session.send(ack, {}), undefined, `push ${tag}`);
    t.match(session.send(ack, {}), { cannot: /not waiting for an ack/ });
  }
  t.same(said.slice(2), ['{"ack":4}', '{"ack":5}']);
});

t.test('unread frames name the nearest rule; lists give a packet each; hooks see every frame', async (t) => {
  const { session, events } = talk(GOOD);
  session.receive('{"key":"m1","ok":false}');
  session.receive('nonsense');
  t.match(events, [
    'ready',
    /^unread .*rule 1 comes nearest, where "ok" must be true, and is false$/,
    /^unread nonsense: it is no JSON/,
  ]);
  const list = talk(
    `${GOOD}  - { when: { batch: '{_}' }, each: batch, item: { f: '{from}', b: '{body}', k: '{msgId}' }, is: msg:N }\n`,
  );
  list.session.receive('{"batch":[{"f":"a","b":"1","k":"x"},{"f":"a","b":"2","k":"y"},{"f":"a"}]}');
  t.match(list.packets, [{ msgId: 'x' }, { msgId: 'y' }]);
  t.match(list.events[1], /unread \{"f":"a"\}: "b" must be/);
  const hooked = talk(GOOD, {
    outgoing: (frame: object) => ({ ...frame, sign: 1 }),
    incoming: ({ sealed }: { sealed: unknown }) => sealed,
  });
  hooked.session.send(send, {});
  hooked.session.receive('{"sealed":{"key":"m1","ok":true}}');
  t.same(hooked.said, ['{"to":"bob","text":"hi","key":"m1","sign":1}']);
  t.match(hooked.packets, [{ type: 'msg:A', msgId: 'm1' }]);
});

t.test('examples: read, not read, ambiguous', async (t) => {
  const file = parseMapping(
    `${GOOD}  - { when: { key: '{msgId}' }, is: ack:N }\nexamples: [{ key: a, ok: true }, { key: 7 }, '{"from":"x","text":"y","key":"z"}', { typing: 1 }]\n`,
    'x.yaml',
  );
  t.match(exampleReadings(file), [
    { isRead: true, reads: /rule 1: .*msg:A/, also: 'rule 3 (ack:N)' },
    { isRead: false, reads: /no rule reads it; rule \d comes nearest/ },
    { isRead: true, reads: /rule 2: .*msg:N/ },
    { isRead: false },
  ]);
});
