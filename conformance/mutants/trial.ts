import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Report, ScenarioResult, Violation } from '../../schemas/index.js';
import { KitError } from '../../src/errors.js';
import type { RunOptions } from '../../src/harness/options.js';
import { packageRoot } from '../../src/package-root.js';
import type { Mutant } from './mutant.js';

/** The command that starts a mutant as a subject. Throws a KitError when the project is not built. */
export const mutantCommand = (id: string): string => {
  const beside = fileURLToPath(new URL('./run.js', import.meta.url));
  const built = join(packageRoot, 'dist', 'conformance', 'mutants', 'run.js');
  const runner = [beside, built].find((path) => existsSync(path));
  if (runner === undefined) throw new KitError('usage', `there is no ${built}`, 'Build first: npm run build');
  return `"${process.execPath}" "${runner}" ${id} --port {port} --data {data}`;
};

/** A run of the kit that tests one mutant with the scenarios that must catch it, and with nothing else. */
export const mutantRun = (mutant: Mutant): RunOptions => ({
  exec: mutantCommand(mutant.id),
  ...(mutant.classes ? { classes: mutant.classes } : {}),
  only: [mutant.caughtBy],
  skip: [],
  headers: {},
  allowUnproven: true,
  seed: `mutant ${mutant.id}`,
  concurrency: 16,
  instances: 1,
  patienceMs: 1_000,
  replayArguments: [],
});

export interface MutantVerdict {
  caught: boolean;
  /** What caught it, or why nothing did. */
  why: string;
}

/** Whether the run failed for the right reason: the requirement that the mutant breaks, in the words it promises. */
export const judgeMutant = (mutant: Mutant, report: Report): MutantVerdict => {
  const failed = report.scenarios.filter((scenario) => scenario.verdict === 'failed');
  for (const scenario of failed) {
    const violation = scenario.violations.find(
      (candidate) => candidate.requirement === mutant.requirement && textOf(candidate).includes(mutant.words),
    );
    if (violation) return { caught: true, why: `${scenario.id}: ${violation.message}` };
  }
  const verdicts = report.scenarios.map(summaryOf).concat(report.problems).join('\n') || 'no scenario ran';
  return { caught: false, why: `expected ${mutant.requirement} with "${mutant.words}", got:\n${verdicts}` };
};

const textOf = ({ message, expected, seen, where = '' }: Violation): string =>
  [message, expected, seen, where].join('\n');

const summaryOf = ({ id, verdict, reason, violations }: ScenarioResult): string =>
  [
    `${id}: ${verdict}${reason === undefined ? '' : ` (${reason})`}`,
    ...violations.map((violation) => `  ${violation.requirement} ${textOf(violation).replaceAll('\n', ' | ')}`),
  ].join('\n');
