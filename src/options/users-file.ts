import { defined } from '../defined.js';
import { KitError } from '../errors.js';
import type { Account } from '../harness/options.js';
import { readText } from './text-file.js';

const LINE = /^([A-Za-z0-9._@-]{1,64})(?:\/([A-Za-z0-9._-]{1,32}))?(?:\s+(\S+))?$/;

/** What stands there may hold a token, so it is not repeated. */
const noAccount = (file: string, number: number): KitError => {
  const remedy = 'Write `user`, `user TOKEN` or `user/device TOKEN`, one account a line.';
  return new KitError('usage', `${file}:${number}: this is no account`, remedy, { field: 'users' });
};

/** Reads the accounts of `--users`: `user`, `user TOKEN` or `user/device TOKEN` a line; `#` begins a comment. */
export const parseUsers = (text: string, file: string): Account[] => {
  const accounts: Account[] = [];
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.replace(/(^|\s)#.*$/, '').trim();
    if (line === '') continue;
    const [, user, device, token] = LINE.exec(line) ?? [];
    if (user === undefined) throw noAccount(file, index + 1);
    accounts.push(defined({ user, device, token }));
  }
  if (accounts.length === 0)
    throw new KitError('usage', `${file} names no account`, 'Write one account a line.', { field: 'users' });
  return accounts;
};

/** The text of a file of accounts, or accounts, which are written as its lines: both are checked in one place. */
export const usersFrom = (source: string | readonly Account[]): Account[] => {
  if (typeof source === 'string') return parseUsers(readText(source, 'list of accounts', 'users'), source);
  const lines = source.map(({ user, device, token }, index) => {
    if (/[\s#/]/.test(`${user}${device ?? ''}`) || /\s|^#/.test(token ?? '')) throw noAccount('users', index + 1);
    return [device === undefined ? user : `${user}/${device}`, token ?? ''].join(' ');
  });
  return parseUsers(lines.join('\n'), 'users');
};
