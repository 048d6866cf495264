import t from 'tap';
import { loadScenarios } from '../verbs/index.js';
import { userIdOf, userSuffixOf } from './index.js';

/** More than the kit has. */
const SCENARIOS = 2_000;

t.test('a name that a script makes is no user of another scenario', async (t) => {
  const clients = loadScenarios().flatMap((scenario) => scenario.clients);
  const names = new Set(clients.map(({ userOf, name }) => userOf ?? name));
  const templates = [...new Set(clients.flatMap(({ user }) => user ?? []))];
  t.ok(templates.length > 5, templates.join(' '));

  const plain = new Map<string, number>();
  for (let played = 0; played < SCENARIOS; played += 1) {
    for (const userOf of names) plain.set(userIdOf({ userOf }, userSuffixOf('run', played)), played);
  }
  const taken: string[] = [];
  for (let played = 0; played < SCENARIOS; played += 1) {
    for (const user of templates) {
      const id = userIdOf({ userOf: '', user }, userSuffixOf('run', played));
      const other = plain.get(id);
      if (other !== undefined && other !== played) taken.push(`${user} of ${played} is ${id} of ${other}`);
    }
  }
  t.same(taken.slice(0, 5), []);
});
