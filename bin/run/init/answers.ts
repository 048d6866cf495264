import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CLASSES_OF, ROLES, type Role } from '../../../schemas/index.js';
import { defined } from '../../../src/defined.js';
import { KitError } from '../../../src/errors.js';
import { didYouMean } from '../../../src/nearest.js';
import { classesFrom } from '../../../src/options/selection.js';
import { checkUrl } from '../../../src/options/subject-url.js';
import type { Questions } from './questions.js';

export const CI_SYSTEMS = ['github', 'gitlab', 'none'] as const;
export type CiSystem = (typeof CI_SYSTEMS)[number];

/** What `init` writes down. */
export interface Answers {
  role: Role;
  exec?: string;
  url?: string;
  classes: readonly string[];
  ci: CiSystem;
  /** A stub of a bot is written, because the client has none yet. */
  stub: boolean;
  /** The file of the dialect through which a server of another protocol is tested. */
  dialect?: string;
}

/** The options of `init`, as commander gives them. */
export interface InitOptions {
  role?: string;
  exec?: string;
  url?: string;
  class?: string[];
  dialect?: string;
  ci?: string;
  yes?: boolean;
  force?: boolean;
}

export const BOT = 'conformance-bot.js';
export const DIALECT = 'conformance-dialect.yaml';
const BOT_COMMAND = `node ${BOT}`;

const oneOf =
  <N extends string>(option: string, names: readonly N[]) =>
  (answer: string): N => {
    const found = names.find((name) => name === answer.toLowerCase());
    if (found !== undefined) return found;
    const remedy = `${didYouMean(answer, names)}Use ${names.join(' or ')}.`;
    throw new KitError('usage', `"${answer}" is none of ${names.join(', ')}`, remedy, { field: option });
  };

const checkExec = (answer: string): string => {
  if (answer.trim() !== '') return answer.trim();
  throw new KitError('usage', 'the command is empty', 'Write the command that starts it.', { field: 'exec' });
};

const isUrl = (answer: string): boolean => /^(wss?|https?):/i.test(answer);

/** What is most likely here, by what lies in the folder. */
const likelyCi = (folder: string): CiSystem => {
  if (existsSync(join(folder, '.gitlab-ci.yml'))) return 'gitlab';
  return existsSync(join(folder, '.github')) || existsSync(join(folder, '.git')) ? 'github' : 'none';
};

const likelyExec = (folder: string, role: Role): string => {
  if (role === 'client') return BOT_COMMAND;
  return existsSync(join(folder, 'server.js')) ? 'node server.js --port {port} --data {data}' : '';
};

type Subject = Pick<Answers, 'exec' | 'url' | 'stub'>;

const given = ({ exec, url }: InitOptions, role: Role): Subject | undefined => {
  if (exec !== undefined && url !== undefined && !url.includes('{port}')) {
    throw new KitError(
      'usage',
      '--exec and --url exclude each other',
      'Give --url alone for a server that runs already.',
    );
  }
  if (url !== undefined && role === 'client') {
    throw new KitError('usage', '--url is for servers', 'Give --exec with the command that starts the bot.', {
      field: 'url',
    });
  }
  if (exec === undefined && url === undefined) return undefined;
  return {
    ...(exec === undefined ? {} : { exec: checkExec(exec) }),
    ...(url === undefined ? {} : { url: checkUrl(url) }),
    stub: exec === BOT_COMMAND,
  };
};

const askSubject = async (ask: Questions, folder: string, role: Role): Promise<Subject> => {
  const likely = likelyExec(folder, role);
  if (role === 'client') {
    const exec = await ask.checked('Which command starts the bot of your client?', likely, checkExec);
    return { exec, stub: exec === BOT_COMMAND };
  }
  const question =
    'Which command starts your server ({port} and {data} are filled in), or at which ws: url does it run?';
  return ask.checked(question, likely, (answer) =>
    isUrl(answer) ? { url: checkUrl(answer), stub: false } : { exec: checkExec(answer), stub: false },
  );
};

