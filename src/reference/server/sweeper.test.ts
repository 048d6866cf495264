import t from 'tap';
import { createHorizon } from './sweeper.js';

t.test('what is forgotten was settled a whole window ago, however the clock is set', (t) => {
  const HOUR = 3_600_000;
  const cases: [name: string, looks: [at: number, wall: number][], horizon: number][] = [
    ['a clock that is right', [[HOUR, HOUR]], 0],
    ['an hour forward', [[10, HOUR + 10]], 10 - HOUR],
    [
      'two hours in two jumps',
      [
        [10, HOUR + 10],
        [20, 2 * HOUR + 20],
      ],
      20 - HOUR,
    ],
    [
      'a jump that is a window old',
      [
        [10, HOUR + 10],
        [HOUR + 11, 2 * HOUR + 11],
      ],
      HOUR + 11,
    ],
    ['an hour back', [[10, 10 - HOUR]], 10 - 2 * HOUR],
    [
      'back and set right',
      [
        [10, 10 - HOUR],
        [20, 20],
      ],
      20 - 2 * HOUR,
    ],
    ['a clock that is a little fast', [[10, 500]], 500 - HOUR],
  ];
  for (const [name, looks, expected] of cases) {
    let [at, wall] = [0, 0];
    const horizon = createHorizon({ dedupWindowMs: HOUR, now: () => at, wallClock: () => wall });
    let came = Number.NaN;
    for (const look of looks) {
      [at, wall] = look;
      came = horizon();
    }
    t.equal(came, expected, name);
  }
  t.end();
});
