import type { Command } from 'commander';

const collect = (value: string, earlier: string[] | undefined): string[] => [...(earlier ?? []), value];

/** Adds `init`. */
export const registerInit = (program: Command): void => {
  program
    .command('init')
    .description(
      'Writes a configuration file, a file for your CI and, where one is needed, a bot of a client or a dialect of a server to fill in. On a terminal it asks for what is not given.',
    )
    .option('--role <role>', 'what you test: server or client')
    .option('--exec <command>', 'command that starts it; {port} and {data} are filled in')
    .option('--url <url>', 'WebSocket URL of a server that runs already')
    .option('--class <names>', 'classes to test; without it, those that it claims', collect)
    .option('--dialect <file>', 'the server speaks another protocol: a dialect to fill in is written there, if none is')
    .option('--ci <system>', 'github, gitlab or none')
    .option('-y, --yes', 'ask nothing: what is not given is what is most likely in this folder')
    .option('--force', 'overwrite files that are there')
    .action(async (options: Record<string, never>) => {
      const { runInit } = await import('../run/run-init.js');
      const { writeStdout } = await import('../run/report-targets.js');
      const { stdin: input, stderr: output } = process;
      const terminal = input.isTTY === true && output.isTTY === true ? { input, output, terminal: true } : undefined;
      process.exit(await runInit(options, { folder: process.cwd(), terminal, write: writeStdout }));
    });
};
