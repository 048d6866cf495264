import t from 'tap';
import type { RunOptions } from '../options.js';
import type { Prepared } from '../tested.js';
import { killedAmong, listScenarios } from './list-scenarios.js';

const PLAIN = 'server/core/plain-exchange';
const idsOf = (only: string[], skip: string[] = []): string[] => listScenarios({ only, skip }).map(({ id }) => id);

t.test('scenarios that are killed in between are chosen by name alone', (t) => {
  const written = idsOf([`${PLAIN}*`]);
  t.notOk(
    [...idsOf([]), ...written].some((id) => id.includes('+killed')),
    'no other glob means them',
  );
  const killed = idsOf([`${PLAIN}+killed-after-*`]);
  t.ok(killed.length > 1 && killed.every((id) => id.startsWith(`${PLAIN}+killed-after-`)));
  t.strictSame(idsOf([`${PLAIN}*`, `${PLAIN}+killed-after-1`]), [...written, `${PLAIN}+killed-after-1`]);
  t.strictSame(idsOf([`${PLAIN}+killed-after-*`], ['*+killed-after-1']), killed.slice(1));
  for (const only of [`${PLAIN}+killed-after-99`, 'server/core/none+killed-after-1'])
    t.throws(() => idsOf([only]), { message: /matches no scenario/ }, only);
  t.end();
});

t.test('as many as were asked for are drawn by the seed, of what can be played', (t) => {
  const chosen = listScenarios({ only: [], skip: [] });
  const draw = (
    given: Partial<RunOptions>,
    classes = ['core', 'durable'],
    whyNotRun: () => unknown = () => undefined,
  ) =>
    killedAmong(
      chosen,
      { seed: 'a', skip: [], ...given } as RunOptions,
      { classes, whyNotRun } as unknown as Prepared,
    ).map(({ id }) => id);
  t.equal(draw({ kills: 12 }).length, 12);
  t.strictSame(draw({ kills: 12 }), draw({ kills: 12 }));
  t.strictNotSame(draw({ kills: 12 }), draw({ kills: 12, seed: 'b' }));
  t.strictSame(draw({}), [], 'nobody asked');
  t.strictSame(draw({ kills: 12 }, ['core']), [], 'what is not durable may lose everything');
  t.strictSame(
    draw({ kills: 12 }, undefined, () => 'no process'),
    [],
  );
  t.strictSame(draw({ kills: 12, skip: ['*+killed-after-*'] }), []);
  t.end();
});
