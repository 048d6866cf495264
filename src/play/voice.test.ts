import fc from 'fast-check';
import t from 'tap';
import type { MsgR } from '../../schemas/index.js';
import { seededRandom } from '../seeded-random.js';
import { decodePacket } from '../wire/index.js';
import {
  describeVoice,
  encodeWith,
  JSON_FORMS,
  MEMBER_ORDERS,
  NAMED_VOICES,
  PLAIN_VOICE,
  ridOf,
  voiceOf,
} from './voice.js';

const ALLOWED: ReadonlySet<'msg:R'> = new Set(['msg:R'] as const);

t.test('every form of JSON is the same packet', async () => {
  const texts = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.constantFrom('\\u0041', 'a/b"c\\', '\u0000\uFEFF', '😀'.repeat(40)),
  );
  fc.assert(
    fc.property(texts, fc.constantFrom(...JSON_FORMS), fc.constantFrom(...MEMBER_ORDERS), (body, json, members) => {
      const packet: MsgR = { type: 'msg:R', rid: 'r1', msgId: 'm-1', to: 'bob.1', body };
      const decoded = decodePacket(encodeWith(packet, { ...PLAIN_VOICE, json, members }), ALLOWED);
      t.strictSame(decoded.ok && { ...decoded.packet }, packet);
    }),
    { numRuns: 200 },
  );
});

t.test('a form differs from the usual one where it says so', async (t) => {
  const packet: MsgR = { type: 'msg:R', rid: 'r1', msgId: 'm-1', to: 'bob', body: 'hello' };
  const form = (voice: object) => encodeWith(packet, { ...PLAIN_VOICE, ...voice });
  t.match(form({ json: 'escaped' }), /\\u00/);
  t.match(form({ json: 'indented' }), /^\n\{\n\t"type"/);
  t.match(form({ json: 'spaced' }), /^ \{ {2}"type": /);
  t.match(form({ members: 'sorted' }), /^\{"body"/);
  t.match(form({ members: 'reversed' }), /^\{"body":"hello","to"/);
});

t.test('the same numbers give the same voice, and it is told as far as it is not the usual one', async (t) => {
  t.strictSame(voiceOf(seededRandom(7)), voiceOf(seededRandom(7)));
  const drawn = Array.from({ length: 50 }, (_, seed) => voiceOf(seededRandom(seed)));
  t.ok(new Set(drawn.map(describeVoice)).size > 40, 'and others mostly give another one');
  t.ok(drawn.some(({ handshake }) => handshake?.upgrade === 'WebSocket'));
  t.equal(describeVoice(NAMED_VOICES.plain), '');
  t.match(describeVoice(NAMED_VOICES.compressed), /permessage-deflate offered.*compressed if possible/);
});

t.test('no two rids of a connection are the same, and all are rids', async (t) => {
  for (const form of ['short', 'any', 'odd'] as const) {
    const rids = Array.from({ length: 300 }, (_, index) => ridOf(index + 1, form));
    t.equal(new Set(rids).size, rids.length, form);
    t.ok(
      rids.every((rid) => /^[A-Za-z0-9_-]{1,64}$/.test(rid)),
      form,
    );
  }
  t.equal(ridOf(3, 'odd', 64).length, 64);
});
