import { randomBytes, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { ServerFile } from '../../conformance/patching/server-file.js';
import { CLASSES_OF, type Role } from '../../schemas/history.js';
import type { Description, Report } from '../../schemas/index.js';
import { type SubjectClass, TESTED_CLASSES } from '../../schemas/wire.js';
import { defined } from '../../src/defined.js';
import { KitError } from '../../src/errors.js';
import type { RunOptions, Shard } from '../../src/harness/options.js';
import { makeFolder } from '../../src/make-folder.js';
import { COMMAND_NAMES } from '../help.js';
import { baselineEntries } from './baseline-file.js';
import { didYouMean } from './nearest.js';
import type { Settings } from './option-table.js';
import { replayArguments, shellQuote } from './replay.js';
import { parseUsers } from './users-file.js';

const DEFAULT_CONCURRENCY = 32;
const DEFAULT_PATIENCE_MS = 500;
/** Each scenario for a client starts a process of its own. */
const BOTS_PER_CORE = 4;

const readText = (path: string, what: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unreadable';
    throw new KitError('usage', `cannot read the ${what} ${path} (${code})`, 'Check the name of the file.', { cause });
  }
};

const checkUrl = (url: string): string => {
  const parsed = URL.canParse(url.replaceAll('{port}', '1')) ? new URL(url.replaceAll('{port}', '1')) : undefined;
  if (parsed?.protocol === 'ws:' || parsed?.protocol === 'wss:') return url;
  const remedy = /^https?:$/.test(parsed?.protocol ?? '')
    ? `Write ${url.replace(/^http/, 'ws')} instead.`
    : `${didYouMean(url, COMMAND_NAMES)}Write it as ws://HOST:PORT/ or wss://HOST/; im-conformance --help lists the commands.`;
  throw new KitError('usage', `"${url}" is neither a WebSocket URL nor a command`, remedy);
};

const classesFrom = (list: readonly string[], role: Role): SubjectClass[] => {
  const known: readonly string[] = CLASSES_OF[role];
  const wanted = list.flatMap((text) => text.split(',')).map((name) => name.trim());
  const unknown = wanted.find((name) => !known.includes(name));
  if (unknown === undefined) return [...new Set(wanted)] as SubjectClass[];
  throw new KitError(
    'usage',
    `there is no class "${unknown}"`,
    `${didYouMean(unknown, known)}Use some of ${known.join(', ')}.`,
  );
};

/** The scenarios that failed in an earlier run, known failures left out. */
const lastFailed = (file: string): string[] => {
  const found = failedIn(readText(file, 'report'));
  if (found === undefined) {
    throw new KitError('usage', `${file} is no JSON report of this kit`, 'Write one with --report json=FILE.');
  }
  if (found.length > 0) return found;
  throw new KitError('usage', `nothing failed in ${file}`, 'Leave --last-failed out to run everything.');
};

const failedIn = (text: string): string[] | undefined => {
  try {
    const { scenarios } = JSON.parse(text) as Report;
    return scenarios.filter(({ verdict, knownFailure }) => verdict === 'failed' && !knownFailure).map(({ id }) => id);
  } catch {
    return undefined;
  }
};

/** Loaded only where a description is given: it takes the reader of YAML and the validator. */
const descriptionFrom = async (source: unknown): Promise<Description> => {
  const { descriptionOf, readDescriptionFile } = await import(
    '../../src/harness/server/description/description-file.js'
  );
  return typeof source === 'string' ? readDescriptionFile(source) : descriptionOf(source, 'in the config file');
};

const historyFolder = (path: string): string => {
  try {
    makeFolder(path);
    return path;
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? '';
    throw new KitError('usage', `cannot keep histories in ${path} (${code})`, 'Name a folder that can be written.', {
      cause,
    });
  }
};

const shardFrom = (text: string): Shard => {
  const [, number = 0, of = 0] = (/^(\d{1,4})\/(\d{1,4})$/.exec(text) ?? []).map(Number);
  if (number >= 1 && number <= of) return { number, of };
  throw new KitError('usage', `--shard cannot be "${text}"`, 'Write K/N with K from 1 to N, such as --shard 1/4.');
};

const seedFrom = (seed: string | undefined): string => {
  if (seed === undefined) return randomBytes(4).toString('hex');
  if (/^[A-Za-z0-9._-]{1,64}$/.test(seed)) return seed;
  throw new KitError('usage', `"${seed}" cannot be a seed`, 'Use 1 to 64 of A-Z a-z 0-9 . _ -');
};

/** A file that holds no certificate would be taken for "trust nobody", and every server refused. */
const certificatesFrom = (file: string): string => {
  const pem = readText(file, 'certificate authority');
  try {
    new X509Certificate(pem);
    return pem;
  } catch (cause) {
    throw new KitError(
      'usage',
      `${file} holds no certificate in PEM`,
      'Name the file of the authority, not of its key.',
      {
        cause,
      },
    );
  }
};

/** What the embedded server has. It is `secured` only where it checks tokens, and TLS needs a certificate of the user's. */
const EMBEDDED_CLASSES = TESTED_CLASSES.filter((name) => !['secured', 'encrypted'].includes(name));

let written: ServerFile | undefined;

/** Written once, and removed with the process. */
const embeddedServer = async (): Promise<ServerFile> => {
  const { serverFile } = await import('../../conformance/patching/server-file.js');
  written ??= serverFile('the embedded server', []);
  return written;
};

