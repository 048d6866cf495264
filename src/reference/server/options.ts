import {
  SERVER_CLASSES,
  type ServerClass,
  SINGLE_CLASSES,
  type SingleClass,
  type Timers,
  WIRE,
} from '../../../schemas/wire.js';
import { KitError } from '../../errors.js';
import type { Log } from '../cluster/log.js';
import { LOG_LEVELS, type LogLevel } from './log.js';

/** The classes that the reference server implements: all. */
export const REFERENCE_CLASSES: readonly ReferenceClass[] = SINGLE_CLASSES;
export type ReferenceClass = SingleClass;

/** The classes of a server that was not told any. With a certificate, `encrypted` comes on top. */
export const DEFAULT_CLASSES: readonly ReferenceClass[] = ['core', 'timed-redelivery', 'durable'];

/** A limit on everything that a client could make grow. Bytes and milliseconds as named, otherwise numbers of things. */
export interface ServerLimits {
  maxBodyBytes: number;
  maxFrameBytes: number;
  /** Un-acked msg:N on one connection. */
  maxInFlight: number;
  maxInboxMessages: number;
  maxConnections: number;
  maxConnectionsPerUser: number;
  /** Class `multi-device`: devices that a user can ever have. */
  maxDevicesPerUser: number;
  /** Connections of one address that have not finished their upgrade; one more, and the oldest is ended. */
  maxHandshakesPerAddress: number;
  /** More from one connection within a second, and it is closed with 4429. */
  maxPingsPerSecond: number;
  /** Of one frame; more, and its connection is closed. */
  maxFragments: number;
  /** Bytes that wait for a peer that does not read; more, and it is cut with 4413. */
  maxBufferedBytes: number;
  /** Requests that wait for a commit; more are answered `busy`. */
  maxPendingRequests: number;
  /** Requests of one connection that wait for a commit; then its socket is not read for a moment. */
  maxPendingPerConnection: number;
  /** Characters of bodies that wait for a commit; with more, requests are answered `busy`. */
  maxPendingBytes: number;
  /** From the TCP connection to the end of the upgrade request. */
  handshakeTimeoutMs: number;
}

/** What a node has unless it was told otherwise: all but what needs secrets. */
export const CLUSTER_CLASSES: readonly ReferenceClass[] = [
  ...DEFAULT_CLASSES,
  'ordered',
  'expiry',
  'multi-device',
  'flow-control',
  'observable',
];
/** A lease lapses within three seconds, and etcd finds another leader within four. Milliseconds. */
export const FAILOVER_MS = 6_000;

export interface TlsFiles {
  certFile: string;
  keyFile: string;
}

/** A server that is one node of several. */
export interface ClusterOptions {
  /** Name of this node: a number from 1. */
  node: string;
  /** The log that all nodes share. */
  log: Log;
  /** URLs of all nodes, as clients reach them. */
  urls: readonly string[];
}

export interface ServerOptions {
  /** Class `replicated`. Default: a server alone. */
  cluster?: ClusterOptions;
  /** Default 127.0.0.1. */
  host?: string;
  /** Default 0: any free port. */
  port?: number;
  /** Folder of the database; needed with class `durable`. */
  data?: string;
  /** Default: DEFAULT_CLASSES, and `encrypted` with `tls`. */
  classes?: readonly ServerClass[];
  /** Tokens are JWTs that are signed with this secret (HS256): `sub` the user, `device` the device. Default: bare names. */
  jwtSecret?: string;
  /** Files in PEM form. With them the server speaks TLS, and nothing else. */
  tls?: TlsFiles;
  timers?: Partial<Timers>;
  limits?: Partial<ServerLimits>;
  /** Default warn. */
  logLevel?: LogLevel;
  /** Gets each log line, without line end. Default: stderr. */
  log?: (line: string) => void;
}

export interface ServerConfig {
  host: string;
  port: number;
  data: string | undefined;
  classes: ReadonlySet<ReferenceClass>;
  jwtSecret: string | undefined;
  tls: TlsFiles | undefined;
  timers: Timers;
  limits: ServerLimits;
  logLevel: LogLevel;
  cluster: ClusterOptions | undefined;
}

export const DEFAULT_SERVER_TIMERS: Timers = {
  answerWithinMs: 1_000,
  redeliverAfterMs: 400,
  redeliverMaxMs: 3_000,
  deadAfterMs: 1_500,
  dedupWindowMs: 604_800_000,
};

export const DEFAULT_LIMITS: ServerLimits = {
  maxBodyBytes: WIRE.bodyBytes,
  maxFrameBytes: WIRE.frameBytes,
  maxInFlight: 64,
  maxInboxMessages: 50_000,
  maxConnections: 10_000,
  maxConnectionsPerUser: 32,
  maxDevicesPerUser: 64,
  maxHandshakesPerAddress: 1_024,
  maxPingsPerSecond: 100,
  maxFragments: 4_096,
  maxBufferedBytes: 16 * 1_048_576,
  maxPendingRequests: 16_384,
  maxPendingPerConnection: 1_024,
  maxPendingBytes: 256 * 1_048_576,
  handshakeTimeoutMs: 10_000,
};

/** Node's timers hold no more. */
const LONGEST_TIMER_MS = 2_147_483_647;
/** A legal body may take six times its size as JSON; the other members of a msg:R need some room too. */
const frameBytesFor = (bodyBytes: number): number => 6 * bodyBytes + 4_096;

const usage = (message: string, remedy: string): KitError => new KitError('usage', message, remedy);

const integer = (name: string, value: number, least: number, most: number): number => {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
  throw usage(`${name} is ${value}`, `Give a whole number from ${least} to ${most}.`);
};

