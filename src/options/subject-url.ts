import { KitError } from '../errors.js';

/** Throws a usage KitError for what is no `ws:` or `wss:` URL. */
export const checkUrl = (url: string): string => {
  const parsed = URL.canParse(url.replaceAll('{port}', '1')) ? new URL(url.replaceAll('{port}', '1')) : undefined;
  if (parsed?.protocol === 'ws:' || parsed?.protocol === 'wss:') return url;
  const remedy = /^https?:$/.test(parsed?.protocol ?? '')
    ? `Write ${url.replace(/^http/, 'ws')} instead.`
    : 'Write it as ws://HOST:PORT/ or wss://HOST/; im-conformance --help lists the commands.';
  throw new KitError('usage', `"${url}" is neither a WebSocket URL nor a command`, remedy, { field: 'url' });
};

/** Throws a usage KitError for what is no URL: a foreign protocol may have a scheme of its own. */
export const checkForeignUrl = (url: string): string => {
  if (URL.canParse(url.replaceAll('{port}', '1'))) return url;
  throw new KitError(
    'usage',
    `"${url}" is neither a URL nor a command`,
    'Write it as ws://HOST:PORT/ or tcp://HOST:PORT.',
    { field: 'url' },
  );
};
