import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KitError } from '../../src/errors.js';
import { SERVE_OPTIONS, type ServeOptions } from '../commands/serve-options.js';

const MEMBERS = 3;
const END_MS = 5_000;
/** What each node gets for itself, or what makes no sense for several. */
const OWN = new Set(['port', 'nodes', 'node', 'cluster', 'cluster-nodes', 'data']);

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });

const noEtcd = (cause: unknown): KitError =>
  new KitError('usage', 'etcd cannot be started', 'Install it (Debian: etcd-server), so that `etcd` is in PATH.', {
    cause,
  });

/** Three etcd that find each other; `children` gets each as it starts. Rejects with a KitError where there is no etcd. */
const startEtcd = async (folder: string, children: ChildProcess[]): Promise<string[]> => {
  const members: { name: string; client: string; peer: string }[] = [];
  for (let index = 1; index <= MEMBERS; index += 1) {
    const [client, peer] = [`http://127.0.0.1:${await freePort()}`, `http://127.0.0.1:${await freePort()}`];
    members.push({ name: `m${index}`, client, peer });
  }
  const initial = members.map(({ name, peer }) => `${name}=${peer}`).join(',');
  const start = ({ name, client, peer }: (typeof members)[number]): Promise<void> => {
    const clients = ['--listen-client-urls', client, '--advertise-client-urls', client];
    const peers = ['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer, '--initial-cluster', initial];
    const options = [
      '--name',
      name,
      '--data-dir',
      join(folder, name),
      '--logger',
      'zap',
      '--log-level',
      'error',
      ...clients,
      ...peers,
    ];
    const child = spawn('etcd', options, { stdio: ['ignore', 'ignore', 'inherit'] });
    children.push(child);
    return new Promise((resolve, reject) => {
      child.once('spawn', () => resolve());
      child.once('error', (cause) => reject(noEtcd(cause)));
    });
  };
  await Promise.all(members.map(start));
  return members.map(({ client }) => client);
};

/** The options that were given, once more for a node. */
const passedOn = (options: ServeOptions): string[] =>
  SERVE_OPTIONS.filter(({ name }) => !OWN.has(name)).flatMap(({ name }) => {
    const member = name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
    const value = (options as unknown as Record<string, unknown>)[member];
    return value === undefined ? [] : [`--${name}`, String(value)];
  });

const endOf = (child: ChildProcess, signal: NodeJS.Signals): Promise<void> =>
  new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    const timer = setTimeout(() => child.kill('SIGKILL'), END_MS);
    child.once('exit', () => {
      clearTimeout(timer);
      resolve();
    });
    child.kill(signal);
  });

/** `serve --nodes N`: a whole cluster for trials, its nodes on ports from `first` on, until `end`. Its data goes with it. */
export const runLocalCluster = async (
  options: ServeOptions,
  nodes: number,
  first: number,
  end: Promise<void>,
): Promise<void> => {
  if (!(nodes >= 2 && nodes <= 9)) throw new KitError('usage', `--nodes is ${nodes}`, 'Give 2 to 9.');
  const own = (['data', 'node', 'cluster', 'clusterNodes'] as const).find((name) => options[name] !== undefined);
  if (own !== undefined) {
    const option = own.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    const remedy = 'A cluster for trials makes all of that itself, and takes it away at the end.';
    throw new KitError('usage', `--${option} and --nodes exclude each other`, remedy);
  }
  if (first < 1 || first + nodes > 65_536) {
    throw new KitError(
      'usage',
      `--port is ${first}`,
      'Give the port of the first node; the others take the next ones.',
    );
  }
  const folder = mkdtempSync(join(tmpdir(), 'im-conformance-cluster-'));
  const children: ChildProcess[] = [];
  const etcd: ChildProcess[] = [];
  // A second signal ends this process at once; nothing of the cluster may outlive it.
  process.once('exit', () => {
    for (const child of [...children, ...etcd]) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });
  try {
    const members = await startEtcd(folder, etcd);
    const ports = Array.from({ length: nodes }, (_, index) => first + index);
    const scheme = options.tlsCert === undefined ? 'ws' : 'wss';
    const urls = ports.map((port) => `${scheme}://${options.host}:${port}/`).join(',');
    const [, program = ''] = process.argv;
    for (const [index, port] of ports.entries()) {
      const place = ['--port', String(port), '--node', String(index + 1), '--cluster-nodes', urls];
      const command = [program, 'serve', ...passedOn(options), ...place, '--cluster', members.join(',')];
      children.push(spawn(process.execPath, command, { stdio: ['ignore', 'inherit', 'inherit'] }));
    }
    const ended = children.map((child) => new Promise<void>((resolve) => child.once('exit', () => resolve())));
    const outcome = await Promise.race([end.then(() => 'asked'), Promise.all(ended).then(() => 'all')]);
    if (outcome === 'all') {
      const remedy = `Read what they printed; ports ${ports[0]} to ${ports.at(-1)} must be free.`;
      throw new KitError('unreachable', 'all nodes of the cluster have ended', remedy);
    }
  } finally {
    await Promise.all(children.map((child) => endOf(child, 'SIGTERM')));
    await Promise.all(etcd.map((child) => endOf(child, 'SIGKILL')));
    rmSync(folder, { recursive: true, force: true });
  }
};
