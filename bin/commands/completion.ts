import { Argument, type Command } from 'commander';

/** `ids` is for the scripts themselves. */
const CHOICES = ['bash', 'zsh', 'fish', 'ids'] as const;

/** Adds `completion SHELL`. */
export const registerCompletion = (program: Command): void => {
  program
    .command('completion')
    .description('print the completion of commands, options, values and ids for a shell')
    .addArgument(new Argument('<shell>', 'bash, zsh or fish').choices(CHOICES))
    .action(async (what: (typeof CHOICES)[number]) => {
      const { runCompletion } = await import('../run/run-completion.js');
      process.exit(await runCompletion(what));
    });
};
