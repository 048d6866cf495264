import { readFileSync } from 'node:fs';
import t from 'tap';
import type { HistoryEvent } from '../../../schemas/index.js';
import { historyPath, writeHistory } from './history-file.js';

const note = (length: number): HistoryEvent => ({ at: 1, kind: 'note', text: 'é'.repeat(length) }) as never;

t.test('a history is written whole, also where it is written in several goes', async (t) => {
  const folder = t.testdir();
  const cases: [string, HistoryEvent[]][] = [
    ['server/core/empty', []],
    ['server/core/few#cell', [note(1), note(2)]],
    ['server/core/long', Array.from({ length: 25 }, (_, i) => note(100_000 + i))],
    ['server/core/huge-event', [note(3_000_000), note(1)]],
  ];
  for (const [id, events] of cases) {
    const path = await writeHistory(folder, id, events);
    t.equal(path, historyPath(folder, id));
    const lines = readFileSync(path, 'utf8').split('\n');
    t.equal(lines.pop(), '', `${id}: the last line ends`);
    t.strictSame(
      lines.map((line) => JSON.parse(line)),
      events,
      id,
    );
  }
});
