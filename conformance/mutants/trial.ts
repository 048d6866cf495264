import type { Report, ScenarioResult, Violation } from '../../schemas/index.js';
import { KitError } from '../../src/errors.js';
import { runSuite } from '../../src/harness/index.js';
import type { Mutant } from './mutant.js';
import { roleOf, subjectFile } from './mutant-file.js';
import { mutantRun } from './runs.js';

/**
 * What one run of the kit said of a mutant: the scenario that caught it, and what the first failure accuses where that
 * is neither the requirement nor an equivalent; or what was reported instead.
 */
export type MutantVerdict = { caught: true; by: string; misled?: string } | { caught: false; seen: string };

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

interface Accused {
  readonly id: string;
  readonly violation: Violation;
}

const accusationsOf = ({ id, violations, warnings }: ScenarioResult): Accused[] =>
  [...violations, ...warnings].map((violation) => ({ id, violation }));

/** Whether an accusation names what the mutant breaks, or what the entry lists as the same. */
const isRight = ({ requirement, equivalents = [] }: Mutant, accused: string): boolean =>
  accused === requirement || equivalents.some((one) => one.requirement === accused);

/**
 * What a run accuses first: the requirement with which most of the failed scenarios begin. A single scenario may meet a
 * consequence first; the fault itself is met by most of them.
 */
export const firstAccusation = ({ scenarios }: Report): string | undefined => {
  const counts = new Map<string, number>();
  const failed = scenarios.filter(({ violations }) => violations.length > 0);
  // A SHOULD that is broken is a warning, and fails nothing.
  for (const result of failed.length > 0 ? failed : scenarios) {
    const first = accusationsOf(result)[0]?.violation.requirement;
    if (first !== undefined) counts.set(first, (counts.get(first) ?? 0) + 1);
  }
  return [...counts].sort(([, one], [, other]) => other - one)[0]?.[0];
};

/** Whether the run failed for the right reason: the requirement that the mutant breaks, in the words it promises. */
export const judgeMutant = (mutant: Mutant, report: Report): MutantVerdict => {
  const { requirement, words } = mutant;
  const { scenarios, problems } = report;
  const all = scenarios.flatMap(accusationsOf);
  const own = all.filter(({ violation }) => violation.requirement === requirement);
  const right = own.filter(({ violation }) => findingOf(violation).includes(words));
  const leading = right.find(({ id }) =>
    isRight(mutant, all.find((one) => one.id === id)?.violation.requirement ?? ''),
  );
  if (leading) return { caught: true, by: leading.id };
  const [by] = right;
  if (by) return { caught: true, by: by.id, misled: all.find(({ id }) => id === by.id)?.violation.requirement ?? '' };
  const hint = own.some(({ violation }) => textOf(violation).includes(words)) ? [ONLY_IN_THE_SCRIPT] : [];
  return { caught: false, seen: [...hint, ...scenarios.map(summaryOf), ...problems].join('\n') };
};

/** Whether the first accusation of a whole run is the fault, whatever its words. */
export const judgeWhole = (mutant: Mutant, report: Report): MutantVerdict => {
  const first = firstAccusation(report);
  if (first === undefined) return { caught: false, seen: 'no scenario of the whole run failed' };
  const by = report.scenarios.find((one) => accusationsOf(one)[0]?.violation.requirement === first)?.id ?? '';
  return isRight(mutant, first) ? { caught: true, by } : { caught: true, by, misled: first };
};

/**
 * Tests one mutant once. A mutant that cannot be started is a mutant that nothing caught: the others are tested all
 * the same.
 */
export const tryMutant = async (
  mutant: Mutant,
  { patienceMs, run, whole }: { patienceMs: number; run: number; whole: boolean },
  signal: AbortSignal,
): Promise<MutantVerdict> => {
  let server: ReturnType<typeof subjectFile> | undefined;
  try {
    server = subjectFile(roleOf(mutant), `mutant "${mutant.id}"`, mutant.patch);
    const options = mutantRun(mutant, server.file, patienceMs, run);
    if (!whole) return judgeMutant(mutant, await runSuite(options, {}, signal));
    return judgeWhole(mutant, await runSuite({ ...options, only: [] }, {}, signal));
  } catch (error) {
    if (signal.aborted) return { caught: false, seen: 'the self-test was interrupted' };
    if (!(error instanceof KitError)) throw error;
    return { caught: false, seen: `${error.message}\n${error.remedy}` };
  } finally {
    server?.remove();
  }
};
