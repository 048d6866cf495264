import type { Command } from 'commander';

/** Adds `explain ID`. */
export const registerExplain = (program: Command): void => {
  program
    .command('explain')
    .description('tell what a requirement or a scenario is about')
    .argument('<id>', 'id of a requirement (IM-4.2-6) or of a scenario (server/core/…)')
    .action(async (id: string) => {
      const { runExplain } = await import('../run/run-explain.js');
      process.exit(await runExplain(id));
    });
};
