import { validateHeaderName, validateHeaderValue } from 'node:http';
import { defined } from '../../../defined.js';
import { KitError } from '../../../errors.js';
import type { TokenChoice, TokenOwner } from '../../../play/index.js';
import { fillText } from '../../../template.js';
import type { Account } from '../../options.js';
import type { Authenticate, TlsTrust } from '../credentials.js';
import { checkIds, fillIdentity, namesSomebody } from './fill-identity.js';
import { type TokenSource, tokensOfCommand } from './token-command.js';
import { jwtSigner, tokenOfKind } from './token-kinds.js';

/** How long a token that the kit signs is valid: longer than any run, and than any clock that a script sets forward. */
const JWT_SECONDS = 500 * 24 * 3_600;
/** Headers that belong to the WebSocket handshake itself. */
const RESERVED = /^(sec-websocket-.*|connection|upgrade|host)$/i;

export interface IdentityOptions {
  /** Template of the bearer token, with `{user}` and `{device}`. */
  token?: string;
  /** Secret for HS256 tokens with `sub` and `device`. */
  jwtSecret?: string;
  /** Command that prints a token. */
  tokenCommand?: string;
  /** Headers of every upgrade, with `{user}`, `{device}` and `{token}`. */
  headers: Record<string, string>;
  /** Accounts; those with tokens need no other source. */
  users?: readonly Account[];
  /** How far certificates are trusted; without it, as far as the system does. */
  tls?: TlsTrust;
}

/**
 * Makes the function that turns a user and a device into the URL and the headers of one connection. Without any
 * option the token is the bare name: `user`, or `user/device` for another device than `default`.
 *
 * The token goes where a header or the URL says `{token}`, otherwise into `Authorization: Bearer`. A header or a URL
 * that names `{user}` needs no token, so none is added unless a source of tokens is given.
 */
export const createAuthenticate = (options: IdentityOptions): Authenticate => {
  const { headers, tls, users } = options;
  const trust = defined({ tls });
  const sign = options.jwtSecret === undefined ? undefined : jwtSigner(options.jwtSecret);
  const source = users === undefined ? tokenSource(options) : tokensOfAccounts(users, tokenSource(options));
  for (const [name, value] of Object.entries(headers)) checkHeader(name, value);
  const ownAuthorization = Object.keys(headers).some((name) => name.toLowerCase() === 'authorization');
  const headerTakesToken = Object.values(headers).some((value) => value.includes('{token}'));
  const headerNames = Object.values(headers).some(namesSomebody);

  const chosen = async (baseUrl: string, user: string, device: string, choice: TokenChoice) => {
    const { header, query } = choice;
    const own = source ?? bareName;
    const filled: Record<string, string | string[]> = {};
    for (const [name, value] of Object.entries(headers)) filled[name] = fillIdentity(value, { user, device });
    const token = await tokenOfKind(header, user, device, own, sign);
    if (token !== undefined) filled.Authorization = `Bearer ${token}`;
    const url = new URL(fillIdentity(baseUrl, { user, device }, encodeURIComponent));
    const second =
      typeof query === 'object'
        ? await own(query.user, query.device)
        : await tokenOfKind(query ?? 'none', user, device, own, sign);
    if (second !== undefined) url.searchParams.set('access_token', second);
    const fill = await tokenFiller(own, { user, device }, choice.owners);
    for (const [name, value] of Object.entries(choice.headers ?? {})) {
      filled[name] = typeof value === 'string' ? fill(value) : value.map(fill);
    }
    if (choice.parameters !== undefined) url.search += `${url.search === '' ? '?' : '&'}${fill(choice.parameters)}`;
    return { url: url.href, headers: filled, ...trust };
  };

  return async (baseUrl, client, clientDevice, tokens) => {
    const { user, device } =
      users === undefined ? { user: client, device: clientDevice } : knownUser(users, client, clientDevice);
    checkIds(user, device);
    if (tokens !== undefined) return chosen(baseUrl, user, device, tokens);
    const placed = headerTakesToken || baseUrl.includes('{token}');
    if (source !== undefined && !placed && ownAuthorization) throw unusedToken();
    const named = headerNames || namesSomebody(baseUrl) || ownAuthorization;
    const bearer = !placed && (source !== undefined || !named);
    const token = placed || bearer ? await (source ?? bareName)(user, device) : undefined;
    const identity = defined({ user, device, token });
    const filled: Record<string, string> = {};
    for (const [name, value] of Object.entries(headers)) filled[name] = fillIdentity(value, identity);
    if (bearer) filled.Authorization = `Bearer ${token}`;
    return { url: fillIdentity(baseUrl, identity, encodeURIComponent), headers: filled, ...trust };
  };
};