/** Without a person to ask, what was not given is what is most likely; a server cannot be guessed from nothing. */
const guessSubject = (folder: string, role: Role): Subject => {
  const exec = likelyExec(folder, role);
  if (exec !== '') return { exec, stub: exec === BOT_COMMAND };
  const remedy = 'Add --exec "COMMAND", or --url ws://HOST:PORT/ for one that runs already.';
  throw new KitError('usage', 'nobody knows how your server is started', remedy, { field: 'exec' });
};

/** The dialect that was named: one that is there, or one of which a stub is to be written. */
const checkDialect = (file: string, folder: string, role: Role): string => {
  const wrong = (message: string, remedy: string) => new KitError('usage', message, remedy, { field: 'dialect' });
  if (role === 'client') throw wrong('--dialect is for servers', 'Leave it out: a client is tested through its bot.');
  if (!/\.(ya?ml|mjs|js)$/.test(file)) {
    throw wrong(`--dialect ${file} is no file of a dialect`, `Name a file that ends in .yaml, such as ${DIALECT}.`);
  }
  if (/\.m?js$/.test(file) && !existsSync(join(folder, file))) {
    throw wrong(`there is no dialect ${file}`, `Name a file that ends in .yaml: init writes a first one there.`);
  }
  return file;
};

/** Undefined: the server speaks im.ran.v1, as nearly all do that are tested without a question. */
const dialectFrom = async (
  { dialect }: InitOptions,
  folder: string,
  role: Role,
  ask: Questions | undefined,
): Promise<string | undefined> => {
  if (dialect !== undefined) return checkDialect(dialect, folder, role);
  if (ask === undefined || role === 'client') return undefined;
  const question = 'Does your server speak im.ran.v1? If not, a dialect is written, in which you say how it speaks.';
  const spoken = await ask.checked(question, 'yes', oneOf('dialect', ['yes', 'no']));
  return spoken === 'yes' ? undefined : DIALECT;
};

/** All answers: those that were given as options, and of the others what a person says, or without one what is most likely. */
export const answersFrom = async (
  options: InitOptions,
  folder: string,
  ask: Questions | undefined,
): Promise<Answers> => {
  const toRole = oneOf('role', ROLES);
  const toCi = oneOf('ci', CI_SYSTEMS);
  // What was given is checked before anybody is asked.
  const roleGiven = options.role === undefined ? undefined : toRole(options.role);
  if (options.dialect !== undefined) checkDialect(options.dialect, folder, roleGiven ?? 'server');
  const ciGiven = options.ci === undefined ? undefined : toCi(options.ci);
  const early = roleGiven ?? (ask === undefined ? 'server' : undefined);
  const role = early ?? (await ask?.checked('What do you test: server or client?', 'server', toRole)) ?? 'server';
  const toClasses = (answer: string): string[] => (answer === 'all' ? [] : classesFrom([answer], role, 'class'));
  const classesGiven = options.class === undefined ? undefined : classesFrom(options.class, role, 'class');
  const named = given(options, role);
  const subject = named ?? (ask === undefined ? guessSubject(folder, role) : await askSubject(ask, folder, role));
  // Who writes the command as an option writes the dialect so, too.
  const dialect = await dialectFrom(options, folder, role, named === undefined ? ask : undefined);
  // What speaks another protocol claims nothing.
  const usual = dialect === undefined ? 'all' : 'core';
  const question = `Which classes (${CLASSES_OF[role].join(', ')}; all: what it claims)?`;
  const classes = classesGiven ?? (await ask?.checked(question, usual, toClasses)) ?? [];
  const ci =
    ciGiven ?? (await ask?.checked('Which CI: github, gitlab or none?', likelyCi(folder), toCi)) ?? likelyCi(folder);
  return { role, ...subject, ...defined({ dialect }), classes, ci };
};
