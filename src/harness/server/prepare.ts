import { isDeepStrictEqual } from 'node:util';
import {
  type Description,
  type Role,
  SERVER_CLASSES,
  type ServerClass,
  type Timers,
  WIRE,
} from '../../../schemas/index.js';
import { defined } from '../../defined.js';
import { KitError } from '../../errors.js';
import { Interrupted } from '../../play/index.js';
import type { RunOptions } from '../options.js';
import { Instance } from '../run/instance.js';
import type { Subject } from '../subject.js';
import { type Capabilities, capabilitiesOver } from './capabilities.js';
import { type Authenticate, tlsOf } from './credentials.js';
import { claimedClasses, fetchDescription, timersOf } from './description/index.js';
import { createAttacker } from './dialling/attacker.js';
import { createDial } from './dialling/dial.js';
import { createAuthenticate } from './identity/index.js';
import { preflight } from './preflight/index.js';

/** Everything known of the subject before the first scenario. */
export interface Prepared {
  role: Role;
  first: Instance;
  authenticate: Authenticate;
  description: Description;
  timers: Timers;
  classes: ServerClass[];
  /** What is wrong with the description that the subject serves; absent when it serves none. */
  served?: { faults: readonly string[] };
  /** What the preflight noticed and what keeps nobody out. */
  notes: readonly string[];
  capabilities: Capabilities;
}

export const startInstance = async (
  options: RunOptions,
  authenticate: Authenticate,
  signal: AbortSignal,
): Promise<Instance> => {
  const { exec, url } = options;
  const subject: Subject =
    exec === undefined
      ? { url: url ?? '', close: async () => {} }
      : // Loaded only where there is something to start.
        await (await import('./start/index.js')).startSubject({ exec, authenticate, signal, ...defined({ url }) });
  return new Instance(subject, createDial(subject.url, authenticate), createAttacker(subject.url, authenticate));
};

const UNCHECKED = '--insecure: no certificate is checked, so nobody knows which server this is';

type Described = Pick<Prepared, 'description' | 'served'>;

/** The description that counts: the caller's wins over the served one, which is judged all the same (IM-1-19). */
const describe = async (options: RunOptions, url: string): Promise<Described> => {
  const bare: Description = options.describe ?? { protocol: WIRE.subprotocol };
  const served = await fetchDescription(url, tlsOf(options));
  if (served === undefined) return { description: bare };
  if ('invalid' in served) return { description: bare, served: { faults: served.invalid } };
  return { description: options.describe ?? served, served: { faults: [] } };
};

const startFirst = async (options: RunOptions, authenticate: Authenticate, signal: AbortSignal): Promise<Instance> => {
  try {
    return await startInstance(options, authenticate, signal);
  } catch (cause) {
    throw signal.aborted ? new Interrupted('the run was interrupted') : cause;
  }
};

/** What the work rejects with, or Interrupted as soon as the signal aborts. The work has a bound of its own. */
const orInterrupted = async <T>(work: Promise<T>, signal: AbortSignal): Promise<T> => {
  let stop = () => {};
  const interrupted = new Promise<never>((_, reject) => {
    stop = () => reject(new Interrupted('the run was interrupted'));
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([work, interrupted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
};

/** Credentials that name nobody make one user of all: the server would then be blamed for mixing them up. */
const checkUsersDiffer = async ({ users }: RunOptions, url: string, authenticate: Authenticate): Promise<void> => {
  if (users !== undefined) return;
  const [one, other] = await Promise.all(['kit-one', 'kit-other'].map((user) => authenticate(url, user, 'default')));
  if (one?.url !== other?.url || !isDeepStrictEqual(one?.headers, other?.headers)) return;
  throw new KitError(
    'usage',
    'every user gets the same token and the same headers, so all clients would be one user',
    'Use {user} in --token-command or --header, or list accounts with --users FILE.',
  );
};

type Opened = Pick<Prepared, 'description' | 'served' | 'notes'>;

const openAndDescribe = async (options: RunOptions, first: Instance, authenticate: Authenticate): Promise<Opened> => {
  try {
    await checkUsersDiffer(options, first.subject.url, authenticate);
    const { notes } = await preflight(first.subject.url, authenticate);
    return { notes, ...(await describe(options, first.subject.url)) };
  } catch (cause) {
    if (!(cause instanceof KitError) || cause.code !== 'unreachable') throw cause;
    // A server that has just ended refuses a connection: that it ended is the news, not the refusal.
    const exitReport = await first.exitReport();
    if (exitReport === undefined) throw cause;
    throw new KitError(
      'unreachable',
      `Before the first scenario ${exitReport}`,
      'Run the command of --exec by hand, connect once and leave: the server must go on.',
    );
  }
};

/**
 * Starts or finds the subject, opens one connection and learns what it claims. Throws KitError when it cannot be tested,
 * and Interrupted when the signal aborts meanwhile.
 */
export const prepare = async (options: RunOptions, signal: AbortSignal): Promise<Prepared> => {
  if (options.url === undefined && options.exec === undefined) {
    throw new KitError(
      'usage',
      'there is nothing to test',
      'Give a url, or --exec with the command that starts the server.',
    );
  }
  const identity = { ...options, tls: tlsOf(options) };
  const authenticate = createAuthenticate(identity);
  const first = await startFirst(options, authenticate, signal);
  try {
    const { description, served, notes } = await orInterrupted(openAndDescribe(options, first, authenticate), signal);
    const claimed = options.classes ?? claimedClasses(description);
    const classes = SERVER_CLASSES.filter((name) => claimed.includes(name));
    return {
      role: 'server',
      first,
      authenticate,
      description: { ...description, classes },
      timers: timersOf(description),
      classes,
      notes: [...notes, ...(options.insecure ? [UNCHECKED] : [])],
      capabilities: await capabilitiesOver(first.subject, identity),
      ...defined({ served }),
    };
  } catch (cause) {
    await first.subject.close();
    throw cause;
  }
};