const isReferenceClass = (name: string): name is ReferenceClass =>
  (REFERENCE_CLASSES as readonly string[]).includes(name);

const readClasses = (names: readonly string[]): ReadonlySet<ReferenceClass> => {
  const list = REFERENCE_CLASSES.join(', ');
  for (const name of names) {
    if (isReferenceClass(name)) continue;
    const known = (SERVER_CLASSES as readonly string[]).includes(name);
    throw usage(
      known ? `the reference server has no class "${name}"` : `there is no class "${name}"`,
      `Choose among ${list}.`,
    );
  }
  const classes = new Set(names.filter(isReferenceClass));
  if (!classes.has('core')) throw usage('the class core is missing', `Every server has core: choose core of ${list}.`);
  return classes;
};

const readTimers = (given: Partial<Timers>): Timers => {
  const longest = Math.max(DEFAULT_SERVER_TIMERS.redeliverMaxMs, given.redeliverAfterMs ?? 0);
  const timers = { ...DEFAULT_SERVER_TIMERS, redeliverMaxMs: longest, ...given };
  for (const name of ['answerWithinMs', 'redeliverAfterMs', 'redeliverMaxMs', 'deadAfterMs'] as const) {
    integer(name, timers[name], 1, LONGEST_TIMER_MS);
  }
  integer('dedupWindowMs', timers.dedupWindowMs, 1, Number.MAX_SAFE_INTEGER);
  if (timers.redeliverMaxMs < timers.redeliverAfterMs) {
    throw usage(
      `redeliverMaxMs (${timers.redeliverMaxMs}) is less than redeliverAfterMs (${timers.redeliverAfterMs})`,
      'Raise the longest pause or lower the first one.',
    );
  }
  return timers;
};

const COUNTED_LIMITS = [
  'maxConnections',
  'maxConnectionsPerUser',
  'maxDevicesPerUser',
  'maxHandshakesPerAddress',
  'maxPingsPerSecond',
  'maxFragments',
  'maxPendingRequests',
  'maxPendingPerConnection',
] as const;

const readLimits = (given: Partial<ServerLimits>): ServerLimits => {
  const maxBodyBytes = given.maxBodyBytes ?? DEFAULT_LIMITS.maxBodyBytes;
  const maxFrameBytes = Math.max(DEFAULT_LIMITS.maxFrameBytes, frameBytesFor(maxBodyBytes));
  const limits = { ...DEFAULT_LIMITS, maxFrameBytes, ...given };
  // A frame is held in memory as a string, and V8 ends strings at half a gigabyte.
  integer('maxBodyBytes', limits.maxBodyBytes, WIRE.bodyBytes, 16 * 1_048_576);
  integer('maxFrameBytes', limits.maxFrameBytes, WIRE.frameBytes, 128 * 1_048_576);
  if (limits.maxFrameBytes < frameBytesFor(limits.maxBodyBytes)) {
    throw usage(
      `maxFrameBytes (${limits.maxFrameBytes}) has no room for every body of maxBodyBytes (${limits.maxBodyBytes})`,
      `Give at least ${frameBytesFor(limits.maxBodyBytes)}: a body may take six times its size as JSON.`,
    );
  }
  integer('maxInFlight', limits.maxInFlight, 1, 10_000);
  integer('maxInboxMessages', limits.maxInboxMessages, 1, 10_000_000);
  for (const name of COUNTED_LIMITS) integer(name, limits[name], 1, 1_000_000);
  integer('maxPendingBytes', limits.maxPendingBytes, limits.maxFrameBytes, Number.MAX_SAFE_INTEGER);
  integer('maxBufferedBytes', limits.maxBufferedBytes, limits.maxFrameBytes, Number.MAX_SAFE_INTEGER);
  integer('handshakeTimeoutMs', limits.handshakeTimeoutMs, 1, LONGEST_TIMER_MS);
  return limits;
};

/** Fills in the defaults. Throws a KitError that names the nonsense. */
export const readOptions = (options: ServerOptions): ServerConfig => {
  const { cluster } = options;
  const byDefault = cluster ? CLUSTER_CLASSES : DEFAULT_CLASSES;
  const classes = readClasses(options.classes ?? [...byDefault, ...(options.tls ? ['encrypted'] : [])]);
  if (classes.has('encrypted') && !options.tls) {
    throw usage('an encrypted server needs a certificate', 'Give --tls-cert and --tls-key, or leave out the class.');
  }
  if (options.jwtSecret === '') throw usage('the secret of the tokens is empty', 'Give --jwt-secret some characters.');
  if (classes.has('durable') && !options.data && !cluster) {
    throw usage('a durable server needs a data folder', 'Give --data DIR, or leave out the class durable.');
  }
  const limits = readLimits(options.limits ?? {});
  if (cluster && limits.maxBodyBytes > WIRE.bodyBytes) {
    throw usage(
      `a body of ${limits.maxBodyBytes} bytes is more than a log in etcd takes`,
      `Give --max-body-bytes at most ${WIRE.bodyBytes} to a node of a cluster.`,
    );
  }
  const logLevel = options.logLevel ?? 'warn';
  if (!LOG_LEVELS.includes(logLevel)) {
    throw usage(`there is no log level "${logLevel}"`, `Choose among ${LOG_LEVELS.join(', ')}.`);
  }
  return {
    host: options.host ?? '127.0.0.1',
    port: integer('the port', options.port ?? 0, 0, 65_535),
    data: options.data,
    classes,
    jwtSecret: options.jwtSecret,
    tls: options.tls,
    timers: readTimers(options.timers ?? {}),
    limits,
    logLevel,
    cluster,
  };
};
