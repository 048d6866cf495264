import { KitError } from '../src/errors.js';
import { localFault } from '../src/harness/local-fault.js';
import { EXIT } from '../src/harness/options.js';
import { withPublicUrls } from '../src/public-url.js';
import { inert } from '../src/report/inert.js';

const EXIT_OF_ERROR = { usage: EXIT.usage, unreachable: EXIT.unreachable, kit: EXIT.undecided } as const;

/** Says something to the caller that is not a result. */
export const tell = (text: string): void => {
  process.stderr.write(`im-conformance: ${text}\n`);
};

const inertLines = (text: string): string => text.split('\n').map(inert).join('\n');

/**
 * Tells an error to the caller, the remedy on a line of its own. Returns what the exit code and a report need. What it
 * says ends on terminals and in the logs of CI, where no token, no password and no `secret` may stand.
 */
export const tellFailure = (thrown: unknown, secret?: string): { exitCode: number; problem: string } => {
  const error = localFault(thrown) ?? thrown;
  const hidden = (text: string): string => {
    const open = withPublicUrls(text);
    return secret === undefined || secret === '' ? open : open.replaceAll(secret, '$SECRET');
  };
  if (error instanceof KitError) {
    const [message, remedy] = [hidden(error.message), hidden(error.remedy)];
    tell(`${inertLines(message)}\n  ${inertLines(remedy)}`);
    const problem = `${message.replace(/\.$/, '')}. ${remedy}`.replaceAll(/\s*\n\s*/g, ' / ');
    return { exitCode: EXIT_OF_ERROR[error.code], problem };
  }
  const short = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const stack = (error instanceof Error ? error.stack : undefined) ?? short;
  tell(`a fault of the kit itself, please report it\n${inertLines(hidden(stack))}`);
  return { exitCode: EXIT.undecided, problem: hidden(`a fault of the kit itself: ${short}`) };
};
