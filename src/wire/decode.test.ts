import fc from 'fast-check';
import t from 'tap';
import {
  CLIENT_PACKETS,
  DescriptionSchema,
  HistoryEventSchema,
  ReportSchema,
  ScenarioFileSchema,
  SERVER_PACKETS,
} from '../../schemas/index.js';
import { bodyBytes, decodeFrame, decodePacket, encodePacket, validatePacket, validator } from './index.js';

const msgR = { type: 'msg:R', rid: 'r1', msgId: 'm1', to: 'bob', body: 'hello' } as const;
const text = (fields: Record<string, unknown>) => JSON.stringify({ ...msgR, ...fields });
const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;

t.test('errors name the packet, the member and the rule', async (t) => {
  const cases: [string, string, string[]][] = [
    ['bad id', text({ msgId: 'a b' }), ['msg:R /msgId: must match ^[A-Za-z0-9_-]{1,64}$']],
    ['missing', text({ to: undefined }), ['msg:R /to: is missing']],
    [
      'two faults, two lines',
      text({ to: undefined, body: 7 }),
      ['msg:R /to: is missing', 'msg:R /body: must be string'],
    ],
    ['lone surrogate in the body', text({ body: 'a\ud800' }), ['msg:R /body: has a lone surrogate']],
    [
      'lone surrogate in an unknown member',
      text({ meta: { x: ['\udc00'] } }),
      ['msg:R /meta/x/0: has a lone surrogate'],
    ],
    ['lone surrogate in a member name', text({ '\ud800': 1 }), ['msg:R /\ud800: has a lone surrogate']],
    [
      'duplicate name',
      '{"type":"msg:R","rid":"r1","rid":"r2","msgId":"m","to":"b","body":""}',
      ['msg:R: has the member "rid" twice'],
    ],
    [
      'duplicate name, escaped',
      '{"type":"msg:R","rid":"r1","msgId":"m","to":"b","body":"","bod\\u0079":"x"}',
      ['msg:R: has the member "body" twice'],
    ],
    ['duplicate name, nested', text({}).replace('}', ',"x":[{"a":1,"a":2}]}'), ['msg:R: has the member "a" twice']],
    ['ttl', text({ ttlMs: 0 }), ['msg:R /ttlMs: must be >= 1']],
    ['no JSON', '{', ["not JSON: Expected property name or '}' in JSON at position 1"]],
    ['no object', '[]', ['not a JSON object']],
    ['no type', '{}', ['packet /type: is missing']],
    ['unknown type', text({ type: 'msg:X' }), ['packet /type: must be one of msg:R, ack:R']],
    ['not for this side', text({ type: 'msg:A' }), ['msg:A /type: may not be sent by this side']],
  ];
  for (const [name, packet, errors] of cases) {
    const decoded = decodePacket(packet, CLIENT_PACKETS);
    t.equal(decoded.ok, false, name);
    if (!decoded.ok)
      t.same(
        decoded.errors.map((line) => line.replace(/ \(line.*/, '')),
        errors,
        name,
      );
  }
  const status = validatePacket({ type: 'msg:A', rid: 'r1', status: 'fine' }, 'msg:A');
  t.ok(status.includes('msg:A /status: must be one of "accepted", "duplicate", "rejected"'), 'choice of literals');
  t.same(
    validatePacket(
      {
        type: 'msg:A',
        rid: 'r',
        msgId: 'm',
        serverMsgId: 's',
        status: 'accepted',
        error: { code: 'busy', message: '' },
      },
      'msg:A',
    ),
    ['msg:A /error: must be absent'],
  );
  t.same(validatePacket([], 'ack:R'), ['ack:R: must be object']);
});

t.test('a failure carries what a server needs for its answer', async (t) => {
  t.match(decodePacket(text({ to: '!' }), CLIENT_PACKETS), { ok: false, type: 'msg:R', rid: 'r1', msgId: 'm1' });
  t.match(decodePacket(text({ rid: '!' }), CLIENT_PACKETS), { ok: false, rid: undefined, msgId: 'm1' });
  t.match(decodePacket(text({ type: 'ack:A' }), CLIENT_PACKETS), { ok: false, type: 'ack:A' });
  t.match(decodePacket('7', CLIENT_PACKETS), { ok: false, rid: undefined, type: undefined });
});

t.test('what is legal passes', async (t) => {
  const bodies = ['', '\u0000\ufeff\u202e\r\n', '😀'.repeat(100), '{"a":1,"a":2}', '\\"":{[', 'é', '\\'];
  for (const body of bodies) {
    const packet = { ...msgR, body };
    t.same(decodePacket(encodePacket(packet), CLIENT_PACKETS), { ok: true, packet });
  }
  t.equal(
    decodePacket(text({ extra: { a: [{ a: 1 }, { a: 1 }], b: '😀' } }), CLIENT_PACKETS).ok,
    true,
    'unknown members',
  );
  t.equal(decodePacket(text({}).replace('}', ',"__proto__":{"a":1}}'), CLIENT_PACKETS).ok, true, '__proto__ is a name');
  t.equal(decodePacket(text({}).replace('}', `,"x":${deep}}`), CLIENT_PACKETS).ok, true, 'very deep unknown member');
  const double = '{"type":"ack:R","rid":"r1","rid":"r2","serverMsgId":"s"}';
  t.match(decodePacket(double, CLIENT_PACKETS, { duplicateNames: 'ignore' }), { ok: true, packet: { rid: 'r2' } });
  t.equal(bodyBytes('é😀a'), 7);
});

t.test('the scan for duplicate names is neither blind nor jumpy', async (t) => {
  const rest = fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 5 });
  const errorsOf = (packet: string) => {
    const decoded = decodePacket(packet, CLIENT_PACKETS);
    return decoded.ok ? [] : decoded.errors;
  };
  fc.assert(
    fc.property(rest, fc.constantFrom(0, 1, '\t'), fc.nat(), (extra, indent, pick) => {
      const value = JSON.parse(JSON.stringify({ extra, ...msgR }));
      const once = JSON.stringify(value, null, indent);
      const names = ['type', 'extra', ...Object.keys(msgR)];
      const name = names[pick % names.length] ?? 'type';
      const twice = `{${JSON.stringify(name)}:0,${once.slice(1)}`;
      return errorsOf(once).length === 0 && errorsOf(twice).join() === `msg:R: has the member "${name}" twice`;
    }),
  );
  t.pass('held for 100 random packets');
});

