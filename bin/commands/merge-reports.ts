import { type Command, Option } from 'commander';

const collect = (value: string, earlier: string[] | undefined): string[] => [...(earlier ?? []), value];

/** Adds `merge-reports FILE…`. */
export const registerMergeReports = (program: Command): void => {
  program
    .command('merge-reports')
    .description('make one report of the JSON reports of all shards')
    .argument('<file...>', 'JSON reports, one of each shard of the same run (--shard K/N --report json=FILE)')
    .addOption(
      new Option(
        '--report <format[=file]>',
        'as for a run (repeatable; default: pretty on a terminal, tap when piped)',
      ).argParser(collect),
    )
    .option('--update-baseline <file>', 'as for a run: write there what failed, take out what fails no more')
    .option('-v, --verbose', 'tell every failure in full, with the fault matrix')
    .option('-q, --quiet', 'tell the verdict alone')
    .action(async (files: string[], options: Record<string, unknown>) => {
      const { runMergeReports } = await import('../run/run-merge-reports.js');
      process.exit(await runMergeReports(files, options));
    });
};
