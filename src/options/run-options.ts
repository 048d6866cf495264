import { randomBytes, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { ENGINES } from '../../conformance/patching/cluster-command.js';
import type { ServerFile } from '../../conformance/patching/server-file.js';
import type { Description, Report } from '../../schemas/index.js';
import { CLASSES_OF, type Role } from '../../schemas/subject.js';
import { SINGLE_CLASSES, type SubjectClass } from '../../schemas/wire.js';
import type { Dialect } from '../adapters/index.js';
import { defined } from '../defined.js';
import { KitError } from '../errors.js';
import type { Account, RunOptions, Shard } from '../harness/options.js';
import { makeFolder } from '../make-folder.js';
import { didYouMean } from '../nearest.js';
import { baselineEntries, judgedIn } from './baseline-source.js';
import { checkSettings } from './check-settings.js';
import { nodeCommandsFrom, nodeUrlsFrom, servicesFrom } from './cluster-options.js';
import { listeningFrom } from './listening.js';
import { replayArguments, shellQuote } from './replay.js';
import type { Settings } from './settings.js';
import { noAccount, parseUsers } from './users-file.js';

const DEFAULT_CONCURRENCY = 32;
const DEFAULT_PATIENCE_MS = 500;
/** Each scenario for a client starts a process of its own. */
const BOTS_PER_CORE = 4;

/** `field` is the option that names the file. */
const readText = (path: string, what: string, field: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unreadable';
    throw new KitError('usage', `cannot read the ${what} ${path} (${code})`, 'Check the name of the file.', {
      cause,
      field,
    });
  }
};

/** Throws a usage KitError for what is no `ws:` or `wss:` URL. */
export const checkUrl = (url: string): string => {
  const parsed = URL.canParse(url.replaceAll('{port}', '1')) ? new URL(url.replaceAll('{port}', '1')) : undefined;
  if (parsed?.protocol === 'ws:' || parsed?.protocol === 'wss:') return url;
  const remedy = /^https?:$/.test(parsed?.protocol ?? '')
    ? `Write ${url.replace(/^http/, 'ws')} instead.`
    : 'Write it as ws://HOST:PORT/ or wss://HOST/; im-conformance --help lists the commands.';
  throw new KitError('usage', `"${url}" is neither a WebSocket URL nor a command`, remedy, { field: 'url' });
};

/** A foreign protocol may have a scheme of its own. */
const checkForeignUrl = (url: string): string => {
  if (URL.canParse(url.replaceAll('{port}', '1'))) return url;
  throw new KitError(
    'usage',
    `"${url}" is neither a URL nor a command`,
    'Write it as ws://HOST:PORT/ or tcp://HOST:PORT.',
    { field: 'url' },
  );
};

/** Names of classes, some of them separated by commas. `field` is the option. Throws a usage KitError for one that there is not. */
export const classesFrom = (list: readonly string[], role: Role, field: string): SubjectClass[] => {
  const known: readonly string[] = CLASSES_OF[role];
  const wanted = list.flatMap((text) => text.split(',')).map((name) => name.trim());
  const unknown = wanted.find((name) => !known.includes(name));
  if (unknown === undefined) return [...new Set(wanted)] as SubjectClass[];
  throw new KitError(
    'usage',
    `there is no class "${unknown}"`,
    `${didYouMean(unknown, known)}Use some of ${known.join(', ')}.`,
    { field },
  );
};

/** The scenarios that failed in an earlier run, known failures left out. The source is a file, or the report itself. */
const lastFailed = (source: string | Report): string[] => {
  const field = 'last-failed';
  const named = typeof source === 'string' ? source : 'that report';
  const found = failedIn(typeof source === 'string' ? parsed(readText(source, 'report', field)) : source);
  if (found === undefined) {
    const remedy = typeof source === 'string' ? 'Write one with --report json=FILE.' : 'Give the report of a run.';
    throw new KitError('usage', `${named} is no JSON report of this kit`, remedy, { field });
  }
  if (found.length > 0) return found;
  throw new KitError('usage', `nothing failed in ${named}`, 'Leave --last-failed out to run everything.', { field });
};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const failedIn = (report: unknown): string[] | undefined => {
  try {
    const { scenarios } = report as Report;
    return scenarios.filter(({ verdict, knownFailure }) => verdict === 'failed' && !knownFailure).map(({ id }) => id);
  } catch {
    return undefined;
  }
};

