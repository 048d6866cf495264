import type { Dialect } from '../../../adapters/index.js';
import { KitError } from '../../../errors.js';
import type { Authenticate, Credentials } from '../credentials.js';
import { fillIdentity } from '../identity/index.js';

/**
 * Joins what a dialect adds to the url of the subject, without touching its places: `?user={token}` extends the query,
 * `/chat` replaces path and query, `socket.io/?EIO=4` follows the path.
 */
export const joinUrl = (base: string, added: string | undefined): string => {
  if (added === undefined || added === '') return base;
  const [beforeQuery = base, query] = base.split('?', 2);
  if (added.startsWith('?')) return query ? `${beforeQuery}?${query}&${added.slice(1)}` : `${beforeQuery}${added}`;
  const [, origin = beforeQuery, path = ''] = /^([a-z+]+:\/\/[^/]*)(.*)$/i.exec(beforeQuery) ?? [];
  if (added.startsWith('/')) return `${origin}${added}`;
  return `${origin}${path.endsWith('/') ? path : `${path}/`}${added}`;
};

const checkedScheme = ({ scheme, securePort }: NonNullable<Dialect['address']>, url: string): void => {
  const [, given = ''] = /^([a-z0-9+.-]+):\/\//i.exec(url) ?? [];
  if ([scheme, `${scheme}s`, 'tls', 'tcp'].includes(given.toLowerCase())) return;
  throw new KitError(
    'usage',
    given === '' ? `the url does not begin with ${scheme}://` : `${given}:// is no url of ${scheme}`,
    `Write ${scheme}://HOST:PORT${securePort === undefined ? '' : `, or ${scheme}s:// where the connection begins with TLS`}.`,
  );
};

/** What a url may have at its end and says nothing: `/`, and as AMQP writes the virtual host `/`. */
const NO_PATH = /^(\/(%2f)?)?$/i;

const checkedRest = (scheme: string, origin: string, rest: string): void => {
  if (origin.includes('@')) {
    throw new KitError(
      'usage',
      `the account in the url is not used with ${scheme}`,
      "Leave it out. Accounts come from --users or --token or, with amqp, from --via 'amqp?login=NAME:PASSWORD'.",
    );
  }
  const [path = ''] = rest.split(/[?#]/, 1);
  if (!NO_PATH.test(path)) {
    throw new KitError(
      'usage',
      `the path ${path} of the url is not used with ${scheme}`,
      'Leave it out: the url is that of the server alone. With amqp, its virtual host is always /.',
    );
  }
};

/**
 * The url of a subject as its protocol has it: of one that the kit starts, unless it is given; and never without a port.
 * Throws a usage KitError for another scheme, an account or a path, where the protocol has an address that holds neither.
 */
export const addressOf = (url: string | undefined, { address }: Dialect): string | undefined => {
  if (address === undefined) return url;
  if (url === undefined) return `${address.scheme}://127.0.0.1:{port}`;
  checkedScheme(address, url);
  const [, origin = url, rest = ''] = /^([a-z0-9+.-]+:\/\/[^/?#]*)(.*)$/i.exec(url) ?? [];
  checkedRest(address.scheme, origin, rest);
  const isSecure = origin.startsWith(`${address.scheme}s:`) || origin.startsWith('tls:');
  const port = isSecure ? (address.securePort ?? address.port) : address.port;
  return /:(\d+|\{port\})$/.test(origin) ? url : `${origin}:${port}${rest}`;
};

/** Where a connection of that user goes, and the token that stands for the user. */
export const foreignUrl = async (
  baseUrl: string,
  authenticate: Authenticate,
  { opening }: Dialect,
  user: string,
  device: string,
): Promise<{ credentials: Credentials; token: string }> => {
  // The kit makes the token; asked for in a query of its own, it comes back alone.
  const asked = await authenticate('ws://token/?{token}', user, device);
  const token = decodeURIComponent(asked.url.slice(asked.url.indexOf('?') + 1));
  const url = joinUrl(baseUrl, opening?.url);
  const headers = Object.fromEntries(
    Object.entries(opening?.headers ?? {}).map(([name, value]) => [name, fillIdentity(value, { user, device, token })]),
  );
  return {
    credentials: {
      ...asked,
      url: fillIdentity(url, { user, device, token }, encodeURIComponent),
      headers: { ...asked.headers, ...headers },
    },
    token,
  };
};
