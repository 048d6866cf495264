import t from 'tap';
import { DEFAULT_TIMERS, type ScenarioResult } from '../../../schemas/index.js';
import type { Scenario } from '../../script/index.js';
import { declaredWaitMs, loadScenarios } from '../../verbs/index.js';
import type { Instance } from '../tested.js';
import { mergeRepetitions, type Repetition, randomFor, repetitionsOf } from './repetitions.js';
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
    longestFirst(given, ({ steps }) => declaredWaitMs(steps, DEFAULT_TIMERS)).map(({ id }) => id),
    ['d', 'b', 'a', 'c'],
  );
  t.end();
});

t.test('every scenario is played once; one that is alone has its instance for itself', async (t) => {
  const scenarios = Array.from({ length: 24 }, (_, i) => scenario(`${i}`, i % 3 === 0));
  for (const others of [[], [Promise.resolve(second)]]) {
    const running = new Map<Instance, Scenario[]>();
    const played: string[] = [];
    let most = 0;
    const play = async (one: Scenario, on: Instance): Promise<void> => {
      const company = running.get(on) ?? [];
      running.set(on, [...company, one]);
      if (company.length > 0 && (one.exclusive || company.some((other) => other.exclusive))) t.fail('it had company');
      most = Math.max(most, company.length + 1);
      await nextTurn();
      running.set(
        on,
        (running.get(on) ?? []).filter((other) => other !== one),
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

t.test('the first instance plays what needs one for itself, too, but never beside what is shared', async (t) => {
  const alone = [scenario('x', true), scenario('y', true)];
  const cases: [scenarios: Scenario[], others: Instance[], on: Instance[]][] = [
    [alone, [second], [first, second]],
    [alone, [], [first, first]],
    [[...alone, scenario('s', false)], [second], [first, second, second]],
    [[...alone, scenario('s', false)], [], [first, first, first]],
  ];
  for (const [scenarios, others, on] of cases) {
    const played: Instance[] = [];
    let shared = 0;
    const play = async ({ exclusive }: Scenario, instance: Instance): Promise<void> => {
      played.push(instance);
      if (exclusive && instance === first) t.equal(shared, 0, 'nobody else is on it');
      if (!exclusive) shared += 1;
      await nextTurn();
      if (!exclusive) shared -= 1;
    };
    await playAll(scenarios, { first, others: others.map((one) => Promise.resolve(one)), concurrency: 2, play });
    t.same(new Set(played), new Set(on));
    t.equal(played.length, scenarios.length);
  }
});

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

t.test('a repetition that is played alone is the one that failed among many', (t) => {
  const swept = loadScenarios().find(({ id }) => id.startsWith('server/core/cut-before-the-answer')) as Scenario;
  for (const sweep of [{}, { sweep: 20 }]) {
    const all = repetitionsOf(swept, { repeat: 4, ...sweep });
    const [third] = repetitionsOf(swept, { repetition: 3, ...sweep }) as [Repetition];
    t.strictSame(third.steps, all[2]?.steps);
    t.equal(randomFor('seed', third)(), randomFor('seed', all[2] as Repetition)());
    const scripts = all.map(({ steps }) => JSON.stringify(steps));
    t.equal(new Set(scripts).size, 4, 'each repetition has moments of its own');
    t.equal(new Set(all.map((repetition) => randomFor('seed', repetition)())).size, 4, 'and random choices of its own');
  }
  t.strictSame(repetitionsOf(swept, {})[0]?.steps, swept.steps, 'without options: as it is written');
  t.end();
});

t.test('a scenario is as good as its worst repetition', (t) => {
  const played = (shown: number, verdict: ScenarioResult['verdict'], warnings: unknown[] = []): ScenarioResult =>
    ({
      id: 'a',
      verdict,
      warnings,
      durationMs: 10,
      waitedMs: 1,
      stalledMs: shown,
      exercised: { 'IM-3-1': 2 },
      repetitions: { played: 1, failed: verdict === 'failed' ? [shown] : [], shown },
    }) as unknown as ScenarioResult;
  const passed = [played(2, 'passed'), played(1, 'passed')];
  const rows: [ScenarioResult[], ScenarioResult['verdict'], ScenarioResult['repetitions']][] = [
    [passed, 'passed', { played: 2, failed: [], shown: 1 }],
    [[...passed, played(3, 'passed', [{}])], 'passed', { played: 3, failed: [], shown: 3 }],
    [[...passed, played(3, 'inconclusive')], 'inconclusive', { played: 3, failed: [], shown: 3 }],
    [[played(9, 'failed'), ...passed, played(4, 'failed')], 'failed', { played: 4, failed: [4, 9], shown: 4 }],
    [[played(3, 'error'), ...passed], 'error', { played: 3, failed: [], shown: 3 }],
  ];
  for (const [results, verdict, repetitions] of rows) {
    const [merged] = mergeRepetitions(results);
    t.match(merged, { verdict, exercised: { 'IM-3-1': 2 * results.length }, durationMs: 10 * results.length });
    t.strictSame(merged?.repetitions, repetitions);
  }
  const once = { ...played(1, 'passed'), repetitions: undefined } as unknown as ScenarioResult;
  t.strictSame(mergeRepetitions([once, { ...once, id: 'b' }]), [once, { ...once, id: 'b' }]);
  t.end();
});