/** The text of a file of accounts, or accounts, which are written as its lines: both are checked in one place. */
const usersFrom = (source: string | readonly Account[]): Account[] => {
  if (typeof source === 'string') return parseUsers(readText(source, 'list of accounts', 'users'), source);
  const lines = source.map(({ user, device, token }, index) => {
    if (/[\s#/]/.test(`${user}${device ?? ''}`) || /\s|^#/.test(token ?? '')) throw noAccount('users', index + 1);
    return [device === undefined ? user : `${user}/${device}`, token ?? ''].join(' ');
  });
  return parseUsers(lines.join('\n'), 'users');
};

/** Loaded only where a description is given: it takes the reader of YAML and the validator. */
const descriptionFrom = async (source: unknown): Promise<Description> => {
  const { descriptionOf, readDescriptionFile } = await import('../harness/server/description/description-file.js');
  return typeof source === 'string' ? readDescriptionFile(source) : descriptionOf(source, 'in the config file');
};

/** What speaks for the kit there. Loaded only where there is one. */
const dialectFrom = async ({ dialect, via }: Settings): Promise<Dialect | undefined> => {
  if (typeof via === 'string') return (await import('../adapters/load-via.js')).loadVia(via);
  if (typeof dialect !== 'string') return undefined;
  return (await import('../adapters/load-dialect.js')).loadDialect(dialect);
};

const historyFolder = (path: string): string => {
  try {
    makeFolder(path);
    return path;
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? '';
    throw new KitError('usage', `cannot keep histories in ${path} (${code})`, 'Name a folder that can be written.', {
      cause,
      field: 'history',
    });
  }
};

const shardFrom = (text: string): Shard => {
  const [, number = 0, of = 0] = (/^(\d{1,4})\/(\d{1,4})$/.exec(text) ?? []).map(Number);
  if (number >= 1 && number <= of) return { number, of };
  throw new KitError('usage', `--shard cannot be "${text}"`, 'Write K/N with K from 1 to N, such as --shard 1/4.', {
    field: 'shard',
  });
};

const seedFrom = (seed: string | undefined): string => {
  if (seed === undefined) return randomBytes(4).toString('hex');
  if (/^[A-Za-z0-9._-]{1,64}$/.test(seed)) return seed;
  throw new KitError('usage', `"${seed}" cannot be a seed`, 'Use 1 to 64 of A-Z a-z 0-9 . _ -', { field: 'seed' });
};

/** A source that holds no certificate would be taken for "trust nobody", and every server refused. */
const certificatesFrom = (source: string): string => {
  const given = source.includes('-----BEGIN ');
  const pem = given ? source : readText(source, 'certificate authority', 'ca');
  try {
    new X509Certificate(pem);
    return pem;
  } catch (cause) {
    const message = `${given ? 'the text of --ca' : source} holds no certificate in PEM`;
    throw new KitError('usage', message, 'Name the file of the authority, not of its key.', { cause, field: 'ca' });
  }
};

/** What the embedded server has. It is `secured` only where it checks tokens, and TLS needs a certificate of the user's. */
const EMBEDDED_CLASSES = SINGLE_CLASSES.filter((name) => !['secured', 'encrypted'].includes(name));

let written: ServerFile | undefined;

/** Written once, and removed with the process. */
const embeddedServer = async (): Promise<ServerFile> => {
  const { serverFile } = await import('../../conformance/patching/server-file.js');
  written ??= serverFile('the embedded server', []);
  return written;
};

interface Embedded {
  exec: string;
  jwtSecret?: string;
  services?: Readonly<Record<string, string>>;
}

/** The reference cluster, with one etcd: `etcd` is Debian's `etcd-server`. */
const embeddedCluster = (file: string): Embedded => ({
  exec: `exec ${shellQuote(process.execPath)} ${shellQuote(file)} --port {port} ${ENGINES.etcd.options}`,
  services: ENGINES.etcd.services,
});

/** The command of the embedded server, and the secret of its tokens, unless the caller makes tokens of another kind. */
const embedded = async (settings: Settings): Promise<Embedded> => {
  const { file } = await embeddedServer();
  if (settings.nodes !== undefined) return embeddedCluster(file);
  // `exec`: the server takes the place of the shell, so that a restart costs one process and not two.
  const serve = `exec ${shellQuote(process.execPath)} ${shellQuote(file)} --port {port} --data {data}`;
  const otherTokens = ['token', 'token-command', 'header'].some((name) => settings[name] !== undefined);
  if (otherTokens) return { exec: `${serve} --class ${EMBEDDED_CLASSES.join(',')}` };
  const jwtSecret = (settings['jwt-secret'] as string | undefined) ?? randomBytes(24).toString('hex');
  const classes = [...EMBEDDED_CLASSES, 'secured'].join(',');
  return { exec: `${serve} --class ${classes} --jwt-secret ${shellQuote(jwtSecret)}`, jwtSecret };
};

/**
 * What `--class` and `--role` leave. Of a client the sides are classes, too: with `--role` alone `core` is tested as
 * well, and `durable` is left to `--class`.
 */
const chosenClasses = (settings: Settings, role: Role): SubjectClass[] | undefined => {
  const classes = given(settings.class as string[] | undefined, (list) => classesFrom(list, role, 'class'));
  const sides = given(settings.role as string[] | undefined, (list) => classesFrom(list, role, 'role'));
  const other = sides?.find((name) => name !== 'sender' && name !== 'receiver');
  if (other !== undefined) {
    throw new KitError('usage', `"${other}" is no role of a client`, 'Use sender, receiver or both.', {
      field: 'role',
    });
  }
  return sides === undefined ? classes : [...new Set([...(classes ?? (['core'] as const)), ...sides])];
};

/** Only who asks for them by number gets them beside scenarios that were named, and shards must come out alike. */
const USUAL_KILLS = 12;

const killsFrom = (settings: Settings, role: Role): number => {
  const { kills, url, exec, only = [], 'last-failed': lastFailed } = settings;
  const without = ['shard', 'dialect', 'via'].find((name) => settings[name] !== undefined);
  if (kills !== undefined && kills !== 0 && without !== undefined) {
    const field = 'kills';
    throw new KitError('usage', `--kills and --${without} exclude each other`, 'Leave one of them out.', { field });
  }
  if (kills !== undefined) return kills as number;
  const isWhole = (only as string[]).length === 0 && lastFailed === undefined && without === undefined;
  const isStarted = role === 'server' && (exec !== undefined || url === undefined);
  return isWhole && isStarted ? USUAL_KILLS : 0;
};

/** What a value is turned into, where there is one. */
const given = <T, R>(value: T | undefined, make: (value: T) => R): R | undefined =>
  value === undefined ? undefined : make(value);

/** Which scenarios the settings choose. Throws a usage KitError for values that cannot be used. */
export const selectionFrom = (
  settings: Settings,
  role: Role,
): Pick<RunOptions, 'role' | 'classes' | 'only' | 'skip'> => {
  const list = (name: string) => (settings[name] as string[] | undefined) ?? [];
  return defined({
    role,
    classes: chosenClasses(settings, role),
    only: given(settings['last-failed'] as string | Report | undefined, lastFailed) ?? list('only'),
    skip: list('skip'),
  });
};

/** Who names the nodes need not say once more what is tested: the first one stands for it. */
const withUrl = (settings: Settings): Settings => {
  const urls = given(settings['node-url'] as string[] | undefined, (list) => nodeUrlsFrom(list, checkUrl));
  return { ...settings, ...defined({ url: settings.url ?? urls?.[0] }) };
};

/** Turns checked settings into what the harness runs. Throws a usage KitError for values that cannot be used. */
export const runOptionsFrom = async (
  asGiven: Settings,
  flags: Settings,
  configFile: string | undefined,
  role: Role = 'server',
): Promise<RunOptions> => {
  const settings = withUrl(asGiven);
  checkSettings(settings);
  const dialect = await dialectFrom(settings);
  const text = (name: string) => settings[name] as string | undefined;
  const number = (name: string) => settings[name] as number | undefined;
  const selection = selectionFrom(settings, role);
  // A list starts nothing, so the embedded server need not be put together for it.
  const named =
    role === 'client' || settings.url !== undefined || settings.exec !== undefined || settings.list === true;
  const own = named ? undefined : await embedded(settings);
  return defined({
    ...selection,
    ...(role === 'client' ? listeningFrom(settings, readText) : {}),
    url: given(text('url'), dialect === undefined ? checkUrl : checkForeignUrl),
    exec: own?.exec ?? text('exec'),
    embedded: own !== undefined,
    nodes: number('nodes'),
    services: own?.services ?? given(settings.service as string[] | undefined, servicesFrom),
    nodeUrls: given(settings['node-url'] as string[] | undefined, (list) => nodeUrlsFrom(list, checkUrl)),
    nodeCommands: given(settings['node-command'] as string[] | undefined, nodeCommandsFrom),
    token: text('token'),
    jwtSecret: own?.jwtSecret ?? text('jwt-secret'),
    tokenCommand: text('token-command'),
    users: given(settings.users as string | Account[] | undefined, usersFrom),
    ca: given(text('ca'), certificatesFrom),
    insecure: settings.insecure as boolean | undefined,
    headers: (settings.header as Record<string, string> | undefined) ?? {},
    describe: await given(settings.describe, descriptionFrom),
    dialect,
    judged: given(text('judged'), judgedIn),
    frames: settings.frames as boolean | undefined,
    baseline: baselineEntries(settings),
    shard: given(text('shard'), shardFrom),
    allowUnproven: settings['allow-unproven'] === true,
    seed: seedFrom(text('seed')),
    sweep: number('sweep'),
    kills: killsFrom(settings, role),
    repeat: number('repeat'),
    repetition: number('repetition'),
    concurrency:
      number('concurrency') ?? (role === 'client' ? BOTS_PER_CORE * availableParallelism() : DEFAULT_CONCURRENCY),
    instances: number('instances') ?? (settings.nodes === undefined ? availableParallelism() : 1),
    startTimeoutMs: number('start-timeout'),
    patienceMs: number('patience') ?? DEFAULT_PATIENCE_MS,
    maxWaitMs: number('max-wait'),
    historyDir: given(text('history'), historyFolder),
    replayArguments: replayArguments(flags, configFile),
  });
};
