import t from 'tap';
import { demandOf, meetsDemand } from './demand.js';

t.test('what a subject declares meets a demand or not', async (t) => {
  const cases: [entry: string, declared: number | undefined, met: boolean][] = [
    ['metrics', 1, true],
    ['metrics', undefined, false],
    ['limits.maxInFlight', 0, true],
    ['limits.maxInFlight', undefined, false],
    ['limits.maxInFlight <= 1000', 1_000, true],
    ['limits.maxInFlight <= 1000', 1_001, false],
    ['limits.maxInFlight <= 1000', undefined, false],
    ['limits.maxInFlight >= 32', 32, true],
    ['limits.maxInFlight >= 32', 31, false],
    ['limits.maxInFlight <= 1000 or none', undefined, true],
    ['limits.maxInFlight <= 1000 or none', 1_001, false],
  ];
  for (const [entry, declared, met] of cases)
    t.equal(meetsDemand(demandOf(entry), declared), met, `${entry}: ${declared}`);
  t.equal(demandOf('timers.dedupWindowMs >= 86400000 or none').member, 'timers.dedupWindowMs');
});
