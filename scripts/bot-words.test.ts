import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { BotWordSchema } from '../schemas/index.js';
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
    { inventory: { from: 'bob', ask: 1, part: 0, parts: 1, items: [] } },
  ];
  for (const word of bad) t.not(faultsOf(word).length, 0, JSON.stringify(word));
});
