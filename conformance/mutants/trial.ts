import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Report, ScenarioResult, Violation } from '../../schemas/index.js';
import { KitError } from '../../src/errors.js';
import { type RunOptions, runSuite } from '../../src/harness/index.js';
import { packageRoot } from '../../src/package-root.js';
import type { Mutant } from './mutant.js';

/** Short bounds first: a mutant is expected to fail, and most do so by something that never comes. */
const PATIENCE_MS = 250;
const MORE_PATIENCE_MS = 500;
/** The server without a fault must not fail because the machine is busy. */
const CONTROL_PATIENCE_MS = 1_500;

/** A compiled file of this project, whether this code runs compiled or from source. */
export const builtFile = (path: string): string => {
  const here = fileURLToPath(new URL(`../../${path}`, import.meta.url));
  const built = join(packageRoot, 'dist', path);
  const found = [here, built].find((candidate) => existsSync(candidate));
  if (found !== undefined) return found;
  throw new KitError('usage', `there is no ${built}`, 'Build first: npm run build');
};

/** The command that starts a mutant as a subject. Throws a KitError when the project is not built. */
export const mutantCommand = (id: string, surroundings: Surroundings = {}): string =>
  `"${process.execPath}" "${builtFile('conformance/mutants/run.js')}" ${id} ${serveOptions(surroundings)}`;

/** What a server is started with. Mutants that share it share one run of the server without a fault. */
type Surroundings = Pick<Mutant, 'options' | 'tls'>;

/** A certificate for 127.0.0.1 that nobody else trusts: its key is public. */
export const certificateFile = (name: string): string =>
  join(packageRoot, 'conformance', 'mutants', 'certificate', name);

const serveOptions = ({ options = '', tls }: Surroundings): string => {
  const files = tls ? ` --tls-cert "${certificateFile('cert.pem')}" --tls-key "${certificateFile('key.pem')}"` : '';
  return `--port {port} --data {data}${files} ${options}`.trimEnd();
};

/** What the kit must know of a server to get in. */
const wayIn = ({ options = '', tls }: Surroundings): Pick<RunOptions, 'jwtSecret' | 'url' | 'ca'> => {
  const jwtSecret = /--jwt-secret (\S+)/.exec(options)?.[1];
  return {
    ...(jwtSecret === undefined ? {} : { jwtSecret }),
    ...(tls ? { url: 'wss://127.0.0.1:{port}/', ca: readFileSync(certificateFile('cert.pem'), 'utf8') } : {}),
  };
};

/** A run of the kit that tests one mutant with the scenarios that must catch it, and with nothing else. */
export const mutantRun = (mutant: Mutant, patienceMs = PATIENCE_MS): RunOptions => ({
  exec: mutantCommand(mutant.id, mutant),
  ...wayIn(mutant),
  ...(mutant.classes ? { classes: mutant.classes } : {}),
  only: [mutant.caughtBy],
  skip: [],
  headers: {},
  allowUnproven: true,
  seed: `mutant ${mutant.id}`,
  concurrency: 16,
  instances: 1,
  patienceMs,
  replayArguments: [],
});

/** The same scenarios for the server as it is: a scenario that fails without the fault proves nothing about it. */
export const controlRuns = (mutants: readonly Mutant[]): RunOptions[] => {
  const groups = new Map<string, Mutant[]>();
  for (const mutant of mutants) {
    const command = serveOptions(mutant);
    groups.set(command, [...(groups.get(command) ?? []), mutant]);
  }
  return [...groups].map(([command, group]) => ({
    exec: `"${process.execPath}" "${builtFile('bin/im-conformance.js')}" serve ${command}`,
    ...wayIn(group[0] as Mutant),
    only: [...new Set(group.map((mutant) => mutant.caughtBy))],
    skip: [],
    headers: {},
    allowUnproven: true,
    seed: 'control',
    concurrency: 16,
    instances: 2,
    patienceMs: CONTROL_PATIENCE_MS,
    replayArguments: [],
  }));
};

export interface MutantVerdict {
  caught: boolean;
  /** What caught it, or why nothing did. */
  why: string;
}

/** Whether the run failed for the right reason: the requirement that the mutant breaks, in the words it promises. */
export const judgeMutant = (mutant: Mutant, report: Report): MutantVerdict => {
  for (const scenario of report.scenarios) {
    // A SHOULD that is broken is a warning, and fails nothing.
    const violation = [...scenario.violations, ...scenario.warnings].find(
      (candidate) => candidate.requirement === mutant.requirement && textOf(candidate).includes(mutant.words),
    );
    if (violation) return { caught: true, why: `${scenario.id}: ${violation.message}` };
  }
  const verdicts = report.scenarios.map(summaryOf).concat(report.problems).join('\n') || 'no scenario ran';
  return { caught: false, why: `expected ${mutant.requirement} with "${mutant.words}", got:\n${verdicts}` };
};

/** Tests one mutant; again with more patience if nothing caught it, for the kit blames nobody when it stood still itself. */
export const tryMutant = async (mutant: Mutant, signal: AbortSignal): Promise<MutantVerdict> => {
  const verdict = judgeMutant(mutant, await runSuite(mutantRun(mutant), {}, signal));
  if (verdict.caught || signal.aborted) return verdict;
  return judgeMutant(mutant, await runSuite(mutantRun(mutant, MORE_PATIENCE_MS), {}, signal));
};

const textOf = ({ message, expected, seen, where = '' }: Violation): string =>
  [message, expected, seen, where].join('\n');

const summaryOf = ({ id, verdict, reason, violations }: ScenarioResult): string =>
  [
    `${id}: ${verdict}${reason === undefined ? '' : ` (${reason})`}`,
    ...violations.map((violation) => `  ${violation.requirement} ${textOf(violation).replaceAll('\n', ' | ')}`),
  ].join('\n');
