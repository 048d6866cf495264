import t from 'tap';
import { Brake } from './brake.js';

t.test('a run ends with the failure that --bail waits for, each scenario counted once', async (t) => {
  const rows: [number | undefined, string[], string | undefined][] = [
    [undefined, ['a', 'b'], undefined],
    [2, ['a'], undefined],
    [2, ['a', 'a'], undefined],
    [2, ['a', 'b', 'c'], 'the run was ended after 2 failures, as --bail says'],
    [1, ['a'], 'the run was ended after 1 failure, as --bail says'],
  ];
  for (const [bail, failed, why] of rows) {
    const brake = new Brake({ bail, maxTimeMs: undefined });
    brake.begin();
    for (const id of failed) brake.failed(id);
    t.equal(brake.why, why);
    t.equal(brake.signal.aborted, why !== undefined);
    brake.end();
  }
});

t.test('a run ends when its time is over, and not after its end', async (t) => {
  const brake = new Brake({ bail: undefined, maxTimeMs: 5 });
  const ended = new Promise((done) => brake.signal.addEventListener('abort', done));
  brake.begin();
  // The timer of the brake keeps no process alive.
  const alive = setInterval(() => undefined, 1_000);
  await ended;
  clearInterval(alive);
  t.equal(brake.why, 'the run was ended after 5 ms, as --max-time says');
  const other = new Brake({ bail: undefined, maxTimeMs: 2_000 });
  other.begin();
  other.end();
  t.equal(other.why, undefined);
});
