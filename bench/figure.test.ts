import t from 'tap';
import { type Figure, median, reached, table } from './figure.js';

const figure = (value: number, target?: Figure['target']): Figure => ({
  name: 'start-up',
  value,
  unit: 'ratio',
  ...(target ? { target } : {}),
  detail: 'median of 3 pairs',
});

t.test('median', (t) => {
  const cases: [values: number[], median: number][] = [
    [[3], 3],
    [[10, 9, 1], 9],
    [[4, 1, 3, 2], 2.5],
    [[], Number.NaN],
  ];
  for (const [values, expected] of cases) t.same(median(values), expected);
  t.end();
});

t.test('a target is reached at its bound, and not beyond; without a target there is nothing to reach', (t) => {
  const cases: [value: number, target: Figure['target'], reached: boolean | undefined][] = [
    [1.5, { atMost: 1.5 }, true],
    [1.51, { atMost: 1.5 }, false],
    [0.3, { atLeast: 0.3 }, true],
    [0.29, { atLeast: 0.3 }, false],
    [1, undefined, undefined],
    [Number.NaN, { atMost: 1 }, false],
  ];
  for (const [value, target, expected] of cases) t.equal(reached(figure(value, target)), expected);
  t.end();
});

t.test('the table says which targets are reached', (t) => {
  const text = table([figure(1.234, { atMost: 1.5 }), { ...figure(2345.6), name: 'rate', unit: 'per second' }]);
  t.equal(
    text,
    [
      'figure               value  target           how',
      'start-up              1.23  ≤ 1.5   reached  median of 3 pairs',
      'rate      2,346 per second                   median of 3 pairs',
      '',
    ].join('\n'),
  );
  t.end();
});
