import type { Report } from '../../schemas/index.js';
import type { RunHooks, RunOptions } from '../../src/harness/options.js';

interface Harness {
  runSuite(options: RunOptions, hooks: RunHooks, signal: AbortSignal): Promise<Report>;
  listScenarios(options: RunOptions): { id: string; title: string }[] | Promise<{ id: string; title: string }[]>;
}

export const loadHarness = async (): Promise<Harness> => {
  const path = '../../src/harness/index.js';
  return (await import(path)) as Harness;
};