t.test('frames are bytes', async (t) => {
  t.match(decodeFrame(new Uint8Array([0x7b, 0xff, 0x7d]), SERVER_PACKETS), { ok: false, errors: ['not UTF-8'] });
  t.match(
    decodeFrame(Buffer.from(`\ufeff${text({})}`), CLIENT_PACKETS),
    { ok: false, errors: [/^not JSON/] },
    'byte order mark',
  );
  t.equal(decodeFrame(Buffer.from(text({})), CLIENT_PACKETS).ok, true);
});

t.test('the general validator explains other schemas too', async (t) => {
  const description = validator(DescriptionSchema);
  t.same(description({ protocol: 'im.ran.v1', classes: ['core'], nodes: ['ws://127.0.0.1:1/'] }), []);
  t.same(description({ protocol: 'im.ran.v1', timers: { answerWithinMs: 0 } }), [
    '/timers/answerWithinMs: must be >= 1',
  ]);
  t.same(description({ protocol: 'x', nodes: ['::'] }), [
    '/protocol: must be "im.ran.v1"',
    '/nodes/0: must be a valid uri',
  ]);
  t.match(description({ protocol: 'im.ran.v1', classes: ['kore'] }), [
    /^\/classes\/0: must be one of "core", "timed-redelivery"/,
  ]);
  const event = validator(HistoryEventSchema);
  t.same(event({ kind: 'open', at: 1, client: 'a', conn: 0 }), ['/conn: must be >= 1'], 'the branch that was meant');
  t.match(event({ kind: 'opne', at: 1 }), [/^value: .*kind must be one of "history", "client"/]);
  const scenario = validator(ScenarioFileSchema);
  t.same(
    scenario({ scenario: 'long enough', class: 'core', proves: ['IM-1-1'], clients: ['a'], script: [1], setle: {} }),
    ['/setle: is not known here'],
  );
  t.same(
    scenario({
      scenario: 'long enough',
      class: 'core',
      proves: ['IM-1-1'],
      clients: { a: { divice: 'x' } },
      script: [1],
    }),
    ['/clients/a/divice: is not known here'],
  );
  t.ok(validator(ReportSchema)({}).includes('/summary: is missing'));
  t.equal(
    event({ kind: 'x', at: 1, ...Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`k${i}`, i])) }).length,
    1,
  );
});
