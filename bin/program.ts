import { Command } from 'commander';
import { KitError } from '../src/errors.js';
import { kitVersion } from '../src/kit-version.js';
import { didYouMean } from '../src/nearest.js';
import { registerCheck } from './commands/check.js';
import { registerClient } from './commands/client.js';
import { registerCompletion } from './commands/completion.js';
import { registerDialect } from './commands/dialect.js';
import { registerExplain } from './commands/explain.js';
import { registerInit } from './commands/init.js';
import { registerMergeReports } from './commands/merge-reports.js';
import { registerReport } from './commands/report.js';
import { registerSelfTest } from './commands/self-test.js';
import { registerServe } from './commands/serve.js';
import { registerTest } from './commands/test.js';
import { COMMAND_NAMES, helpText } from './help.js';

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
  registerMergeReports(program);
  registerReport(program);
  registerSelfTest(program);
  registerCompletion(program);
  return program;
};

/** A misspelt command would be taken for an address. */
const checkCommand = ([, , word = '']: readonly string[]): void => {
  if (word === '' || word.startsWith('-') || word.includes(':') || COMMAND_NAMES.includes(word)) return;
  const near = didYouMean(word, COMMAND_NAMES);
  if (near === '') return;
  const remedy = `${near}im-conformance --help lists the commands.`;
  throw new KitError('usage', `"${word}" is neither a WebSocket URL nor a command`, remedy);
};

/** Runs the command line. What an action throws is told on stderr and decides on the exit code. */
export const run = async (argv: readonly string[]): Promise<void> => {
  // A message that nobody can read must not change the exit code.
  process.stderr.on('error', () => undefined);
  try {
    checkCommand(argv);
    await buildProgram().parseAsync(argv);
  } catch (error) {
    process.exit((await import('./failure.js')).tellFailure(error).exitCode);
  }
};
