import t from 'tap';
import { Pace } from './pace.js';

t.test('the time left follows from the waits that are left and from the pace so far', async (t) => {
  const waits = { a: 960, b: 460, c: 460, d: 0 };
  const rows: [string, string[], number, number | undefined][] = [
    ['nothing is done: nobody knows', [], 500, undefined],
    ['half of the work in one second', ['a'], 1_000, 1_040],
    ['twice as fast', ['a'], 500, 520],
    ['a scenario counts once', ['a', 'a'], 1_000, 1_040],
    ['everything is done', ['a', 'b', 'c', 'd'], 2_000, 0],
    ['what it does not know does not count', ['a', 'x'], 1_000, 1_040],
  ];
  for (const [name, done, now, expected] of rows) {
    const pace = new Pace(new Map(Object.entries(waits)), 0);
    for (const one of done) pace.note(one);
    t.equal(pace.leftMs(now), expected, name);
  }
  t.equal(new Pace(new Map(), 0).leftMs(5), undefined, 'no work');
});
