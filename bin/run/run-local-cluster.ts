import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KitError } from '../../src/errors.js';
import { DEFAULT_PORT, SERVE_OPTIONS, type ServeOptions } from '../commands/serve-options.js';

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

/** Three etcd that find each other. Rejects with a KitError where there is no etcd. */
const startEtcd = async (folder: string): Promise<{ children: ChildProcess[]; urls: string[] }> => {
  const members: { name: string; client: string; peer: string }[] = [];
  for (let index = 1; index <= MEMBERS; index += 1) {
    const [client, peer] = [`http://127.0.0.1:${await freePort()}`, `http://127.0.0.1:${await freePort()}`];
    members.push({ name: `m${index}`, client, peer });
  }
  const initial = members.map(({ name, peer }) => `${name}=${peer}`).join(',');
  const start = ({ name, client, peer }: (typeof members)[number]): Promise<ChildProcess> => {
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
    return new Promise((resolve, reject) => {
      child.once('spawn', () => resolve(child));
      child.once('error', (cause) => reject(noEtcd(cause)));
    });
  };
  return { children: await Promise.all(members.map(start)), urls: members.map(({ client }) => client) };
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

/** `serve --nodes N`: a whole cluster for trials, until `end`. Its data goes with it. */
export const runLocalCluster = async (options: ServeOptions, nodes: number, end: Promise<void>): Promise<void> => {
  if (!(nodes >= 2 && nodes <= 9)) throw new KitError('usage', `--nodes is ${nodes}`, 'Give 2 to 9.');
  const folder = mkdtempSync(join(tmpdir(), 'im-conformance-cluster-'));
  const children: ChildProcess[] = [];
  let etcd: ChildProcess[] = [];
  // A second signal ends this process at once; nothing of the cluster may outlive it.
  process.once('exit', () => {
    for (const child of [...children, ...etcd]) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });
  try {
    const started = await startEtcd(folder);
    etcd = started.children;
    const first = options.port ?? DEFAULT_PORT;
    const ports = Array.from({ length: nodes }, (_, index) => first + index);
    const scheme = options.tlsCert === undefined ? 'ws' : 'wss';
    const urls = ports.map((port) => `${scheme}://${options.host}:${port}/`).join(',');
    const [, program = ''] = process.argv;
    for (const [index, port] of ports.entries()) {
      const own = ['--port', String(port), '--node', String(index + 1), '--cluster-nodes', urls];
      const command = [program, 'serve', ...passedOn(options), ...own, '--cluster', started.urls.join(',')];
      children.push(spawn(process.execPath, command, { stdio: ['ignore', 'inherit', 'inherit'] }));
    }
    const ended = children.map((child) => new Promise<void>((resolve) => child.once('exit', () => resolve())));
    await Promise.race([end, Promise.all(ended)]);
  } finally {
    await Promise.all(children.map((child) => endOf(child, 'SIGTERM')));
    await Promise.all(etcd.map((child) => endOf(child, 'SIGKILL')));
    rmSync(folder, { recursive: true, force: true });
  }
};
