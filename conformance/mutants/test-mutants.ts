import type { Mutant } from './mutant.js';
import { type MutantVerdict, tryMutant } from './trial.js';

/** Short bounds first: a mutant is expected to fail, and most do so by something that never comes. */
const FIRST_PATIENCE_MS = 250;
/** As long as the kit is patient by itself: for the kit blames nobody when it stood still itself. */
const PATIENCE_MS = 500;
/** A mutant gets a second run; one that a run may miss gets some more. */
const TRIES = 2;
const SUBTLE_TRIES = 6;
/** What survives meanwhile is tested again when nothing else runs: many mutants at once leave each of them little time. */
const TRIES_ALONE = 4;
/** More survivors than these are no accident. */
const MAX_TRIED_ALONE = 8;

export interface SelfTestOptions {
  /** Why no clock of a server can be set on this machine. undefined: it can. */
  whyNoClock?: string | undefined;
  /** Mutants that are tested at the same time. */
  concurrency: number;
  /** Runs of each mutant, none left out, to measure how often one catches it. undefined: as many as it takes to catch it, within bounds. */
  repeat?: number;
  /** Plays every scenario of the classes of a mutant, and asks what the whole run accuses first. */
  whole?: boolean;
}

export interface SelfTestHooks {
  onProgress?: (progress: { done: number; total: number; running: string[] }) => void;
}

interface Tries {
  most: number;
  /** Goes on after a run that caught it. */
  all: boolean;
  firstPatienceMs: number;
  whole: boolean;
}

const triesOf = ({ subtle }: Mutant, { repeat, whole = false }: SelfTestOptions): Tries => {
  if (whole) return { most: repeat ?? 1, all: true, firstPatienceMs: PATIENCE_MS, whole };
  return repeat === undefined
    ? { most: subtle === undefined ? TRIES : SUBTLE_TRIES, all: false, firstPatienceMs: FIRST_PATIENCE_MS, whole }
    : { most: repeat, all: true, firstPatienceMs: PATIENCE_MS, whole };
};

const ALONE: Tries = { most: TRIES_ALONE, all: false, firstPatienceMs: PATIENCE_MS, whole: false };

/** Caught, and the first failure says why. */
export const isCaughtRightly = (verdict: MutantVerdict): boolean => verdict.caught && verdict.misled === undefined;

/** Tests one mutant again, after the runs of `before`. undefined: it was interrupted. */
const testMutant = async (
  mutant: Mutant,
  { most, all, firstPatienceMs, whole }: Tries,
  before: readonly MutantVerdict[],
  signal: AbortSignal,
): Promise<MutantVerdict[] | undefined> => {
  const verdicts = [...before];
  for (let left = most; left > 0; left -= 1) {
    const patienceMs = left === most ? firstPatienceMs : PATIENCE_MS;
    const verdict = await tryMutant(mutant, { patienceMs, run: verdicts.length + 1, whole }, signal);
    if (signal.aborted) return undefined;
    verdicts.push(verdict);
    if (isCaughtRightly(verdict) && !all) break;
  }
  return verdicts;
};

/** The runs of each mutant that was tested, in the order of the catalogue. */
type Verdicts = ReadonlyMap<Mutant, MutantVerdict[]>;

/** Mutants that nothing caught, unless they are so many that testing them again would only take time. */
const survivorsOf = (verdicts: Verdicts): Mutant[] => {
  const survivors = [...verdicts].filter(([, found]) => !found.some(isCaughtRightly)).map(([mutant]) => mutant);
  return survivors.length > MAX_TRIED_ALONE ? [] : survivors;
};

/** Tests the mutants, so many at the same time. Those that an interrupt leaves untested are missing in the result. */
export const testMutants = async (
  mutants: readonly Mutant[],
  options: SelfTestOptions,
  { onProgress }: SelfTestHooks,
  signal: AbortSignal,
): Promise<Verdicts> => {
  const verdicts = new Map<Mutant, MutantVerdict[]>();
  const running = new Set<string>();
  let left = mutants.length;
  const tell = () => onProgress?.({ done: mutants.length - left, total: mutants.length, running: [...running] });

  const testAll = async (chosen: readonly Mutant[], concurrency: number, triesFor: (mutant: Mutant) => Tries) => {
    const queue = [...chosen];
    left = chosen.length;
    const worker = async (): Promise<void> => {
      for (let mutant = queue.shift(); mutant && !signal.aborted; mutant = queue.shift()) {
        running.add(mutant.id);
        tell();
        const found = await testMutant(mutant, triesFor(mutant), verdicts.get(mutant) ?? [], signal);
        running.delete(mutant.id);
        if (found === undefined) return;
        verdicts.set(mutant, found);
        left -= 1;
        tell();
      }
    };
    await Promise.all(Array.from({ length: concurrency }, worker));
  };

  await testAll(mutants, options.concurrency, (mutant) => triesOf(mutant, options));
  if (options.repeat === undefined && options.whole !== true) await testAll(survivorsOf(verdicts), 1, () => ALONE);
  return new Map(
    mutants.flatMap((mutant) => {
      const found = verdicts.get(mutant);
      return found === undefined ? [] : [[mutant, found] as const];
    }),
  );
};
