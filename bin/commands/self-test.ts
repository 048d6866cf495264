import { type Command, Option } from 'commander';

const collect = (value: string, earlier: string[] | undefined): string[] => [...(earlier ?? []), value];

/** Adds `self-test`. */
export const registerSelfTest = (program: Command): void => {
  program
    .command('self-test')
    .description(
      'Test the kit: broken servers and clients, each with one small fault, must be caught for the right reason, and the same server or client without a fault must pass. Exits with 1 when one is missed.',
    )
    .addOption(
      new Option('--only <glob>', 'test only mutants whose id matches (repeatable)')
        .argParser(collect)
        .default([], 'all'),
    )
    .option('--list', 'print the mutants that would be tested, and test none')
    .option('--json <file>', 'write the result there, too')
    .option(
      '--whole',
      'play every scenario against each mutant, and count whether the whole run accuses its fault first (an hour and more)',
    )
    .option('--concurrency <n>', 'mutants at the same time (default: three for each core)')
    .option(
      '--repeat <n>',
      'measure: test each mutant that often and count; without --only, those that one run may miss',
    )
    .action(async (options: Record<string, unknown>) => {
      const { runSelfTest } = await import('../run/run-self-test.js');
      process.exit(await runSelfTest(options));
    });
};
