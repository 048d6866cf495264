import { appendFileSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { IDBFactory } from 'fake-indexeddb';
import t from 'tap';
import type { IdbFactory } from './browser-globals.js';
import { indexedDbStorage } from './indexed-db.js';
import { journalStorage } from './journal.js';
import { levelStorage } from './level.js';
import { type ClientStorage, memoryStorage } from './storage.js';

/** Each makes a function that opens the same storage again. */
const STORAGES: Record<string, (folder: string) => () => ClientStorage> = {
  memory: () => {
    const records = new Map<string, unknown>();
    return () => memoryStorage(records);
  },
  journal: (folder) => () => journalStorage(folder),
  'journal, synced': (folder) => () => journalStorage(folder, { sync: true }),
  level: (folder) => () => levelStorage(folder, { sync: true }),
  IndexedDB: () => {
    const factory = new IDBFactory() as unknown as IdbFactory;
    return () => indexedDbStorage('client', { factory });
  },
};

const contents = async (storage: ClientStorage): Promise<[string, unknown][]> =>
  [...(await storage.load())].map(([key, value]): [string, unknown] => [key, value]).sort();

for (const [name, make] of Object.entries(STORAGES)) {
  t.test(`${name}: what was written is there again`, async (t) => {
    const open = make(t.testdir());
    const first = open();
    t.same(await contents(first), []);
    await first.write([
      { key: 'o/1', value: { body: 'a\u0000\n"é😀' } },
      { key: 'o/10', value: [1, { deep: null }] },
      { key: 'd/bob/constructor', value: 'x' },
      { key: 'd/bob/Constructor', value: 'y' },
    ]);
    await first.write([{ key: 'o/10' }, { key: 'o/1', value: { body: 'two' } }, { key: 'never there' }]);
    await first.write([{ key: 'i/1', value: 1 }, { key: 'i/1', value: 2 }, { key: 'i/2', value: 3 }, { key: 'i/2' }]);
    await first.close();
    const again = open();
    t.same(await contents(again), [
      ['d/bob/Constructor', 'y'],
      ['d/bob/constructor', 'x'],
      ['i/1', 2],
      ['o/1', { body: 'two' }],
    ]);
    await again.close();
  });
}

t.test('a journal: a torn last line is no step, and what comes after it is whole', async (t) => {
  const folder = t.testdir();
  const file = join(folder, 'client.ndjson');
  const first = journalStorage(folder);
  await first.load();
  await first.write([{ key: 'a', value: 1 }]);
  await first.close();
  const whole = readFileSync(file, 'utf8');
  const next = `${JSON.stringify([{ key: 'b', value: 'ü' }, { key: 'a' }])}\n`;
  for (let length = 0; length < Buffer.byteLength(next); length += 1) {
    writeFileSync(file, whole);
    appendFileSync(file, Buffer.from(next).subarray(0, length));
    const torn = journalStorage(folder);
    t.same(await contents(torn), [['a', 1]], `${length} bytes of the next step`);
    await torn.write([{ key: 'c', value: 3 }]);
    await torn.close();
    const after = journalStorage(folder);
    t.same(await contents(after), [
      ['a', 1],
      ['c', 3],
    ]);
    await after.close();
  }
});

t.test('a journal stays small, and one process has it', async (t) => {
  const folder = t.testdir();
  const storage = journalStorage(folder);
  await storage.load();
  const value = 'x'.repeat(100_000);
  for (let count = 0; count < 40; count += 1) await storage.write([{ key: `o/${count % 2}`, value }]);
  t.ok(statSync(join(folder, 'client.ndjson')).size < 2_000_000);
  await t.rejects(journalStorage(folder).load(), { code: 'storage', message: /in use by process/ });
  await storage.close();
  // The lock of a process that is gone, and of one whose number somebody else has now.
  for (const lock of ['999999999 1', `${process.pid} 1`, 'nonsense', '']) {
    writeFileSync(join(folder, 'client.lock'), lock);
    const again = journalStorage(folder);
    t.equal((await contents(again)).length, 2);
    await again.close();
  }
  writeFileSync(join(folder, 'client.ndjson'), 'no JSON\n');
  await t.rejects(journalStorage(folder).load(), { code: 'storage', message: /cannot be read/ });
});
