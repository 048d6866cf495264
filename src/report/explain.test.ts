import t from 'tap';
import { loadLedger } from '../ledger/index.js';
import { type ExplainedScenario, explainRequirement } from './explain.js';

const scenario = (number: number, proves: string): ExplainedScenario => ({
  ...{ id: `server/core/number-${number}`, title: 't', class: 'core', proves: [proves], seenIn: [`o/r#${number}`] },
  ...{ file: 'f', exclusive: false, steps: [] },
});

t.test('every requirement tells its sentence and its reason, on a screen', (t) => {
  const mutants = Array.from({ length: 40 }, (_, index) => `mutant-${index}`);
  for (const requirement of loadLedger().requirements) {
    const { id, sentence, reason } = requirement;
    const scenarios = Array.from({ length: 40 }, (_, index) => scenario(index, id));
    const text = explainRequirement(requirement, scenarios, mutants);
    const words = text.replaceAll(/\s+/g, ' ');
    t.ok(reason !== undefined && words.includes(reason.replaceAll(/\s+/g, ' ')), `${id}: the reason`);
    t.ok(words.includes(sentence), `${id}: the sentence`);
    t.ok(text.split('\n').length <= 50, `${id}: ${text.split('\n').length} lines`);
    const broken = requirement.role === 'server' ? 'Broken servers' : 'Broken clients';
    t.ok(words.includes(broken), `${id}: ${broken}`);
    t.match(words, /number-0 .* and 29 more .*mutant-0, .* and 32 more .*o\/r\/issues\/0/);
  }
  t.end();
});

t.test('the command that plays a scenario is that of its role', async (t) => {
  const [requirement] = loadLedger().requirements;
  if (requirement === undefined) throw new Error('no requirement');
  const cases: [role: string, command: string][] = [
    ['server', 'npx im-conformance URL --only'],
    ['client', 'npx im-conformance client --exec "COMMAND" --only'],
  ];
  for (const [role, command] of cases) {
    const one = { ...scenario(1, requirement.id), id: `${role}/core/one` };
    t.ok(explainRequirement(requirement, [one], []).includes(`${command} '${role}/core/one*'`), role);
  }
});
