import type { Command } from 'commander';
import { SERVE_OPTIONS, type ServeOptions } from './serve-options.js';

/** `im-conformance serve`: the reference server, until SIGTERM or SIGINT. */
export const registerServe = (program: Command): void => {
  const command = program.command('serve').description('Start the reference server.');
  for (const { name, value, help, read, byDefault } of SERVE_OPTIONS) {
    const flags = `--${name} <${value}>`;
    if (read === undefined) command.option(flags, help, byDefault);
    else command.option(flags, help, read);
  }
  command.action(async (options: ServeOptions) => {
    const { runServe } = await import('../run/run-serve.js');
    await runServe(options);
  });
};
