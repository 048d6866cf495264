import { Command } from 'commander';
import { registerCheck } from './commands/check.js';
import { registerExplain } from './commands/explain.js';
import { registerServe } from './commands/serve.js';
import { registerTest } from './commands/test.js';
import { kitVersion } from './version.js';

const USAGE_EXIT = 2;

const AFTER_HELP = `
Exit codes: 0 conforms, 1 does not, 2 usage or configuration, 3 subject unreachable,
4 inconclusive, unproven or the kit's own fault, 130 interrupted.

Examples:
  im-conformance                                     test the embedded reference server
  im-conformance ws://127.0.0.1:9001/                test a running server
  im-conformance --exec "node server.js --port {port}"   start it, kill it, restart it
  im-conformance ws://127.0.0.1:9001/ --report junit=results.xml
  im-conformance explain IM-4.2-6                    why a requirement is there
`;

/** The command line without its actions' code: every action loads what it needs when it is called. */
export const buildProgram = (): Command => {
  const program = new Command('im-conformance')
    .description('Tests whether an instant messaging server loses or doubles messages (protocol im.ran.v1).')
    .version(kitVersion(), '--version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .enablePositionalOptions()
    .showHelpAfterError('  im-conformance --help lists commands and options.')
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'im-conformance: ')) })
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : USAGE_EXIT))
    .addHelpText('after', AFTER_HELP);
  registerTest(program);
  registerServe(program);
  registerCheck(program);
  registerExplain(program);
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
