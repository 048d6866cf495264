import { type Description, SERVER_CLASSES, type ServerClass, type Timers, WIRE } from '../../schemas/index.js';
import { KitError } from '../errors.js';
import { createDial } from './dial.js';
import { claimedClasses, fetchDescription, knock, timersOf } from './front-door/index.js';
import { createAuthenticate } from './identity/index.js';
import { Instance } from './instance.js';
import type { RunOptions } from './options.js';
import { connectSubject, startSubject } from './process/index.js';
import type { Authenticate, Subject } from './subject.js';

/** Everything known of the subject before the first scenario. */
export interface Prepared {
  first: Instance;
  authenticate: Authenticate;
  description: Description;
  timers: Timers;
  classes: ServerClass[];
  /** What is wrong with the description that the subject serves; absent when it serves none. */
  served?: { faults: readonly string[] };
}

export const startInstance = async (options: RunOptions, authenticate: Authenticate): Promise<Instance> => {
  const { exec, url } = options;
  const subject: Subject =
    exec === undefined
      ? connectSubject(url ?? '')
      : await startSubject({ exec, authenticate, ...(url === undefined ? {} : { url }) });
  return new Instance(subject, createDial(subject.url, authenticate));
};

type Described = Pick<Prepared, 'description' | 'served'>;

/** The description that counts: the caller's wins over the served one, which is judged all the same (IM-1-19). */
const describe = async (options: RunOptions, url: string): Promise<Described> => {
  const bare: Description = options.describe ?? { protocol: WIRE.subprotocol };
  const served = await fetchDescription(url);
  if (served === undefined) return { description: bare };
  if ('invalid' in served) return { description: bare, served: { faults: served.invalid } };
  return { description: options.describe ?? served, served: { faults: [] } };
};

/** Starts or finds the subject, knocks at its door and learns what it claims. Throws KitError when it cannot be tested. */
export const prepare = async (options: RunOptions): Promise<Prepared> => {
  if (options.url === undefined && options.exec === undefined) {
    throw new KitError(
      'usage',
      'there is nothing to test',
      'Give a url, or --exec with the command that starts the server.',
    );
  }
  const authenticate = createAuthenticate(options);
  const first = await startInstance(options, authenticate);
  try {
    await knock(first.subject.url, authenticate);
    const { description, served } = await describe(options, first.subject.url);
    const claimed = options.classes ?? claimedClasses(description);
    const classes = SERVER_CLASSES.filter((name) => claimed.includes(name));
    return {
      first,
      authenticate,
      description: { ...description, classes },
      timers: timersOf(description),
      classes,
      ...(served ? { served } : {}),
    };
  } catch (cause) {
    await first.subject.close();
    throw cause;
  }
};
