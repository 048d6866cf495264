import { parseArgs } from 'node:util';
import { KitError } from '../src/errors.js';
import { SERVE_OPTIONS, type ServeOptions } from './commands/serve-options.js';
import { tellFailure } from './failure.js';
import { runServe } from './run/run-serve.js';

/** As the parser of the command line names an option: `--max-inbox` is `maxInbox`. */
const memberOf = (name: string): string => name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());

const readArguments = (): ServeOptions => {
  const options = Object.fromEntries(SERVE_OPTIONS.map(({ name }) => [name, { type: 'string' } as const]));
  try {
    const { values } = parseArgs({ options });
    const members = SERVE_OPTIONS.map(({ name, read, byDefault }) => {
      const text = values[name] ?? byDefault;
      return [memberOf(name), text !== undefined && read ? read(text) : text];
    });
    return Object.fromEntries(members) as ServeOptions;
  } catch (cause) {
    if (cause instanceof KitError) throw cause;
    throw new KitError('usage', (cause as Error).message, 'im-conformance serve --help lists the options.', { cause });
  }
};

/**
 * `im-conformance serve` without the rest of the program, so that it starts as fast as can be: a run of the kit starts
 * its subject some seventy times. The kit joins it and all that it needs into one file.
 */
const serve = async (): Promise<void> => {
  try {
    await runServe(readArguments());
  } catch (error) {
    process.exit(tellFailure(error).exitCode);
  }
};

void serve();
