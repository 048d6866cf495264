import type { Command } from 'commander';
import { groupsOf } from '../../src/options/option-table.js';
import { configOption, optionOf } from './test.js';

/** Adds the command that tests a client. */
export const registerClient = (program: Command): void => {
  const command = program
    .command('client')
    .description(
      'Tests a client: starts its bot, plays the server, and says what it lost, doubled or never sent again.',
    );
  for (const spec of groupsOf('client').flatMap(([, specs]) => specs)) command.addOption(optionOf(spec));
  command.addOption(configOption());
  command.action(async (values: Record<string, unknown>) => {
    const { runTest } = await import('../run/run-test.js');
    process.exit(await runTest(undefined, values, 'client'));
  });
};
