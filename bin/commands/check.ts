import type { Command } from 'commander';

/** Adds `check FILE…`. */
export const registerCheck = (program: Command): void => {
  program
    .command('check')
    .description('judge recorded histories, such as --history wrote')
    .argument('<file...>', 'history files (NDJSON)')
    .action(async (files: string[]) => {
      const { runCheck } = await import('../run/run-check.js');
      process.exit(await runCheck(files));
    });
};
