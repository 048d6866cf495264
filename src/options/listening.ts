import { createSecureContext } from 'node:tls';
import { KitError } from '../errors.js';
import type { RunOptions } from '../harness/options.js';
import type { Settings } from './settings.js';
import { readText } from './text-file.js';

const LOOPBACK = '127.0.0.1';
const ADDRESS = /^(\[[0-9A-Fa-f:.]+\]|[^:[\]\s]+)(?::(\d{1,5}))?$/;

const addressFrom = (text: string, wait: boolean): { host: string; port: number } => {
  const [, host = '', digits = '0'] = ADDRESS.exec(text) ?? [];
  const port = Number(digits);
  const wrong = (message: string, remedy: string) => new KitError('usage', message, remedy, { field: 'listen' });
  if (host === '' || port > 65_535) {
    throw wrong(`--listen cannot be "${text}"`, 'Write it as HOST or HOST:PORT, such as 0.0.0.0:9443 or [::1].');
  }
  if (port !== 0 && !wait) {
    throw wrong(
      '--listen names a port, and each start of the bot gets one of its own',
      'Leave the port out, or use --wait.',
    );
  }
  return { host: host.replace(/^\[|\]$/g, ''), port };
};

const tlsFrom = (settings: Settings) => {
  const [cert, key] = [settings['tls-cert'], settings['tls-key']] as (string | undefined)[];
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined) {
    const [given, missing] = cert === undefined ? ['tls-key', 'tls-cert'] : ['tls-cert', 'tls-key'];
    throw new KitError('usage', `--${given} without --${missing}`, 'TLS needs both files.', { field: missing });
  }
  const tls = { cert: readText(cert, 'certificate', 'tls-cert'), key: readText(key, 'private key', 'tls-key') };
  try {
    createSecureContext(tls);
    return tls;
  } catch (cause) {
    const message = `${cert} and ${key} are no certificate and its private key in PEM`;
    throw new KitError('usage', message, 'Name the certificate first, then the key that belongs to it.', {
      cause,
      field: 'tls-cert',
    });
  }
};

/** Where the kit listens for a client under test. Throws a usage KitError for what cannot be used. */
export const listeningFrom = (settings: Settings): Pick<RunOptions, 'wait' | 'place'> => {
  const wait = settings.wait === true;
  if (wait && settings.exec !== undefined) {
    throw new KitError('usage', '--wait and --exec exclude each other', 'Let the kit start the client, or start it.', {
      field: 'wait',
    });
  }
  const tls = tlsFrom(settings);
  const place = addressFrom((settings.listen as string | undefined) ?? LOOPBACK, wait);
  return { wait, place: tls === undefined ? place : { ...place, tls } };
};
