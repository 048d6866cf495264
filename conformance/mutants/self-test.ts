import { availableParallelism, loadavg } from 'node:os';
import picomatch from 'picomatch';
import type { MutantResult, Report, SelfTest } from '../../schemas/index.js';
import { KitError } from '../../src/errors.js';
import { type RunOptions, runSuite } from '../../src/harness/index.js';
import { kitVersion } from '../../src/kit-version.js';
import { botFile } from '../patching/client-folder.js';
import { ENGINES } from '../patching/cluster-command.js';
import { serverFile } from '../patching/server-file.js';
import { refuseStale } from '../patching/stale.js';
import { fingerprintOf } from './fingerprint.js';
import type { Mutant } from './mutant.js';
import { roleOf } from './mutant-file.js';
import { controlRuns } from './runs.js';
import { isCaughtRightly, type SelfTestHooks, type SelfTestOptions, testMutants } from './test-mutants.js';
import type { MutantVerdict } from './trial.js';

/**
 * The mutants whose id matches one of the globs; without globs all, or, where they are to be measured, the subtle ones.
 * Throws a usage KitError for a glob that matches none: a typo must not look like a perfect score.
 */
export const chooseMutants = (all: readonly Mutant[], globs: readonly string[], measured: boolean): Mutant[] => {
  const unmatched = globs.find((glob) => !all.some(({ id }) => picomatch.isMatch(id, glob)));
  if (unmatched !== undefined) {
    throw new KitError(
      'usage',
      `--only "${unmatched}" matches no mutant`,
      'self-test --list prints the ids of all mutants.',
    );
  }
  if (globs.length > 0) return all.filter(({ id }) => picomatch.isMatch(id, [...globs]));
  if (!measured) return [...all];
  const subtle = all.filter((mutant) => mutant.subtle !== undefined);
  if (subtle.length > 0) return subtle;
  throw new KitError('usage', 'no mutant is subtle, so there is none to measure', 'Choose some with --only.');
};

const resultOf = (mutant: Mutant, verdicts: readonly MutantVerdict[]): MutantResult => {
  const { id, fault, requirement, caughtBy, subtle, words } = mutant;
  const by = verdicts.flatMap((verdict) => (verdict.caught ? [verdict.by] : []));
  const right = verdicts.filter(isCaughtRightly).length;
  const misled = verdicts.flatMap((verdict) => (verdict.caught ? (verdict.misled ?? []) : []));
  const last = verdicts.at(-1);
  const seen = last === undefined || last.caught ? '' : last.seen;
  return {
    id,
    fault,
    requirement,
    caughtBy,
    fingerprint: fingerprintOf(mutant),
    ...(subtle === undefined ? {} : { subtle }),
    runs: verdicts.length,
    caught: by.length,
    right,
    by: [...new Set(by)],
    ...(misled.length === 0 ? {} : { misled: [...new Set(misled)] }),
    ...(by.length > 0 ? {} : { survived: { expected: `${requirement} with "${words}", by ${caughtBy}`, seen } }),
  };
};

/** undefined: interrupted. Whatever such a run still meets, such as a server that was ended while it started, comes from that. */
const reportUnlessAborted = async (options: RunOptions, signal: AbortSignal): Promise<Report | undefined> => {
  try {
    const report = await runSuite(options, {}, signal);
    return signal.aborted ? undefined : report;
  } catch (cause) {
    if (signal.aborted) return undefined;
    throw cause;
  }
};

const addControl = (outcome: SelfTest['control'], { scenarios, problems }: Report): void => {
  outcome.passed += scenarios.filter(({ verdict }) => verdict === 'passed').length;
  for (const { id, verdict, reason, violations } of scenarios.filter((one) => one.verdict !== 'passed')) {
    const why = reason ?? violations.map(({ requirement, message }) => `${requirement} ${message}`).join('; ');
    outcome.problems.push(`${id} is ${verdict}: ${why}`);
  }
  outcome.problems.push(...problems);
};

/** What the subject without a fault does not pass: sentences, and the number of scenarios that it passed. */
const control = async (mutants: readonly Mutant[], signal: AbortSignal): Promise<SelfTest['control']> => {
  const outcome: SelfTest['control'] = { passed: 0, problems: [] };
  const server = serverFile('the server without a fault', []);
  const needsBot = mutants.some((mutant) => roleOf(mutant) === 'client');
  const bot = needsBot ? botFile('the client without a fault', []) : undefined;
  try {
    for (const options of controlRuns(mutants, server.file, availableParallelism(), bot?.file)) {
      const report = await reportUnlessAborted(options, signal);
      if (report === undefined) break;
      addControl(outcome, report);
    }
    return outcome;
  } finally {
    server.remove();
    bot?.remove();
  }
};

/** Mutants whose scenario this machine cannot play, with what is missing. */
const untestableOf = (mutants: readonly Mutant[], whyNoClock: string | undefined): SelfTest['untested'] => {
  const missing = { clock: whyNoClock, etcd: ENGINES.etcd.whyNot() };
  return mutants.flatMap(({ id, needs }) => {
    const why = needs === undefined ? undefined : missing[needs];
    return why === undefined ? [] : [{ id, why }];
  });
};

/**
 * Tests the kit: first the subject without a fault must pass what is to catch its mutants, then each mutant is tested.
 * Throws a KitError when a patch does not fit the compiled server any more, the subject without a fault cannot be tested
 * at all, or none of the mutants on this machine.
 */
export const selfTest = async (
  chosen: readonly Mutant[],
  options: SelfTestOptions,
  hooks: SelfTestHooks,
  signal: AbortSignal,
): Promise<SelfTest> => {
  const startedAt = new Date();
  refuseStale('mutant', chosen);
  const untested = untestableOf(chosen, options.whyNoClock);
  const mutants = chosen.filter(({ id }) => !untested.some((one) => one.id === id));
  if (mutants.length === 0 && untested[0] !== undefined) {
    throw new KitError(
      'usage',
      `${untested[0].id} cannot be tested: ${untested[0].why}`,
      'Choose others, or install it.',
    );
  }
  hooks.onProgress?.({ done: 0, total: mutants.length, running: ['the subject without a fault'] });
  // Whole runs ask only what is accused first: that nothing is, is asked by the run of the suite itself.
  const controlled = options.whole === true ? { passed: 0, problems: [] } : await control(mutants, signal);
  const verdicts = await testMutants(mutants, options, hooks, signal);
  return {
    kit: { name: 'im-conformance', version: kitVersion() },
    startedAt: startedAt.toISOString(),
    durationMs: Date.now() - startedAt.getTime(),
    cores: availableParallelism(),
    load: Math.round((loadavg()[0] ?? 0) * 10) / 10,
    whole: options.whole === true,
    complete: verdicts.size === mutants.length && !signal.aborted,
    control: controlled,
    mutants: [...verdicts].map(([mutant, found]) => resultOf(mutant, found)),
    untested,
  };
};

/** Whether the kit caught every mutant and nothing else, and each time accused the fault first. */
export const isPerfect = ({ complete, control, mutants }: SelfTest): boolean =>
  complete && control.problems.length === 0 && mutants.every(({ right }) => right > 0);
