import type { Command } from 'commander';

/** Adds `report FILE…`. */
export const registerReport = (program: Command): void => {
  program
    .command('report')
    .description('show JSON reports: one, several subjects side by side, or what differs between two runs of one')
    .argument('<file...>', 'JSON reports; of two runs of one subject the older one first')
    .option('--html <file>', 'write a page there, too')
    .action(async (files: string[], options: Record<string, unknown>) => {
      const { runReport } = await import('../run/run-report.js');
      process.exit(await runReport(files, options));
    });
};
