import { closeSync, openSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { loadMutants } from '../../conformance/mutants/load-mutants.js';
import { chooseMutants, isPerfect, selfTest } from '../../conformance/mutants/self-test.js';
import type { SelfTest } from '../../schemas/index.js';
import { defined } from '../../src/defined.js';
import { KitError } from '../../src/errors.js';
import { whyNoClock } from '../../src/harness/index.js';
import { EXIT } from '../../src/harness/options.js';
import { paintFor } from '../../src/report/index.js';
import { tell } from '../failure.js';
import { onInterrupt } from './interrupt.js';
import { ProgressLine } from './progress-line.js';
import { writeStdout } from './report-targets.js';
import { selfTestText } from './self-test-table.js';

/** Most of what a mutant takes is waiting for what never comes. */
const MUTANTS_PER_CORE = 3;
const MAX_CONCURRENCY = 64;
const MAX_REPEAT = 1_000;
/** Of the table, where nobody's window limits it. */
const WIDTH = 200;

const integer = (name: string, value: unknown, most: number): number | undefined => {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (Number.isInteger(number) && number >= 1 && number <= most) return number;
  throw new KitError('usage', `--${name} must be an integer from 1 to ${most}`, 'Give a number in that range.');
};

const unwritable = (file: string, cause: unknown): KitError => {
  const code = (cause as NodeJS.ErrnoException).code ?? 'unwritable';
  return new KitError('usage', `cannot write ${file} (${code})`, 'Name a file that can be written.', { cause });
};

/** Opening is the only true test; a run of minutes must not end with a name that cannot be written. */
const checkWritable = (file: string): void => {
  try {
    closeSync(openSync(file, 'a'));
  } catch (cause) {
    throw unwritable(file, cause);
  }
};

const writeJson = (file: string, result: SelfTest): void => {
  try {
    writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`);
  } catch (cause) {
    throw unwritable(file, cause);
  }
};

/** The `self-test` command. Returns the exit code; throws a usage KitError for options that cannot be used. */
export const runSelfTest = async (options: Readonly<Record<string, unknown>>): Promise<number> => {
  const repeat = integer('repeat', options.repeat, MAX_REPEAT);
  const concurrency = integer('concurrency', options.concurrency, MAX_CONCURRENCY);
  const mutants = chooseMutants(loadMutants(), options.only as string[], repeat !== undefined);
  if (options.list === true) {
    await writeStdout(mutants.map(({ id, requirement, fault }) => `${id}  ${requirement}  ${fault}\n`).join(''));
    return EXIT.conforms;
  }
  const json = options.json as string | undefined;
  if (json !== undefined) checkWritable(json);
  const line = new ProgressLine(process.stderr, process.env);
  const interrupt = onInterrupt('server and client', (text) => line.aside(() => tell(text)));
  try {
    const result = await selfTest(
      mutants,
      {
        concurrency: concurrency ?? MUTANTS_PER_CORE * availableParallelism(),
        whyNoClock: whyNoClock(),
        whole: options.whole === true,
        ...defined({ repeat }),
      },
      { onProgress: (progress) => line.update(progress) },
      interrupt.signal,
    );
    line.end();
    const paint = paintFor({ isTTY: process.stdout.isTTY === true, env: process.env });
    await writeStdout(selfTestText(result, paint, process.stdout.columns ?? WIDTH));
    if (json !== undefined) writeJson(json, result);
    if (interrupt.signal.aborted) return EXIT.interrupted;
    return isPerfect(result) ? EXIT.conforms : EXIT.nonconforming;
  } finally {
    line.end();
    interrupt.stop();
  }
};
