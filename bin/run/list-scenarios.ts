import type { Profile } from '../../schemas/index.js';
import { isOfRole, type Ledger, loadLedger, whyNotJudged } from '../../src/ledger/index.js';
import { count } from '../../src/report/words.js';
import type { Scenario } from '../../src/script/index.js';

/** One line a scenario: id and title, and why it is not played where a dialect lacks something. */
export const scenarioLines = (
  scenarios: readonly Scenario[],
  whyNot: (scenario: Scenario) => string | undefined = () => undefined,
): string[] =>
  scenarios.map((scenario) => {
    const why = whyNot(scenario);
    return `${scenario.id}\t${scenario.title}${why === undefined ? '' : `\t${why}`}`;
  });

/**
 * One line a requirement of the role and the classes that the scenarios are for: id, level, class, and how many scenarios
 * prove it, or why none can; then the coverage.
 */
export const requirementLines = (
  scenarios: readonly Scenario[],
  ledger: Ledger = loadLedger(),
  profile?: Profile,
): string[] => {
  const classes = new Set<string>(scenarios.map((scenario) => scenario.class));
  const roles = new Set(scenarios.map(({ role }) => role));
  const rows = ledger.requirements.filter(
    (requirement) => [...roles].some((role) => isOfRole(requirement, role)) && classes.has(requirement.class),
  );
  const proofs = new Map(rows.map(({ id }) => [id, scenarios.filter(({ proves }) => proves.includes(id)).length]));
  const lines = rows.map((requirement) => {
    const { id, level, class: name, unobserved } = requirement;
    const why = profile && whyNotJudged(requirement, profile);
    if (why !== undefined) return `${id}\t${level}\t${name}\tnot through this dialect: ${why}`;
    const number = proofs.get(id) ?? 0;
    const proof =
      number > 0 ? count(number, 'scenario') : unobserved === undefined ? 'no scenario' : `unseen: ${unobserved}`;
    return `${id}\t${level}\t${name}\t${proof}`;
  });
  const proven = rows.filter(({ id }) => (proofs.get(id) ?? 0) > 0).length;
  return [...lines, `${proven} of ${rows.length} requirements are proven by ${scenarios.length} scenarios`];
};

/** The same for programs. */
export const listJson = (
  scenarios: readonly Scenario[],
  requirements: boolean,
  ledger: Ledger = loadLedger(),
): string => {
  const classes = new Set<string>(scenarios.map((scenario) => scenario.class));
  const rows = ledger.requirements.filter(({ role, class: name }) => role === 'server' && classes.has(name));
  const list = requirements
    ? rows.map(({ id, level, class: name }) => {
        const proven = scenarios.filter(({ proves }) => proves.includes(id));
        return { id, level, class: name, scenarios: proven.map((scenario) => scenario.id) };
      })
    : scenarios.map(({ id, title, class: name, proves }) => ({ id, title, class: name, proves }));
  return JSON.stringify(list, undefined, 2);
};