/** Fills tokens in. They are made beforehand, for all clients that the step may name. */
const tokenFiller = async (
  own: TokenSource,
  { user, device }: TokenOwner,
  owners: TokenChoice['owners'] = new Map(),
): Promise<(text: string) => string> => {
  const mine = await own(user, device);
  const tokens = new Map<string, string>();
  for (const [name, owner] of owners) tokens.set(name, await own(owner.user, owner.device));
  return (text) =>
    String(
      fillText(text, ({ name, argument }) => {
        if (name !== 'token') return undefined;
        return argument === undefined ? mine : tokens.get(argument);
      }),
    );
};

const bareName: TokenSource = async (user, device) => (device === 'default' ? user : `${user}/${device}`);

const tokenSource = ({ token, jwtSecret, tokenCommand }: IdentityOptions): TokenSource | undefined => {
  const given = Object.entries({ '--token': token, '--jwt-secret': jwtSecret, '--token-command': tokenCommand })
    .filter(([, value]) => value !== undefined)
    .map(([name]) => name);
  if (given.length > 1) {
    throw new KitError(
      'usage',
      `${given.join(' and ')} were given together.`,
      'Give one of them: each is a source of tokens.',
      { field: given[1]?.slice(2) },
    );
  }
  for (const value of [token, jwtSecret, tokenCommand]) {
    if (value?.trim() === '')
      throw new KitError('usage', `The value of ${given[0]} is empty.`, 'Give it a value, or leave it out.', {
        field: given[0]?.slice(2),
      });
  }
  if (token !== undefined) return tokensOfTemplate(token);
  if (jwtSecret !== undefined) return tokensOfSecret(jwtSecret);
  if (tokenCommand !== undefined) return tokensOfCommand(tokenCommand);
  return undefined;
};

/** Before and between scenarios the kit looks in as a user of its own; with fixed accounts as the first of them. */
const knownUser = (users: readonly Account[], user: string, device: string): { user: string; device: string } => {
  const [first] = users;
  if (!first || users.some((account) => account.user === user)) return { user, device };
  return { user: first.user, device: first.device ?? 'default' };
};

const tokensOfAccounts = (users: readonly Account[], made: TokenSource | undefined): TokenSource | undefined => {
  const tokens = new Map(
    users.flatMap(({ user, device = 'default', token }) => (token === undefined ? [] : [[`${user}/${device}`, token]])),
  );
  if (tokens.size === 0) return made;
  return async (user, device) => tokens.get(`${user}/${device}`) ?? (made ?? bareName)(user, device);
};

const tokensOfTemplate = (template: string): TokenSource => {
  if (!template.includes('{user}')) {
    throw new KitError(
      'usage',
      'The template of --token has no {user}, so all clients would be one user.',
      'Write it like "{user}" or "{user}/{device}"; use --token-command for tokens that cannot be derived.',
      { field: 'token' },
    );
  }
  checkHeader('authorization', template);
  return async (user, device) => fillIdentity(template, { user, device });
};

/** Signed once for each device: its token is good for the whole run. */
const tokensOfSecret = (secret: string): TokenSource => {
  const sign = jwtSigner(secret);
  const signed = new Map<string, Promise<string>>();
  return async (user, device) => {
    const key = `${user}/${device}`;
    const known = signed.get(key);
    if (known !== undefined) return known;
    const now = Math.floor(Date.now() / 1_000);
    const token = sign(user, device, { iat: now, exp: now + JWT_SECONDS });
    signed.set(key, token);
    return token;
  };
};

/** Whether every token travels as the kit's own `Authorization: Bearer`, so that it can be exchanged for another. */
export const usesBearerOnly = ({ headers, ...source }: IdentityOptions, url: string): boolean => {
  const named = Object.entries(headers).some(([name, value]) => /^authorization$/i.test(name) || namesSomebody(value));
  const given = source.token ?? source.jwtSecret ?? source.tokenCommand;
  return !named && !url.includes('{token}') && (given !== undefined || !namesSomebody(url));
};

const checkHeader = (name: string, value: string): void => {
  if (RESERVED.test(name)) {
    throw new KitError(
      'usage',
      `The header "${name}" belongs to the WebSocket handshake.`,
      'Leave it out; the kit sets it.',
      { field: 'header' },
    );
  }
  try {
    // The message does not repeat the value: it may be a secret.
    validateHeaderName(name);
    validateHeaderValue(name, value);
  } catch (cause) {
    throw new KitError(
      'usage',
      `The header ${JSON.stringify(name)} is not valid.`,
      "Write it like --header 'X-User: {user}', in one line of printable ASCII.",
      { cause, field: 'header' },
    );
  }
};

const unusedToken = (): KitError => {
  return new KitError(
    'usage',
    'A source of tokens and a header Authorization were given together, so the token would be used nowhere.',
    "Leave one out, or write --header 'Authorization: Bearer {token}'.",
    { field: 'header' },
  );
};
