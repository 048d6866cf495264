import { publicUrl } from '../public-url.js';
import { OPTIONS } from './option-table.js';
import type { Settings } from './settings.js';

/** Quotes a word for a POSIX shell, only where it needs it. */
export const shellQuote = (word: string): string =>
  /^[A-Za-z0-9_@%+=:,./{}-]+$/.test(word) && !/\{[^}]*,/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

/** What chooses scenarios, steers the output or keeps files has no place in a replay of one scenario; its seed is added to it. */
const LEFT_OUT = new Set([
  'seed',
  'only',
  'skip',
  'list',
  'requirements',
  'report',
  'baseline',
  'update-baseline',
  'shard',
  'allow-unproven',
  'fail-on',
  'history',
  'kills',
  'repeat',
  'repetition',
  'jwt-secret',
  'trace',
  'watch',
  'bail',
  'max-time',
  'last-failed',
  'verbose',
  'quiet',
]);

/** A template made of nothing but places and separators holds no secret. */
const OPEN_TEMPLATE = /^(\{user\}|\{device\}|[/:._-])*$/;

const SECRET_HEADER = /auth|cookie|token|secret|key/i;

const headerWords = (headers: Record<string, string>): string[] =>
  Object.entries(headers).flatMap(([name, value]) => [
    '--header',
    SECRET_HEADER.test(name) ? `"${name}: $SECRET"` : shellQuote(`${name}: ${value}`),
  ]);

/** What a program handed over, where a command line names a file. */
const isNoWord = (value: unknown): boolean =>
  Array.isArray(value) ? value.some(isNoWord) : typeof value === 'object' || String(value).includes('\n');

const words = (name: string, value: unknown): string[] => {
  if (name === 'header') return headerWords(value as Record<string, string>);
  if (name === 'token' && !OPEN_TEMPLATE.test(String(value))) return ['--token', '"$TOKEN"'];
  if (value === true) return [`--${name}`];
  if (isNoWord(value)) return [`--${name}`, `"$${name.toUpperCase().replaceAll('-', '_')}"`];
  const values = Array.isArray(value) ? value : [value];
  return values.flatMap((item) => [`--${name}`, shellQuote(String(item))]);
};

/** The key of the tokens may stand in a command, too: a shell puts it back there, also within single quotes. */
const withoutKey = (line: string, key: unknown): string =>
  typeof key === 'string' && key !== '' ? line.replaceAll(key, `'"$SECRET"'`) : line;

/**
 * The options of this run as the caller would have to repeat them. Secrets never get into a report: the caller finds
 * a shell variable in their place. What stands in a config file need not be repeated.
 */
export const replayArguments = (flags: Settings, configFile: string | undefined): string[] => [
  ...(typeof flags.url === 'string' ? [shellQuote(publicUrl(flags.url))] : []),
  ...(configFile === undefined ? [] : ['--config', shellQuote(configFile)]),
  ...OPTIONS.filter(({ name }) => !LEFT_OUT.has(name) && flags[name] !== undefined).flatMap(({ name }) =>
    words(name, flags[name]).map((word) => withoutKey(word, flags['jwt-secret'])),
  ),
  ...(flags['jwt-secret'] === undefined ? [] : ['--jwt-secret', '"$SECRET"']),
];
