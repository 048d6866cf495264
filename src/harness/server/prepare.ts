import { isDeepStrictEqual } from 'node:util';
import { type Description, type HistoryHead, SERVER_CLASSES, WIRE } from '../../../schemas/index.js';
import { defined } from '../../defined.js';
import { KitError } from '../../errors.js';
import { Interrupted, type MetricsPage } from '../../play/index.js';
import { declaredWaitMs } from '../../verbs/index.js';
import type { RunOptions } from '../options.js';
import type { Subject } from '../subject.js';
import type { Prepared, RoleHarness } from '../tested.js';
import { checkAccounts } from './accounts/index.js';
import { whyNotRun } from './applicability.js';
import { capabilitiesOver } from './capabilities.js';
import { type Authenticate, tlsOf } from './credentials.js';
import { checkMetricsPath, claimedClasses, FETCH_BOUND_MS, fetchDescription, timersOf } from './description/index.js';
import { dialectHead, dialectSubject, foreignPreflight, whyNotThrough } from './dialect.js';
import { createAttacker } from './dialling/attacker.js';
import { createDial } from './dialling/dial.js';
import { createForeignDial } from './dialling/foreign-dial.js';
import { addressOf } from './dialling/foreign-url.js';
import { createAuthenticate } from './identity/index.js';
import { type SeatMaker, ServerInstance } from './instance.js';
import { NetworkMeter } from './network/index.js';
import { notPlayedText } from './not-played.js';
import { signOfOthers } from './others.js';
import { preflight } from './preflight/index.js';
import { accountsOf, takeSeat } from './seat.js';
import type { ServerSubject } from './server-subject.js';
import { tryOut } from './try-out.js';

/** A server that runs already. Commands that act on its nodes are loaded only where there are some. */
const foundSubject = async (
  { url = '', nodeUrls, nodeCommands: commands, startTimeoutMs }: RunOptions,
  authenticate: Authenticate,
): Promise<Subject> => {
  if (commands === undefined || nodeUrls === undefined) return { url, ...defined({ nodeUrls }), close: async () => {} };
  const { CommandedCluster } = await import('./start/commanded-cluster.js');
  return new CommandedCluster({ nodeUrls, commands, authenticate, ...defined({ startTimeoutMs }) });
};

/** A server that is found, or started by the command of `--exec`. */
const startInstance = async (
  options: RunOptions,
  authenticate: Authenticate,
  network: NetworkMeter,
  seatMaker: SeatMaker,
  signal: AbortSignal,
): Promise<ServerInstance> => {
  const { exec, url, dialect } = options;
  const startTimeoutMs = options.startTimeoutMs ?? dialect?.startWithinMs;
  const dialOf = (at: string) =>
    dialect === undefined
      ? createDial(at, authenticate, () => subject.nodeUrls)
      : createForeignDial(at, authenticate, dialect);
  const probe = dialect && ((at: string) => foreignPreflight(at, dialOf(at), dialect, firstUser(options)));
  const subject: Subject =
    exec === undefined
      ? await foundSubject(options, authenticate)
      : // Loaded only where there is something to start.
        await (await import('./start/index.js')).startSubject({
          ...{ exec, authenticate, signal },
          ...defined({ url, probe, startTimeoutMs, nodes: options.nodes, services: options.services }),
        });
  const dial = network.counting(dialOf(subject.url));
  const attacker = createAttacker(subject.url, authenticate);
  return new ServerInstance(subject, dial, attacker, seatMaker);
};

/** Who looks in first: with fixed accounts nobody else is let in. */
const firstUser = ({ users }: RunOptions): string =>
  users?.[0]?.user ?? `kit-preflight-${Math.random().toString(36).slice(2, 10)}`;

const UNCHECKED = '--insecure: no certificate is checked, so nobody knows which server this is';

type Described = Pick<ServerSubject, 'description' | 'served'>;

/** The description that counts: the caller's wins over the served one, which is judged all the same (IM-1-19). */
const describe = async (options: RunOptions, url: string): Promise<Described> => {
  const { timers, limits } = options.dialect ?? {};
  const bare: Description = { protocol: WIRE.subprotocol, ...defined({ timers, limits }), ...options.describe };
  // A server of another protocol has no description to fetch: what it claims is what the caller says, or core.
  if (options.dialect !== undefined) return { description: bare };
  const served = await fetchDescription(url, tlsOf(options));
  if (served !== undefined && 'late' in served && options.describe === undefined && options.classes === undefined) {
    throw new KitError(
      'unreachable',
      `${url} did not answer at /.well-known/im-ran within ${FETCH_BOUND_MS} ms, so nobody knows what the server claims.`,
      'Let it answer there, with 404 if it has no description; or give --describe FILE, or --class with its classes.',
    );
  }
  if (served === undefined || 'late' in served) return { description: bare };
  if ('invalid' in served) return { description: bare, served: { faults: served.invalid } };
  return { description: options.describe ?? served, served: { faults: [] } };
};

const orInterruption = async (starting: Promise<ServerInstance>, signal: AbortSignal): Promise<ServerInstance> => {
  try {
    return await starting;
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
    { field: 'token-command' },
  );
};

type Opened = Pick<ServerSubject, 'description' | 'served' | 'notes'>;

