import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Report, ScenarioResult } from '../../schemas/index.js';
import { packageRoot } from '../../src/package-root.js';
import { HistoryShelf } from './history-shelf.js';

const { scenarios } = JSON.parse(
  readFileSync(join(packageRoot, 'src', 'report', 'fixtures', 'mixed.report.json'), 'utf8'),
) as Report;

t.test('a report names no file that is removed when the run ends, not even that of a first attempt', async (t) => {
  const [result] = scenarios;
  if (result === undefined) throw new Error('the fixture has no scenario');
  const again: ScenarioResult = {
    ...result,
    history: 'h/second.ndjson',
    firstAttempt: { verdict: 'error', reason: 'too slow', requirements: [], history: 'h/first.ndjson' },
  };
  const { history: _, ...known } = again;
  const shelf = new HistoryShelf();
  t.same(shelf.publishedResult(again), again, 'the caller keeps them');
  const folder = shelf.folder();
  t.same(shelf.publishedResult(again), {
    ...known,
    firstAttempt: { verdict: 'error', reason: 'too slow', requirements: [] },
  });
  shelf.remove();
  t.notOk(existsSync(folder));
});
