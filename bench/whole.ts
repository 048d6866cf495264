import { packageRoot } from '../src/package-root.js';
import type { Figure } from './figure.js';
import { kitProgram } from './kit-program.js';
import { timedCommand } from './timed-command.js';

const BOUND_MS = 3_600_000;

const measure = (name: string, words: readonly string[], targetMinutes: number): Figure => {
  const { status, wallMs, cpuMs } = timedCommand(words, packageRoot, BOUND_MS);
  return {
    name,
    value: wallMs / 60_000,
    unit: 'min',
    target: { atMost: targetMinutes },
    detail: `one run; CPU ${(cpuMs / 1_000).toFixed(0)} s; ${status === 0 ? 'passed' : `NOT PASSED: exit code ${status}`}`,
  };
};

/** Every mutant, once. */
export const benchSelfTest = async (): Promise<Figure[]> => [
  measure('whole self-test: wall', [process.execPath, kitProgram, 'self-test'], 6),
];

/** All tests of this project, without the build before them: it would replace the program that measures. */
export const benchTests = async (): Promise<Figure[]> => [measure('npm test: wall', ['npx', 'tap'], 5)];
