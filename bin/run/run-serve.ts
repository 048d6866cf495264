import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KitError } from '../../src/errors.js';
import { type LogLevel, type ServerOptions, startServer } from '../../src/reference/server/index.js';
import { DEFAULT_PORT, type ServeOptions, wholeNumber } from '../commands/serve-options.js';

/** Leaves out what was not given, so that the defaults of the server count. */
const given = <T extends object>(options: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };

const portOf = (options: ServeOptions): number => {
  if (options.port !== undefined) return options.port;
  return process.env.PORT ? wholeNumber('the environment variable PORT')(process.env.PORT) : DEFAULT_PORT;
};

const tlsFiles = ({ tlsCert, tlsKey }: ServeOptions): ServerOptions['tls'] => {
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert !== undefined && tlsKey !== undefined) return { certFile: tlsCert, keyFile: tlsKey };
  const [there, missing] = tlsCert === undefined ? ['--tls-key', '--tls-cert'] : ['--tls-cert', '--tls-key'];
  throw new KitError('usage', `${there} was given without ${missing}`, 'Give both, or none for a server without TLS.');
};

/** What only a node of a cluster can have. */
const OF_NODES = [
  ['node', '--node'],
  ['clusterNodes', '--cluster-nodes'],
  ['snapshotAfter', '--snapshot-after'],
] as const;

/** Loaded only by a node of a cluster. */
const clusterOf = async (options: ServeOptions): Promise<ServerOptions['cluster']> => {
  const { cluster: members } = options;
  const node = options.node ?? Number(process.env.NODE || 0);
  const urls = options.clusterNodes ?? process.env.NODE_URLS?.split(',') ?? [];
  if (members === undefined) {
    const lone = OF_NODES.find(([member]) => options[member] !== undefined);
    if (lone === undefined) return undefined;
    throw new KitError('usage', `${lone[1]} was given without --cluster`, 'Give the addresses of etcd with --cluster.');
  }
  const bad = members.find((url) => !URL.canParse(url) || !/^https?:/.test(url));
  if (bad !== undefined || members.length === 0) {
    throw new KitError('usage', `--cluster cannot be "${bad ?? ''}"`, 'Write http://host:2379, commas between.');
  }
  if (options.snapshotAfter === 0) {
    throw new KitError('usage', '--snapshot-after is 0', 'Give the number of entries between two snapshots, from 1.');
  }
  if (node < 1) throw new KitError('usage', '--cluster needs --node', 'Give each node another number, from 1.');
  const { EtcdLog } = await import('../../src/reference/cluster/etcd-log.js');
  return { node: String(node), log: new EtcdLog(members, options.snapshotAfter), urls };
};

const serverOptions = (options: ServeOptions, data: string): ServerOptions =>
  given({
    host: options.host,
    port: portOf(options),
    data,
    jwtSecret: options.jwtSecret,
    tls: tlsFiles(options),
    // The server says which names it does not know.
    classes: options.class as ServerOptions['classes'],
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

/** The reference server, until a signal asks for its end. Rejects with a KitError when it cannot start. */
export const runServe = async (options: ServeOptions): Promise<void> => {
  if (options.nodes !== undefined) {
    const { runLocalCluster } = await import('./run-local-cluster.js');
    await runLocalCluster(options, options.nodes, portOf(options), endSignal());
    return;
  }
  const named = options.data ?? process.env.DATA_DIR;
  const data = named || mkdtempSync(join(tmpdir(), 'im-conformance-'));
  try {
    const end = endSignal();
    const server = await startServer({
      ...serverOptions(options, data),
      ...given({ cluster: await clusterOf(options) }),
    });
    process.stdout.write(`listening on ${server.url}\n`);
    await end;
    await server.stop();
  } finally {
    if (!named) rmSync(data, { recursive: true, force: true });
  }
};
