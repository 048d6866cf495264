import { setMaxListeners } from 'node:events';
import { relative } from 'node:path';
import type { Report } from '../../schemas/index.js';
import { KitError } from '../../src/errors.js';
import { EXIT } from '../../src/harness/options.js';
import { count, names } from '../../src/report/words.js';
import { tell, tellFailure } from '../failure.js';
import { FileWatcher } from './file-watcher.js';

/** One run of several. */
export interface Round {
  /** Scenarios that failed last: they are played before the others. */
  first: readonly string[];
  /** Aborts when a file changes, or the caller has enough. */
  signal: AbortSignal;
}

/** What is played again and again, and what it depends on. */
export interface Watched {
  paths: readonly string[];
  /** What the kit writes: it must not start the next run. */
  ignored: readonly string[];
  interrupt: AbortSignal;
  /** Plays once. */
  play(round: Round): Promise<Report>;
  /** Writes the reports of a run that came to its end, or was interrupted; resolves with the exit code. */
  write(report: Report): Promise<number>;
}

/** What is still to be repaired: a scenario that was not played again is no better than before. */
const failedAfter = (before: readonly string[], { scenarios }: Report): string[] => {
  const verdicts = new Map(scenarios.map(({ id, verdict }) => [id, verdict]));
  const left = before.filter((id) => !verdicts.has(id));
  return [...scenarios.flatMap(({ id, verdict }) => (verdict === 'failed' ? [id] : [])), ...left];
};

/** Why a subject could not be tested: that may change with the next change of a file. */
const toldFailure = (error: unknown, isFirst: boolean): number => {
  if (isFirst && error instanceof KitError && error.code === 'usage') throw error;
  return tellFailure(error).exitCode;
};

const shown = (files: readonly string[]): string =>
  names(
    files.map((file) => relative(process.cwd(), file)),
    3,
  );

/**
 * Plays, waits until a file changes, and plays again, what failed last before the rest, until it is interrupted. A change
 * ends a run that is under way. Returns the exit code of the last run; throws what keeps the first one from starting.
 */
export const watchLoop = async ({ paths, ignored, interrupt, play, write }: Watched): Promise<number> => {
  const watcher = new FileWatcher(paths, ignored);
  let failed: string[] = [];
  let exitCode: number = EXIT.interrupted;
  try {
    for (let round = 1; ; round++) {
      const stale = new AbortController();
      const changed = watcher.next(interrupt);
      // What the run starts is ended before the next one.
      void changed.then(() => stale.abort());
      const signal = AbortSignal.any([interrupt, stale.signal]);
      setMaxListeners(0, signal, stale.signal);
      try {
        const report = await play({ first: failed, signal });
        failed = failedAfter(failed, report);
        if (interrupt.aborted || !stale.signal.aborted) exitCode = await write(report);
      } catch (error) {
        if (!signal.aborted) exitCode = toldFailure(error, round === 1);
      }
      if (interrupt.aborted) return exitCode;
      if (!stale.signal.aborted) tell(`waiting for a change in ${paths.join(', ')}; Ctrl-C ends`);
      const files = await changed;
      if (files === undefined) return exitCode;
      const order = failed.length === 0 ? '' : `, ${count(failed.length, 'failure')} first`;
      tell(`changed: ${shown(files)}. Testing again${order}`);
    }
  } finally {
    watcher.close();
  }
};
