import type { Command } from 'commander';

/** Adds `explain ID…`. */
export const registerExplain = (program: Command): void => {
  program
    .command('explain')
    .description('tell what requirements or scenarios are about')
    .argument('<id...>', 'ids of requirements (IM-4.2-6) or of scenarios (server/core/…)')
    .action(async (ids: string[]) => {
      const { runExplain } = await import('../run/run-explain.js');
      process.exit(await runExplain(ids));
    });
};
