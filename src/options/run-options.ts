import { randomBytes, X509Certificate } from 'node:crypto';
import { availableParallelism } from 'node:os';
import type { Description } from '../../schemas/index.js';
import type { Role } from '../../schemas/subject.js';
import type { Dialect } from '../adapters/index.js';
import { defined } from '../defined.js';
import { KitError } from '../errors.js';
import type { Account, RunOptions } from '../harness/options.js';
import { makeFolder } from '../make-folder.js';
import { baselineEntries, judgedIn } from './baseline-source.js';
import { checkSettings } from './check-settings.js';
import { nodeCommandsFrom, nodeUrlsFrom, servicesFrom } from './cluster-options.js';
import { embedded } from './embedded-server.js';
import { listeningFrom } from './listening.js';
import { replayArguments } from './replay.js';
import { selectionFrom, shardFrom } from './selection.js';
import type { Settings } from './settings.js';
import { checkForeignUrl, checkUrl } from './subject-url.js';
import { readText } from './text-file.js';
import { usersFrom } from './users-file.js';

const DEFAULT_CONCURRENCY = 32;
const DEFAULT_PATIENCE_MS = 500;
/** Each scenario for a client starts a process of its own. */
const BOTS_PER_CORE = 4;

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
    ...(role === 'client' ? listeningFrom(settings) : {}),
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
