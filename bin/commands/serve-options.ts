import { KitError } from '../../src/errors.js';

export const DEFAULT_PORT = 9001;

export interface ServeOptions {
  port?: number;
  host: string;
  data?: string;
  class?: string[];
  jwtSecret?: string;
  tlsCert?: string;
  tlsKey?: string;
  answerWithin?: number;
  redeliverAfter?: number;
  redeliverMax?: number;
  deadAfter?: number;
  maxBodyBytes?: number;
  maxFrameBytes?: number;
  maxInFlight?: number;
  maxInbox?: number;
  maxConnections?: number;
  logLevel: string;
  cluster?: string[];
  node?: number;
  clusterNodes?: string[];
  snapshotAfter?: number;
  nodes?: number;
}

/** One option of `serve`: what the command line and the help know of it. */
export interface ServeOption {
  name: string;
  value: string;
  help: string;
  read?: (text: string) => unknown;
  byDefault?: string;
}

/** A number that is none must name its option; the server checks the range. */
export const wholeNumber =
  (name: string) =>
  (text: string): number => {
    if (/^\d{1,16}$/.test(text)) return Number(text);
    throw new KitError('usage', `${name} is "${text}"`, 'Give a whole number.');
  };

const classList = (text: string): string[] =>
  text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');

const number = (name: string, value: string, help: string): ServeOption => ({
  name,
  value,
  help,
  read: wholeNumber(`--${name}`),
});

export const SERVE_OPTIONS: readonly ServeOption[] = [
  number('port', 'port', `port to listen on, 0 for any (default: $PORT or ${DEFAULT_PORT})`),
  { name: 'host', value: 'host', help: 'address to listen on', byDefault: '127.0.0.1' },
  {
    name: 'data',
    value: 'dir',
    help: 'folder of the database (default: $DATA_DIR, or a temporary one that is removed at the end)',
  },
  {
    name: 'class',
    value: 'list',
    help: 'classes to have: core, timed-redelivery, durable, ordered, expiry, multi-device, flow-control, secured, encrypted, observable (default: the first three, of a node the first seven and observable; encrypted with a certificate)',
    read: classList,
  },
  {
    name: 'jwt-secret',
    value: 'secret',
    help: 'tokens are JWTs signed with it, HS256: sub, device (default: bare user names)',
  },
  { name: 'tls-cert', value: 'file', help: 'certificate in PEM form; with it the server speaks TLS only' },
  { name: 'tls-key', value: 'file', help: 'private key of the certificate, in PEM form' },
  number('answer-within', 'ms', 'declared time for every answer'),
  number('redeliver-after', 'ms', 'pause before the first repeated push'),
  number(
    'redeliver-max',
    'ms',
    'longest pause between two pushes (default: 3000, or --redeliver-after if that is longer)',
  ),
  number('dead-after', 'ms', 'time after which a silent peer is dead'),
  number('max-body-bytes', 'n', 'largest body, bytes of UTF-8'),
  number('max-frame-bytes', 'n', 'largest frame, bytes'),
  number('max-in-flight', 'n', 'most un-acked pushes on one connection'),
  number('max-inbox', 'n', 'most un-acked messages of one user'),
  number('max-connections', 'n', 'most connections'),
  {
    name: 'cluster',
    value: 'urls',
    help: 'be one node of a cluster, whose log is in etcd at these addresses (http://host:2379, commas between)',
    read: classList,
  },
  number('node', 'n', 'with --cluster: which node this is, from 1 (default: $NODE)'),
  {
    name: 'cluster-nodes',
    value: 'urls',
    help: 'with --cluster: URLs of all nodes, as clients reach them (default: $NODE_URLS)',
    read: classList,
  },
  number(
    'snapshot-after',
    'n',
    'with --cluster: entries of the log after which it is trimmed to a snapshot (default: 10000)',
  ),
  number('nodes', 'n', 'start a whole cluster here, for trials: n nodes and three etcd (Debian: etcd-server)'),
  {
    name: 'log-level',
    value: 'level',
    help: 'error, warn, info or debug; JSON lines on stderr',
    byDefault: 'warn',
  },
];
