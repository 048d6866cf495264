import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { BotWordSchema, readBotWord } from '../schemas/index.js';
import { packageRoot } from '../src/package-root.js';
import { errorFinder } from '../src/wire/index.js';

const HISTORIES = join(packageRoot, 'conformance', 'histories');
const faultsOf = errorFinder(BotWordSchema);

interface Line {
  packet?: { type: string; to?: string; from?: string; body?: string };
}

/** The bodies of all words of a recorded history. */
const wordsIn = (file: string): unknown[] =>
  readFileSync(join(HISTORIES, file), 'utf8')
    .split('\n')
    .filter((line) => line.includes('"conductor"'))
    .map((line) => (JSON.parse(line) as Line).packet)
    // A receipt names the conductor, too, and carries no word.
    .filter((packet) => packet?.body !== undefined && [packet.to, packet.from].includes('conductor'))
    .map((packet) => JSON.parse(packet?.body ?? 'null'));

t.test('every word of every recorded history of a client fits the published schema', async (t) => {
  const files = readdirSync(HISTORIES).filter((name) => /^(good|bad)-client-.*\.ndjson$/.test(name));
  const words = files.flatMap(wordsIn);
  t.ok(words.length > 100, `${words.length} words`);
  const wrong = words.filter((word) => faultsOf(word).length > 0);
  t.same(wrong, []);
});

t.test('what is no word does not fit', async (t) => {
  const bad: unknown[] = [
    {},
    { hello: { words: 2, start: 'a', name: 'b', roles: ['sender'] } },
    { hello: { words: 1, start: 'a', name: 'b', roles: [] } },
    { do: 'dance' },
    { do: 'send', messages: [] },
    { do: 'send', messages: [{ to: 'bob' }] },
    { outcome: { msgId: 'm', status: 'accepted' } },
    { outcome: { status: 'delivered' } },
    { inventory: { from: 'bob', ask: 1, part: 0, parts: 1, items: [] } },
  ];
  for (const word of bad) t.not(faultsOf(word).length, 0, JSON.stringify(word));
});

const hello = { words: 1, start: 's', name: 'n', roles: ['sender'] };
const inventory = { from: 'alice', ask: 1, part: 1, parts: 1, items: [] };
const long = { head: 'h', bytes: 2_000 };

t.test('what is read as a word of a bot is what the published schema takes', async (t) => {
  const cases: unknown[] = [
    null,
    7,
    'hello',
    [],
    {},
    { hello },
    { hello: null },
    { hello: [] },
    { hello, outcome: { status: 'stored' } },
    { greeting: hello },
    ...[2, '1', undefined].map((words) => ({ hello: { ...hello, words } })),
    ...['', 7, undefined].map((start) => ({ hello: { ...hello, start } })),
    ...['', 7, undefined].map((name) => ({ hello: { ...hello, name } })),
    ...[[], ['sender', 'receiver'], ['reader'], ['sender', 'reader'], 'sender', undefined].map((roles) => ({
      hello: { ...hello, roles },
    })),
    ...[[], ['durable', 'other'], [1], 'durable'].map((classes) => ({ hello: { ...hello, classes } })),
    ...[{}, { resendAfterMs: 1 }, { resendAfterMs: 0 }, { resendAfterMs: 1.5 }, { resendAfterMs: '1' }, [], 7].map(
      (timers) => ({ hello: { ...hello, timers } }),
    ),
    ...[{ maxUnanswered: 1 }, { maxUnanswered: 0.5 }, { maxUnanswered: 0 }, null].map((limits) => ({
      hello: { ...hello, limits },
    })),
    ...[['ping'], [null], 'ping'].map((can) => ({ hello: { ...hello, can } })),
    { hello: { ...hello, mood: 'good' } },
    { inventory },
    { inventory: null },
    ...['a b', '', 7, undefined].map((from) => ({ inventory: { ...inventory, from } })),
    ...[0, -1, 1.5, '1', undefined].flatMap((number) => [
      { inventory: { ...inventory, ask: number } },
      { inventory: { ...inventory, part: number } },
      { inventory: { ...inventory, parts: number } },
    ]),
    ...[['a', long], [{ ...long, sha256: 'a'.repeat(64) }], [{ ...long, sha256: 'a' }], [{ head: 'h' }], [null], 5].map(
      (items) => ({ inventory: { ...inventory, items } }),
    ),
    ...[{ ...long, bytes: 0 }, { ...long, head: 1 }, []].map((item) => ({
      inventory: { ...inventory, items: [item] },
    })),
    ...['stored', 'delivered', 'expired', 'refused', 'unknown', 'read', undefined].map((status) => ({
      outcome: { msgId: 'm', status },
    })),
    { outcome: { body: 'b', status: 'refused' } },
    { outcome: { status: 'refused' } },
    { outcome: { msgId: 1, status: 'refused' } },
    { outcome: { body: 1, status: 'refused' } },
    { outcome: null },
  ];
  let words = 0;
  for (const value of cases) {
    const text = JSON.stringify(value);
    const read = readBotWord(text);
    const isWord = 'word' in read;
    if (isWord) words += 1;
    t.equal(isWord, faultsOf(JSON.parse(text)).length === 0, text);
  }
  t.ok(words > 20, `${words} of them are words`);
  // What every object inherits is no word either.
  for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
    t.match(readBotWord(`{"${name}":{}}`), { fault: /^a word that is none: it must have one member/ }, name);
  }
  t.match(readBotWord('{'), { fault: 'a word that is none: it is no JSON object' });
});
