import type { Report, ScenarioResult, Violation } from '../../schemas/index.js';
import { KitError } from '../../src/errors.js';
import { runSuite } from '../../src/harness/index.js';
import { type ServerFile, serverFile } from '../patching/server-file.js';
import type { Mutant } from './mutant.js';
import { mutantRun } from './runs.js';

/** What one run of the kit said of a mutant: the scenario that caught it, or what was reported instead. */
export type MutantVerdict = { caught: true; by: string } | { caught: false; seen: string };

const textOf = ({ message, expected, seen, where = '' }: Violation): string =>
  [message, expected, seen, where].join('\n');

const summaryOf = ({ id, verdict, reason, violations, warnings }: ScenarioResult): string =>
  [
    `${id}: ${verdict}${reason === undefined ? '' : ` (${reason})`}`,
    ...[...violations, ...warnings].map(
      (violation) => `  ${violation.requirement} ${textOf(violation).replaceAll('\n', ' | ')}`,
    ),
  ].join('\n');

/** What a failure says of this server. A missed step quotes the script and what it waits for, whatever came instead. */
const findingOf = (violation: Violation): string =>
  violation.step !== undefined ? `${violation.seen}\n${violation.where ?? ''}` : textOf(violation);

const ONLY_IN_THE_SCRIPT =
  'the words stand only in what the step waits for, and would whatever came: take them from what was seen';

/** Whether the run failed for the right reason: the requirement that the mutant breaks, in the words it promises. */
export const judgeMutant = ({ requirement, words }: Mutant, { scenarios, problems }: Report): MutantVerdict => {
  // A SHOULD that is broken is a warning, and fails nothing.
  const all = scenarios.flatMap(({ id, violations, warnings }) =>
    [...violations, ...warnings].map((violation) => ({ id, violation })),
  );
  const own = all.filter(({ violation }) => violation.requirement === requirement);
  const right = own.find(({ violation }) => findingOf(violation).includes(words));
  if (right) return { caught: true, by: right.id };
  const hint = own.some(({ violation }) => textOf(violation).includes(words)) ? [ONLY_IN_THE_SCRIPT] : [];
  return { caught: false, seen: [...hint, ...scenarios.map(summaryOf), ...problems].join('\n') };
};

/**
 * Tests one mutant once. A mutant that cannot be started is a mutant that nothing caught: the others are tested all
 * the same.
 */
export const tryMutant = async (
  mutant: Mutant,
  { patienceMs, run }: { patienceMs: number; run: number },
  signal: AbortSignal,
): Promise<MutantVerdict> => {
  let server: ServerFile | undefined;
  try {
    server = serverFile(`mutant "${mutant.id}"`, mutant.patch);
    return judgeMutant(mutant, await runSuite(mutantRun(mutant, server.file, patienceMs, run), {}, signal));
  } catch (error) {
    if (signal.aborted) return { caught: false, seen: 'the self-test was interrupted' };
    if (!(error instanceof KitError)) throw error;
    return { caught: false, seen: `${error.message}\n${error.remedy}` };
  } finally {
    server?.remove();
  }
};
