import t from 'tap';
import { loadScenarios } from '../verbs/index.js';
import { drawKilled, isKillable, killedAfter, killedNamed, killedOf, meansKilled } from './killed.js';
import type { Scenario } from './model.js';

const all = loadScenarios();
const named = (id: string): Scenario => all.find((one) => one.id === id) as Scenario;
const plain = named('server/core/plain-exchange');
const numbers = (): (() => number) => {
  let last = 0;
  return () => {
    last = (last * 16_807 + 11) % 2_147_483_647;
    return last / 2_147_483_647;
  };
};

t.test('a killed scenario is the written one up to a step, a kill and a start', (t) => {
  const killed = killedAfter(plain, 2);
  t.equal(killed.id, `${plain.id}+killed-after-2`);
  t.strictSame(killed.steps.slice(0, 2), plain.steps.slice(0, 2));
  t.strictSame(
    killed.steps.slice(2).map((step) => step.kind === 'subject' && step.action.verb),
    ['crashes', 'restarts'],
  );
  t.strictSame(killed.stepsFor({ repetition: 1 }), killed.steps);
  t.strictSame([killed.class, killed.exclusive, killed.needs.control, killed.proves], ['durable', true, true, []]);
  t.end();
});

t.test('of each class there are some, and its class must be claimed, too', (t) => {
  const classes = new Set(killedOf(all).flatMap(({ alsoNeeds }) => alsoNeeds));
  for (const name of ['core', 'timed-redelivery', 'ordered', 'expiry', 'multi-device', 'flow-control', 'observable'])
    t.ok(classes.has(name as Scenario['class']), name);
  t.end();
});

t.test(
  'nothing is put into a script that kills, stops or sets a clock itself, or that a client under test plays',
  (t) => {
    const refused = all.filter((one) => !isKillable(one));
    t.ok(refused.length > 0);
    for (const { id, role, bystanders, exclusive } of refused) t.ok(role === 'client' || bystanders || exclusive, id);
    for (const id of ['server/durable/killed-in-full-traffic', 'server/core/most-of-a-day-later'])
      t.notOk(all.filter((one) => one.id.startsWith(id)).some(isKillable), id);
    t.end();
  },
);

t.test('an id names one, or none', (t) => {
  const cases: [id: string, found: boolean][] = [
    [`${plain.id}+killed-after-1`, true],
    [`${plain.id}+killed-after-${plain.steps.length}`, true],
    [`${plain.id}+killed-after-${plain.steps.length + 1}`, false],
    [`${plain.id}+killed-after-0`, false],
    [`${plain.id}+killed-after-1.5`, false],
    [`${plain.id}+killed-after-`, false],
    ['server/core/no-such+killed-after-1', false],
    [plain.id, false],
  ];
  for (const [id, found] of cases) {
    t.equal(killedNamed(id, all)?.id, found ? id : undefined, id);
    t.equal(meansKilled(id), id !== plain.id, id);
  }
  t.end();
});

t.test('the same numbers draw the same ones, each scenario once, and only what is wanted', (t) => {
  const draw = (count: number, isWanted = (_: Scenario) => true) =>
    drawKilled(all, count, numbers(), isWanted).map(({ id }) => id);
  t.strictSame(draw(12), draw(12));
  t.equal(new Set(draw(12).map((id) => id.replace(/\+killed-after-\d+$/, ''))).size, 12);
  t.ok(draw(12, ({ id }) => id.startsWith('server/expiry/')).every((id) => id.startsWith('server/expiry/')));
  t.equal(draw(100_000).length, all.filter(isKillable).length, 'no more than there are');
  t.end();
});
