import type { Report, Role } from '../../schemas/index.js';
import { prepareClient } from './client/prepare.js';
import type { RunHooks, RunOptions } from './options.js';
import { testWith } from './run/run-suite.js';
import { prepareServer } from './server/prepare.js';
import type { RoleHarness } from './tested.js';

export { EXIT, type RunHooks, type RunOptions, type RunProgress } from './options.js';
export { whyNoClock } from './process/fake-clock.js';
export { withWarningsCounted } from './run/exit-code.js';
export { listScenarios } from './run/list-scenarios.js';
export { matcher } from './run/selection.js';

const HARNESSES: Readonly<Record<Role, RoleHarness>> = {
  server: { prepare: prepareServer },
  client: { prepare: prepareClient },
};

/**
 * Tests one subject: starts or finds it, plays the chosen scenarios, judges every history and ends everything that it
 * started. Throws a KitError `usage` or `unreachable` when nothing could be tested; every other trouble is in the report.
 */
export const runSuite = (options: RunOptions, hooks: RunHooks, signal: AbortSignal): Promise<Report> =>
  testWith(HARNESSES[options.role ?? 'server'], options, hooks, signal);
