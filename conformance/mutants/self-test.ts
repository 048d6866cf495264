import { availableParallelism, loadavg } from 'node:os';
import picomatch from 'picomatch';
import type { MutantResult, Report, SelfTest } from '../../schemas/index.js';
import { KitError } from '../../src/errors.js';
import { type RunOptions, runSuite } from '../../src/harness/index.js';
import { kitVersion } from '../../src/kit-version.js';
import type { Mutant } from './mutant.js';
import { controlRuns } from './runs.js';
import { type MutantVerdict, tryMutant } from './trial.js';

/** Short bounds first: a mutant is expected to fail, and most do so by something that never comes. */
const FIRST_PATIENCE_MS = 250;
/** As long as the kit is patient by itself: for the kit blames nobody when it stood still itself. */
const PATIENCE_MS = 500;
/** A mutant gets a second run; one that a run may miss gets some more. */
const TRIES = 2;
const SUBTLE_TRIES = 6;

export interface SelfTestOptions {
  /** Mutants that are tested at the same time. */
  concurrency: number;
  /** Runs of each mutant, none left out, to measure how often one catches it. undefined: as many as it takes to catch it, within bounds. */
  repeat?: number;
}

export interface SelfTestHooks {
  onProgress?: (progress: { done: number; total: number; running: string[] }) => void;
  onResult?: (result: MutantResult) => void;
}

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
  const last = verdicts.at(-1);
  const seen = last === undefined || last.caught ? '' : last.seen;
  return {
    id,
    fault,
    requirement,
    caughtBy,
    ...(subtle === undefined ? {} : { subtle }),
    runs: verdicts.length,
    caught: by.length,
    by: [...new Set(by)],
    ...(by.length > 0 ? {} : { survived: { expected: `${requirement} with "${words}", by ${caughtBy}`, seen } }),
  };
};

/** Tests one mutant as often as the options say. undefined: it was interrupted before anything was known. */
const testMutant = async (
  mutant: Mutant,
  { repeat }: SelfTestOptions,
  signal: AbortSignal,
): Promise<MutantResult | undefined> => {
  const tries = repeat ?? (mutant.subtle === undefined ? TRIES : SUBTLE_TRIES);
  const verdicts: MutantVerdict[] = [];
  while (verdicts.length < tries) {
    const run = verdicts.length + 1;
    const patienceMs = repeat === undefined && run === 1 ? FIRST_PATIENCE_MS : PATIENCE_MS;
    const verdict = await tryMutant(mutant, { patienceMs, run }, signal);
    if (signal.aborted) return undefined;
    verdicts.push(verdict);
    if (verdict.caught && repeat === undefined) break;
  }
  return resultOf(mutant, verdicts);
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

/** What the server without a fault does not pass: sentences, and the number of scenarios that it passed. */
const control = async (mutants: readonly Mutant[], signal: AbortSignal): Promise<SelfTest['control']> => {
  const outcome: SelfTest['control'] = { passed: 0, problems: [] };
  for (const options of controlRuns(mutants, availableParallelism())) {
    const report = await reportUnlessAborted(options, signal);
    if (report === undefined) break;
    const { scenarios, problems } = report;
    outcome.passed += scenarios.filter(({ verdict }) => verdict === 'passed').length;
    for (const { id, verdict, reason, violations } of scenarios.filter((one) => one.verdict !== 'passed')) {
      const why = reason ?? violations.map(({ requirement, message }) => `${requirement} ${message}`).join('; ');
      outcome.problems.push(`${id} is ${verdict}: ${why}`);
    }
    outcome.problems.push(...problems);
  }
  return outcome;
};

/**
 * Tests the kit: first the server without a fault must pass what is to catch its mutants, then each mutant is tested.
 * Throws a KitError when the server without a fault cannot be tested at all.
 */
export const selfTest = async (
  mutants: readonly Mutant[],
  options: SelfTestOptions,
  hooks: SelfTestHooks,
  signal: AbortSignal,
): Promise<SelfTest> => {
  const startedAt = new Date();
  const total = mutants.length;
  hooks.onProgress?.({ done: 0, total, running: ['the server without a fault'] });
  const controlled = await control(mutants, signal);
  const results = new Map<string, MutantResult>();
  const running = new Set<string>();
  const tell = () => hooks.onProgress?.({ done: results.size, total, running: [...running] });
  const queue = [...mutants];
  const worker = async (): Promise<void> => {
    for (let mutant = queue.shift(); mutant && !signal.aborted; mutant = queue.shift()) {
      running.add(mutant.id);
      tell();
      const result = await testMutant(mutant, options, signal);
      running.delete(mutant.id);
      if (result === undefined) return;
      results.set(mutant.id, result);
      hooks.onResult?.(result);
      tell();
    }
  };
  await Promise.all(Array.from({ length: options.concurrency }, worker));
  return {
    kit: { name: 'im-conformance', version: kitVersion() },
    startedAt: startedAt.toISOString(),
    durationMs: Date.now() - startedAt.getTime(),
    cores: availableParallelism(),
    load: Math.round((loadavg()[0] ?? 0) * 10) / 10,
    complete: results.size === total && !signal.aborted,
    control: controlled,
    mutants: mutants.flatMap(({ id }) => results.get(id) ?? []),
  };
};

/** Whether the kit caught every mutant and nothing else. */
export const isPerfect = ({ complete, control, mutants }: SelfTest): boolean =>
  complete && control.problems.length === 0 && mutants.every(({ caught }) => caught > 0);
