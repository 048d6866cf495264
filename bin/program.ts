import { Command } from 'commander';
import { kitVersion } from '../src/kit-version.js';
import { registerCheck } from './commands/check.js';
import { registerClient } from './commands/client.js';
import { registerDialect } from './commands/dialect.js';
import { registerExplain } from './commands/explain.js';
import { registerInit } from './commands/init.js';
import { registerSelfTest } from './commands/self-test.js';
import { registerServe } from './commands/serve.js';
import { registerTest } from './commands/test.js';
import { helpText } from './help.js';

const USAGE_EXIT = 2;

/** The command line without its actions' code: every action loads what it needs when it is called. */
export const buildProgram = (): Command => {
  const program = new Command('im-conformance')
    .version(kitVersion(), '--version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .enablePositionalOptions()
    .showHelpAfterError('  im-conformance --help lists commands and options.')
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'im-conformance: ')) })
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : USAGE_EXIT));
  program.helpInformation = helpText;
  registerTest(program);
  registerClient(program);
  registerInit(program);
  registerServe(program);
  registerCheck(program);
  registerExplain(program);
  registerDialect(program);
  registerSelfTest(program);
  return program;
};

/** Runs the command line. What an action throws is told on stderr and decides on the exit code. */
export const run = async (argv: readonly string[]): Promise<void> => {
  // A message that nobody can read must not change the exit code.
  process.stderr.on('error', () => undefined);
  try {
    await buildProgram().parseAsync(argv);
  } catch (error) {
    process.exit((await import('./failure.js')).tellFailure(error).exitCode);
  }
};
