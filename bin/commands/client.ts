import { type Command, Option } from 'commander';
import { optionsOf } from '../run/option-table.js';
import { optionOf } from './test.js';

/** Adds the command that tests a client. */
export const registerClient = (program: Command): void => {
  const command = program
    .command('client')
    .description(
      'Tests a client: starts its bot, plays the server, and says what it lost, doubled or never sent again.',
    );
  for (const spec of optionsOf('client')) command.addOption(optionOf(spec));
  command.addOption(new Option('--config <file>', 'config file, instead of im-conformance.config.{json,yaml}'));
  command.action(async (values: Record<string, unknown>) => {
    const { runTest } = await import('../run/run-test.js');
    process.exit(await runTest(undefined, values, 'client'));
  });
};
