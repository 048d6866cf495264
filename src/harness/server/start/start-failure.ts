import { KitError } from '../../../errors.js';
import { describeExit, outputOf } from '../../process/exit.js';
import { quoteCommand } from '../../process/running-command.js';
import type { SubjectExit } from '../../subject.js';

/** What the words of common runtimes have in common when a port is held by somebody else. */
const IN_USE =
  /EADDRINUSE|address (is )?already in use|only one usage of each socket address|port \d+ is (already )?in use/i;

/** Errors of a start that another port may cure. */
const portTaken = new WeakSet<object>();

export const isPortTaken = (error: unknown): boolean => {
  return typeof error === 'object' && error !== null && portTaken.has(error);
};

/** Marks the error where this output of a program tells that a port was in use. */
export const blamingThePort = (error: KitError, output: string): KitError => {
  if (IN_USE.test(output)) portTaken.add(error);
  return error;
};

/** The kit itself could not listen on the port of a link. */
export const linkPortHeld = (port: number, cause: unknown): KitError => {
  const error = new KitError(
    'unreachable',
    `The link on port ${port} could not be made: another program holds that port.`,
    'Run the kit again; it chooses its ports anew each time.',
    { cause },
  );
  portTaken.add(error);
  return error;
};

interface Failure {
  command: string;
  port: number;
}

/** Something takes connections on the port before the command was started. */
export const portHeld = ({ command, port }: Failure): KitError => {
  const error = new KitError(
    'unreachable',
    `The command ${quoteCommand(command)} was not started: another program holds its port ${port}.`,
    'End the program that holds the port; if it is the server itself, start it in the foreground.',
  );
  portTaken.add(error);
  return error;
};

/** The command ended before its upgrade answered. `held`: something else takes connections on its port. */
export const endedEarly = ({ command, port }: Failure, exit: SubjectExit, held: boolean): KitError => {
  const how = describeExit(exit);
  if (held && exit.code === 0 && !IN_USE.test(exit.output)) {
    return new KitError(
      'usage',
      `The command ${quoteCommand(command)} ended with code 0, but a server on port ${port} runs on outside of its process group.${outputOf(exit.output)}`,
      'Start the server in the foreground (no daemon, no setsid, no detached container): the kit must be able to kill it.',
    );
  }
  const taken = held || IN_USE.test(exit.output);
  const error = new KitError(
    'unreachable',
    `The command ${quoteCommand(command)} ${how} before its WebSocket upgrade answered on port ${port}${taken ? ', which another program holds' : ''}.${outputOf(exit.output)}`,
    remedyFor(exit, taken),
  );
  if (taken) portTaken.add(error);
  return error;
};

const remedyFor = (exit: SubjectExit, taken: boolean): string => {
  if (taken)
    return 'End the program that holds the port, or let the command listen on {port} (also in the environment as PORT).';
  if (exit.code === 127) return 'The shell did not find the command: check its spelling, the folder and PATH.';
  if (exit.code === 126) return 'The shell may not run the file: check its permissions and its first line.';
  if (exit.code === 0) return 'The command must stay in the foreground for as long as the server runs.';
  return 'Run the command by hand with PORT and DATA_DIR set; it must stay in the foreground and listen on PORT.';
};

/** The command runs, but its upgrade did not answer in time. */
export const neverAnswered = (
  { command, port }: Failure,
  outcome: 'silent' | 'refused',
  boundMs: number,
  output: string,
): KitError => {
  const seen =
    outcome === 'refused'
      ? `never listened on port ${port}`
      : `takes connections on port ${port} but never answered a WebSocket upgrade`;
  return new KitError(
    'unreachable',
    `The command ${quoteCommand(command)} ${seen} within ${boundMs} ms.${outputOf(output)}`,
    outcome === 'refused'
      ? 'Let it listen on {port} of the command or on PORT of the environment, on the host that the url names; a server that starts more slowly needs --start-timeout MS.'
      : 'Check that the url names the WebSocket endpoint of the server (scheme, port and path).',
  );
};