const openAndDescribe = async (
  options: RunOptions,
  first: ServerInstance,
  authenticate: Authenticate,
  network: NetworkMeter,
): Promise<Opened> => {
  const { dialect } = options;
  try {
    if (dialect !== undefined) {
      await foreignPreflight(first.subject.url, first.dial, dialect, firstUser(options));
      return { ...(await describe(options, first.subject.url)), notes: [] };
    }
    await checkUsersDiffer(options, first.subject.url, authenticate);
    const { notes } = await preflight(first.subject.url, authenticate);
    const described = await describe(options, first.subject.url);
    checkMetricsPath(described.description.metrics);
    const tried = await tryOut(options, first, authenticate, described.description, network);
    return { ...described, notes: [...notes, ...tried] };
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

/** A usage error where there is no subject. */
const checkNamed = ({ url, exec }: RunOptions): void => {
  if (url !== undefined || exec !== undefined) return;
  throw new KitError(
    'usage',
    'there is nothing to test',
    'Give a url, or --exec with the command that starts the server.',
    { field: 'url' },
  );
};

const pageReader = (options: RunOptions, url: string, path: string) => async (): Promise<MetricsPage> =>
  (await import('./metrics-page.js')).readMetrics(url, path, tlsOf(options), FETCH_BOUND_MS);

/** Finds out what the server claims. */
const learn = async (
  options: RunOptions,
  first: ServerInstance,
  authenticate: Authenticate,
  network: NetworkMeter,
  signal: AbortSignal,
): Promise<ServerSubject> => {
  const identity = { ...options, tls: tlsOf(options) };
  const opened = openAndDescribe(options, first, authenticate, network);
  const { description, served, notes } = await orInterrupted(opened, signal);
  const claimed = options.classes ?? claimedClasses(description);
  const classes = SERVER_CLASSES.filter((name) => claimed.includes(name));
  const timers = timersOf(description);
  // By url alone the server says where its nodes are.
  if (first.subject.nodeUrls === undefined && classes.includes('replicated') && (description.nodes?.length ?? 0) > 1) {
    first.subject.nodeUrls = description.nodes ?? [];
  }
  // Nobody else knows a server that the kit has started.
  const shared =
    options.exec === undefined && classes.includes('observable') && description.metrics !== undefined
      ? await signOfOthers(pageReader(options, first.subject.url, description.metrics), timers.answerWithinMs, signal)
      : undefined;
  return {
    first,
    authenticate,
    description: { ...description, classes },
    claims: description,
    timers,
    classes,
    notes: [...notes, ...(options.insecure ? [UNCHECKED] : [])],
    capabilities: await capabilitiesOver(first.subject, identity),
    network,
    ...defined({ served, shared }),
  };
};

/** Why a server that the kit did not start cannot be reached any more. */
const whyGone = async (
  options: RunOptions,
  { first: { subject, dial }, authenticate }: ServerSubject,
): Promise<string | undefined> => {
  const { dialect } = options;
  if (subject.control) return undefined;
  try {
    if (dialect) await foreignPreflight(subject.url, dial, dialect, firstUser(options));
    else await preflight(subject.url, authenticate);
    return undefined;
  } catch (cause) {
    if (!(cause instanceof KitError)) throw cause;
    return `the server went away during the run. ${cause.message.replace(/\.$/, '')}. ${cause.remedy}`;
  }
};

/** Starts or finds the server, opens one connection and learns what it claims. */
export const prepareServer: RoleHarness['prepare'] = async (given, signal) => {
  checkNamed(given);
  const options = { ...given, ...defined({ url: given.dialect && addressOf(given.url, given.dialect) }) };
  const authenticate = createAuthenticate({ ...options, tls: tlsOf(options) });
  let server: ServerSubject | undefined;
  const seatMaker: SeatMaker = (instance, scenario) => {
    if (!server) throw new KitError('kit', 'a scenario was played before the preflight', 'Please report this.');
    return takeSeat(options, server, instance, scenario);
  };
  const network = new NetworkMeter();
  const start = () => startInstance(options, authenticate, network, seatMaker, signal);
  const first = await orInterruption(start(), signal);
  try {
    server = await learn(options, first, authenticate, network, signal);
  } catch (cause) {
    network.stop();
    await first.close();
    throw cause;
  }
  first.onClose(() => network.stop());
  return preparedOf(options, server, start);
};

/** The limits that judges hold the server to, as far as it declared them. */
const limitsOf = ({
  limits: { maxInFlight, maxInboxMessages } = {},
}: Description): NonNullable<HistoryHead['limits']> => defined({ maxInFlight, maxInboxMessages });

const preparedOf = (options: RunOptions, server: ServerSubject, start: () => Promise<ServerInstance>): Prepared => {
  const { first, classes, description, timers, notes, network } = server;
  const { exec, url, users, dialect, embedded = false } = options;
  const beyond = claimedClasses(server.claims).filter((name) => !classes.includes(name));
  const serves = beyond.length === 0 ? undefined : beyond;
  const fixedPort = url !== undefined && !url.includes('{port}');
  return {
    role: 'server',
    classes,
    description,
    subject: {
      role: 'server',
      url: first.subject.url,
      // How the embedded server is started holds the folder of this installation, which is nobody's business.
      ...defined({ command: embedded ? undefined : exec }),
      embedded,
      classes,
      description,
      ...defined({ dialect: dialect && dialectSubject(dialect) }),
    },
    head: {
      subject: { role: 'server', classes, ...defined({ serves }) },
      timers,
      limits: limitsOf(description),
      ...defined({ network: network.speed, dialect: dialect && dialectHead(dialect) }),
    },
    notes,
    first,
    ...defined({ startAnother: exec === undefined || fixedPort ? undefined : start }),
    whyNotRun: (scenario) => {
      const not = whyNotRun(scenario, server) ?? (dialect && whyNotThrough(scenario, dialect.profile));
      return not && { ...not, reason: notPlayedText(not.because) };
    },
    waitMs: ({ steps }) => declaredWaitMs(steps, timers),
    ready: async (scenarios) => {
      if (users) checkAccounts(users, scenarios);
      await accountsOf(options, server, first)?.ready();
    },
    whyGone: () => whyGone(options, server),
  };
};
