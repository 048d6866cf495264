import type { Command } from 'commander';
import { KitError } from '../../src/errors.js';
import type { LogLevel, ServerOptions } from '../../src/reference/server/index.js';

interface ServeOptions {
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
}

const DEFAULT_PORT = 9001;

/** A number that is none must name its option; the server checks the range. */
const wholeNumber =
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

/** Leaves out what was not given, so that the defaults of the server count. */
const given = <T extends object>(options: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };

const portOf = (options: ServeOptions): number => {
  if (options.port !== undefined) return options.port;
  return process.env.PORT ? wholeNumber('the environment variable PORT')(process.env.PORT) : DEFAULT_PORT;
};

const tlsFiles = ({ tlsCert, tlsKey }: ServeOptions): Pick<ServerOptions, 'tls'> => {
  if (tlsCert === undefined && tlsKey === undefined) return {};
  if (tlsCert !== undefined && tlsKey !== undefined) return { tls: { certFile: tlsCert, keyFile: tlsKey } };
  const [there, missing] = tlsCert === undefined ? ['--tls-key', '--tls-cert'] : ['--tls-cert', '--tls-key'];
  throw new KitError('usage', `${there} was given without ${missing}`, 'Give both, or none for a server without TLS.');
};

const serverOptions = (options: ServeOptions, data: string): ServerOptions => ({
  host: options.host,
  port: portOf(options),
  data,
  ...(options.jwtSecret === undefined ? {} : { jwtSecret: options.jwtSecret }),
  ...tlsFiles(options),
  // The server says which names it does not know.
  ...(options.class ? { classes: options.class as NonNullable<ServerOptions['classes']> } : {}),
  timers: given({
    answerWithinMs: options.answerWithin,
    redeliverAfterMs: options.redeliverAfter,
    redeliverMaxMs: options.redeliverMax,
    deadAfterMs: options.deadAfter,
  }),
  limits: given({
    maxBodyBytes: options.maxBodyBytes,
    maxFrameBytes: options.maxFrameBytes,
    maxInFlight: options.maxInFlight,
    maxInboxMessages: options.maxInbox,
    maxConnections: options.maxConnections,
  }),
  logLevel: options.logLevel as LogLevel,
});

/** Resolves with the first signal that asks for the end. A second one ends the process at once. */
const endSignal = (): Promise<void> =>
  new Promise((resolve) => {
    let asked = false;
    const onSignal = (): void => {
      if (asked) process.exit(130);
      asked = true;
      resolve();
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });

const serve = async (options: ServeOptions): Promise<void> => {
  const { startServer } = await import('../../src/reference/server/index.js');
  const { mkdtempSync, rmSync } = await import('node:fs');
  const { tmpdir } = await import('node:os');
  const { join } = await import('node:path');
  const named = options.data ?? process.env.DATA_DIR;
  const data = named || mkdtempSync(join(tmpdir(), 'im-conformance-'));
  try {
    const end = endSignal();
    const server = await startServer(serverOptions(options, data));
    process.stdout.write(`listening on ${server.url}\n`);
    await end;
    await server.stop();
  } finally {
    if (!named) rmSync(data, { recursive: true, force: true });
  }
};

/** `im-conformance serve`: the reference server, until SIGTERM or SIGINT. */
export const registerServe = (program: Command): void => {
  program
    .command('serve')
    .description('Start the reference server.')
    .option('--port <port>', `port to listen on, 0 for any (default: $PORT or ${DEFAULT_PORT})`, wholeNumber('--port'))
    .option('--host <host>', 'address to listen on', '127.0.0.1')
    .option(
      '--data <dir>',
      'folder of the database (default: $DATA_DIR, or a temporary one that is removed at the end)',
    )
    .option(
      '--class <list>',
      'classes to have: core, timed-redelivery, durable, ordered, expiry, multi-device, flow-control, secured, encrypted, observable (default: the first three; encrypted with a certificate)',
      classList,
    )
    .option('--jwt-secret <secret>', 'tokens are JWTs signed with it, HS256: sub, device (default: bare user names)')
    .option('--tls-cert <file>', 'certificate in PEM form; with it the server speaks TLS only')
    .option('--tls-key <file>', 'private key of the certificate, in PEM form')
    .option('--answer-within <ms>', 'declared time for every answer', wholeNumber('--answer-within'))
    .option('--redeliver-after <ms>', 'pause before the first repeated push', wholeNumber('--redeliver-after'))
    .option(
      '--redeliver-max <ms>',
      'longest pause between two pushes (default: 3000, or --redeliver-after if that is longer)',
      wholeNumber('--redeliver-max'),
    )
    .option('--dead-after <ms>', 'time after which a silent peer is dead', wholeNumber('--dead-after'))
    .option('--max-body-bytes <n>', 'largest body, bytes of UTF-8', wholeNumber('--max-body-bytes'))
    .option('--max-frame-bytes <n>', 'largest frame, bytes', wholeNumber('--max-frame-bytes'))
    .option('--max-in-flight <n>', 'most un-acked pushes on one connection', wholeNumber('--max-in-flight'))
    .option('--max-inbox <n>', 'most un-acked messages of one user', wholeNumber('--max-inbox'))
    .option('--max-connections <n>', 'most connections', wholeNumber('--max-connections'))
    .option('--log-level <level>', 'error, warn, info or debug; JSON lines on stderr', 'warn')
    .action(serve);
};
