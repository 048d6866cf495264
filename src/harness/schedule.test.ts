import t from 'tap';
import { DEFAULT_TIMERS } from '../../schemas/index.js';
import type { Scenario } from '../scenario/index.js';
import type { Instance } from './instance.js';
import { longestFirst, playAll } from './schedule.js';

const scenario = (id: string, exclusive: boolean, waitMs = 0): Scenario =>
  ({
    id,
    exclusive,
    steps: [{ kind: 'waits', path: '1', text: '', duration: waitMs, because: '' }],
  }) as unknown as Scenario;
const instance = (name: string) => ({ name }) as unknown as Instance;
const [first, second] = [instance('first'), instance('second')];
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

t.test('what takes long goes first; what takes equally long keeps its order', (t) => {
  const given = [scenario('a', false, 1), scenario('b', true, 5), scenario('c', false, 1), scenario('d', false, 9)];
  t.same(
    longestFirst(given, DEFAULT_TIMERS).map(({ id }) => id),
    ['d', 'b', 'a', 'c'],
  );
  t.end();
});

t.test('every scenario is played once; one that is alone has its instance for itself', async (t) => {
  const scenarios = Array.from({ length: 24 }, (_, i) => scenario(`${i}`, i % 3 === 0));
  for (const others of [[], [Promise.resolve(second)]]) {
    const playing = new Map<Instance, Scenario[]>();
    const played: string[] = [];
    let most = 0;
    const play = async (one: Scenario, on: Instance): Promise<void> => {
      const company = playing.get(on) ?? [];
      playing.set(on, [...company, one]);
      if (company.length > 0 && (one.exclusive || company.some((other) => other.exclusive))) t.fail('it had company');
      most = Math.max(most, company.length + 1);
      await nextTurn();
      playing.set(
        on,
        (playing.get(on) ?? []).filter((other) => other !== one),
      );
      played.push(one.id);
    };
    await playAll(scenarios, { first, others, concurrency: 4, play });
    t.same(
      played.map(Number).sort((a, b) => a - b),
      [...scenarios.keys()],
    );
    t.equal(most, 4);
  }
});

t.test('shared scenarios do not wait for an instance that is slow to start', async (t) => {
  const played: [string, Instance][] = [];
  const play = async ({ id }: Scenario, on: Instance): Promise<void> => void played.push([id, on]);
  let started: (one: Instance) => void = () => {};
  const slow = new Promise<Instance>((resolve) => {
    started = resolve;
  });
  const all = playAll([scenario('x', true), scenario('s', false)], { first, others: [slow], concurrency: 2, play });
  while (played.length < 1) await nextTurn();
  started(second);
  await all;
  t.same(played, [
    ['s', first],
    ['x', second],
  ]);
});

t.test(
  'the first instance plays what needs one for itself only when nothing is shared or nobody else is there',
  async (t) => {
    const alone = [scenario('x', true), scenario('y', true)];
    const cases: [scenarios: Scenario[], others: Instance[], on: Instance[]][] = [
      [alone, [second], [first, second]],
      [alone, [], [first, first]],
      [[...alone, scenario('s', false)], [second], [first, second, second]],
      [[...alone, scenario('s', false)], [], [first, first, first]],
    ];
    for (const [scenarios, others, on] of cases) {
      const played: Instance[] = [];
      const play = async (_: Scenario, instance: Instance): Promise<void> => {
        played.push(instance);
        await nextTurn();
      };
      await playAll(scenarios, { first, others: others.map((one) => Promise.resolve(one)), concurrency: 2, play });
      t.same(new Set(played), new Set(on));
      t.equal(played.filter((one) => one === first).length, on.filter((one) => one === first).length);
    }
  },
);

t.test('after a rejection nothing more begins', async (t) => {
  const cases: [name: string, others: () => Promise<Instance>[], failsAt: string][] = [
    ['a scenario', () => [], '1'],
    ['the start of an instance', () => [Promise.reject(new Error('broken'))], 'none'],
  ];
  for (const [name, others, failsAt] of cases) {
    t.test(name, async (t) => {
      let played = 0;
      const play = async ({ id }: Scenario): Promise<void> => {
        if (id === failsAt) throw new Error('broken');
        await nextTurn();
        played += 1;
      };
      const scenarios = Array.from({ length: 50 }, (_, i) => scenario(`${i}`, false));
      await t.rejects(playAll(scenarios, { first, others: others(), concurrency: 2, play }), /broken/);
      t.ok(played < 10, `${played} played`);
    });
  }
});