/** The command of the embedded server, and the secret of its tokens, unless the caller makes tokens of another kind. */
const embedded = async (settings: Settings): Promise<{ exec: string; jwtSecret?: string }> => {
  const { file } = await embeddedServer();
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
  const classes = given(settings.class as string[] | undefined, (list) => classesFrom(list, role));
  const sides = given(settings.role as string[] | undefined, (list) => classesFrom(list, role));
  const other = sides?.find((name) => name !== 'sender' && name !== 'receiver');
  if (other !== undefined) {
    throw new KitError('usage', `"${other}" is no role of a client`, 'Use sender, receiver or both.');
  }
  return sides === undefined ? classes : [...new Set([...(classes ?? (['core'] as const)), ...sides])];
};

const checkFailOn = (level: unknown): void => {
  if (level === undefined || level === 'warning') return;
  const remedy = `${didYouMean(String(level), ['warning'])}Write --fail-on warning; what fails counts anyway.`;
  throw new KitError('usage', `--fail-on does not know "${level}"`, remedy);
};

const checkTogether = (settings: Settings): void => {
  const identities = ['token', 'jwt-secret', 'token-command'].filter((name) => settings[name] !== undefined);
  if (identities.length > 1) {
    const both = identities.map((name) => `--${name}`).join(' and ');
    throw new KitError('usage', `${both} exclude each other`, 'Choose one way to make tokens.');
  }
  if (settings.only !== undefined && settings['last-failed'] !== undefined) {
    throw new KitError(
      'usage',
      '--only and --last-failed exclude each other',
      'Choose one of them; --skip goes with both.',
    );
  }
  if (settings.watch !== undefined && settings.exec === undefined) {
    const remedy = 'Add --exec with the command that starts the subject.';
    throw new KitError('usage', '--watch has nothing that it could restart', remedy);
  }
  if (settings.verbose === true && settings.quiet === true) {
    throw new KitError('usage', '--verbose and --quiet exclude each other', 'Choose one of them.');
  }
  if (settings.ca !== undefined && settings.insecure === true) {
    throw new KitError('usage', '--ca and --insecure exclude each other', 'Check certificates, or do not.');
  }
};

const checkRepetitions = (settings: Settings): void => {
  if (settings.repeat === undefined || settings.repetition === undefined) return;
  throw new KitError(
    'usage',
    '--repeat and --repetition exclude each other',
    'Play all repetitions with --repeat, or one of them with --repetition.',
  );
};

const checkPlace = (settings: Settings): void => {
  if (settings.exec !== undefined || !String(settings.url ?? '').includes('{port}')) return;
  throw new KitError(
    'usage',
    `the url ${settings.url} has a place for a port, but nothing is started on it`,
    'Write the port, or add --exec with the command that starts the server.',
  );
};

/** What a value is turned into, where there is one. */
const given = <T, R>(value: T | undefined, make: (value: T) => R): R | undefined =>
  value === undefined ? undefined : make(value);

/** Turns checked settings into what the harness runs. Throws a usage KitError for values that cannot be used. */
export const runOptionsFrom = async (
  settings: Settings,
  flags: Settings,
  configFile: string | undefined,
  role: Role = 'server',
): Promise<RunOptions> => {
  checkTogether(settings);
  checkFailOn(settings['fail-on']);
  checkPlace(settings);
  checkRepetitions(settings);
  const text = (name: string) => settings[name] as string | undefined;
  const number = (name: string) => settings[name] as number | undefined;
  const list = (name: string) => (settings[name] as string[] | undefined) ?? [];
  const only: string[] = given(text('last-failed'), lastFailed) ?? list('only');
  // A list starts nothing, so the embedded server need not be put together for it.
  const named =
    role === 'client' || settings.url !== undefined || settings.exec !== undefined || settings.list === true;
  const own = named ? undefined : await embedded(settings);
  return defined({
    role,
    url: given(text('url'), checkUrl),
    exec: own?.exec ?? text('exec'),
    embedded: own !== undefined,
    classes: chosenClasses(settings, role),
    only,
    skip: list('skip'),
    token: text('token'),
    jwtSecret: own?.jwtSecret ?? text('jwt-secret'),
    tokenCommand: text('token-command'),
    users: given(text('users'), (file) => parseUsers(readText(file, 'list of accounts'), file)),
    ca: given(text('ca'), certificatesFrom),
    insecure: settings.insecure as boolean | undefined,
    headers: (settings.header as Record<string, string> | undefined) ?? {},
    describe: await given(settings.describe, descriptionFrom),
    baseline: baselineEntries(settings),
    shard: given(text('shard'), shardFrom),
    allowUnproven: settings['allow-unproven'] === true,
    seed: seedFrom(text('seed')),
    sweep: number('sweep'),
    repeat: number('repeat'),
    repetition: number('repetition'),
    concurrency:
      number('concurrency') ?? (role === 'client' ? BOTS_PER_CORE * availableParallelism() : DEFAULT_CONCURRENCY),
    instances: number('instances') ?? availableParallelism(),
    patienceMs: number('patience') ?? DEFAULT_PATIENCE_MS,
    maxWaitMs: number('max-wait'),
    historyDir: given(text('history'), historyFolder),
    replayArguments: replayArguments(flags, configFile),
  });
};
