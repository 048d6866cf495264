import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defined } from '../../../defined.js';
import { KitError } from '../../../errors.js';
import { fillNames } from '../../../template.js';
import { guardFolder } from '../../process/guard.js';
import { endpointOf, pickPort, portState, releasePort } from '../../process/port.js';
import type { Subject } from '../../subject.js';
import type { Authenticate } from '../credentials.js';
import { CommandSubject } from './command-subject.js';
import { isPortTaken } from './start-failure.js';

/** Time from the start of the command to the answer of its first upgrade. */
export const START_TIMEOUT_MS = 15_000;
export const STOP_TIMEOUT_MS = 5_000;
/** Another program may take the port between the choice and the start; then another one is chosen. */
export const MAX_STARTS = 3;

export interface StartOptions {
  /** Command for the shell; `{port}` and `{data}` are filled in, and given as PORT and DATA_DIR in its environment. */
  exec: string;
  /** URL of the subject, with `{port}` or with a port of its own. Default: `ws://127.0.0.1:{port}/`. */
  url?: string;
  /** More than one: the command is started for each, see `startCluster`. */
  nodes?: number;
  services?: Readonly<Record<string, string>>;
  authenticate: Authenticate;
  /** Of a server that speaks another protocol: a login there, instead of a WebSocket upgrade. Rejects as long as it fails. */
  probe?: (url: string) => Promise<void>;
  /** Milliseconds, default 15,000. */
  startTimeoutMs?: number;
  /** Time between SIGTERM and the end of the process. Milliseconds, default 5,000. */
  stopTimeoutMs?: number;
  /** Gets one line whenever something noteworthy happens to the process. */
  log?: (line: string) => void;
  /** When it aborts, a start that is under way ends its processes and rejects. */
  signal?: AbortSignal;
}

/**
 * Starts a subject by its command, on a free port and with an empty data folder, and waits until its WebSocket upgrade
 * answers. Rejects with a KitError that names the command, how it ended and the end of its output.
 */
export const startSubject = async (options: StartOptions): Promise<Subject> => {
  const template = options.url ?? 'ws://127.0.0.1:{port}/';
  if (process.platform === 'win32') {
    throw new KitError(
      'usage',
      '--exec needs process groups and signals, which Windows does not have.',
      'Run the kit inside WSL, or start the server yourself and give its URL.',
      { field: 'exec' },
    );
  }
  if (options.exec.trim() === '') {
    throw new KitError('usage', 'The command of --exec is empty.', 'Give the command that starts the server.', {
      field: 'exec',
    });
  }
  if (options.nodes !== undefined)
    return await (await import('./start-cluster.js')).startCluster(options, options.nodes);
  const fixed = template.includes('{port}') ? undefined : await fixedPort(template);
  for (let start = 1; ; start++) {
    const port = fixed ?? (await pickPort());
    const data = await dataFolder();
    const subject = new CommandSubject({
      url: fillNames(template, { port: String(port) }),
      command: fillNames(options.exec, { port: String(port), data }),
      port,
      data,
      authenticate: options.authenticate,
      ...defined({ probe: options.probe }),
      startTimeoutMs: options.startTimeoutMs ?? START_TIMEOUT_MS,
      stopTimeoutMs: options.stopTimeoutMs ?? STOP_TIMEOUT_MS,
      log: options.log ?? (() => undefined),
      released: () => releasePort(port),
    });
    const giveUp = () => void subject.close();
    options.signal?.addEventListener('abort', giveUp, { once: true });
    try {
      if (options.signal?.aborted) giveUp();
      await subject.start();
      return subject;
    } catch (error) {
      await subject.close();
      if (options.signal?.aborted) throw error;
      if (fixed !== undefined || start === MAX_STARTS || !isPortTaken(error)) throw error;
      options.log?.(`port ${port} was taken by another program; choosing another one`);
    } finally {
      options.signal?.removeEventListener('abort', giveUp);
    }
  }
};

/** A new empty folder for one server. */
export const dataFolder = async (): Promise<string> => {
  try {
    const data = await mkdtemp(join(tmpdir(), 'im-conformance-'));
    guardFolder(data);
    return data;
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unwritable';
    throw new KitError(
      'usage',
      `A data folder for the server cannot be made in ${tmpdir()} (${code}).`,
      'Make room there, or set TMPDIR to a folder that can be written.',
      { cause },
    );
  }
};

/** The port of a URL without `{port}`; it must be free, or the kit would test somebody else's server. */
const fixedPort = async (url: string): Promise<number> => {
  let endpoint: ReturnType<typeof endpointOf>;
  try {
    endpoint = endpointOf(url);
  } catch (cause) {
    throw new KitError('usage', `The url "${url}" is not valid.`, 'Write it like ws://127.0.0.1:{port}/.', {
      cause,
      field: 'url',
    });
  }
  if ((await portState(endpoint)) === 'accepts') {
    throw new KitError(
      'usage',
      `Something already listens on port ${endpoint.port}, so the command of --exec cannot be started there.`,
      'End that program, or write {port} in the url and in the command and let the kit choose a free port.',
      { field: 'url' },
    );
  }
  return endpoint.port;
};
