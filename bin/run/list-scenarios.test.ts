import t from 'tap';
import { loadLedger } from '../../src/ledger/index.js';
import { loadScenarios } from '../../src/verbs/index.js';
import { requirementLines, scenarioLines } from './list-scenarios.js';

t.test('every requirement of the chosen classes is listed once, with its proofs', async (t) => {
  const core = loadScenarios().filter(({ role, class: name }) => role === 'server' && name === 'core');
  t.equal(scenarioLines(core).length, core.length);
  const lines = requirementLines(core);
  const expected = loadLedger().requirements.filter(({ role, class: name }) => role === 'server' && name === 'core');
  t.equal(lines.length, expected.length + 1);
  t.match(
    lines.find((line) => line.startsWith('IM-3-1\t')),
    /^IM-3-1\tMUST\tcore\t[0-9]+ scenarios$/,
  );
  t.match(lines.at(-1), new RegExp(`^${expected.length} of ${expected.length} requirements are proven`));
});

t.test('a requirement without a proof says so', async (t) => {
  const one = loadScenarios().filter((scenario) => scenario.id === 'server/core/ping');
  t.match(
    requirementLines(one).find((line) => line.startsWith('IM-4.2-3\t')),
    /no scenario$/,
  );
});
