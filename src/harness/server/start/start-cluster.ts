import { defined } from '../../../defined.js';
import { KitError } from '../../../errors.js';
import { fillNames } from '../../../template.js';
import { pickPort, releasePort } from '../../process/port.js';
import type { Subject } from '../../subject.js';
import { ClusterSubject } from './cluster-subject.js';
import { CommandSubject } from './command-subject.js';
import { LinkSet } from './links.js';
import { Service } from './service.js';
import { isPortTaken } from './start-failure.js';
import { dataFolder, MAX_STARTS, START_TIMEOUT_MS, STOP_TIMEOUT_MS, type StartOptions } from './start-subject.js';

const NAMED_PORT = /\{port:([a-z0-9][a-z0-9-]*)\}/g;

/** The ports of a cluster by their names: `1` is that of node 1, others are made when a command asks for them. */
class Ports {
  readonly #byName = new Map<string, number>();

  /** A port for each name that these texts ask for, and for each node. */
  async provide(texts: readonly string[], nodes: number): Promise<void> {
    const names = new Set([...Array.from({ length: nodes }, (_, index) => String(index + 1)), ...namesIn(texts)]);
    for (const name of names) this.#byName.set(name, await pickPort());
  }

  find(name: string): number | undefined {
    return this.#byName.get(name);
  }

  fill(text: string): string {
    return text.replaceAll(NAMED_PORT, (whole, name: string) => String(this.#byName.get(name) ?? whole));
  }

  release(): void {
    for (const port of this.#byName.values()) releasePort(port);
  }
}

/**
 * Starts what the nodes need, then the command once for each node, all on free ports and with empty folders. Filled in
 * are `{node}` from 1, `{nodes}`, `{port}`, `{port:2}` of node 2, `{port:NAME}` of a service, `{link:2}` and `{link:NAME}`
 * for a way there that the kit can cut, `{urls}` of all nodes with commas between, and `{data}`; NODE, NODES, NODE_URLS, PORT and DATA_DIR are the same. Rejects as `startSubject` does.
 */
export const startCluster = async (options: StartOptions, nodes: number): Promise<Subject> => {
  checkNames(options, nodes);
  for (let start = 1; ; start++) {
    try {
      return await startOnce(options, nodes);
    } catch (error) {
      if (start === MAX_STARTS || options.signal?.aborted || !isPortTaken(error)) throw error;
      options.log?.('a port was taken by another program; choosing other ones');
    }
  }
};

const namesIn = (texts: readonly string[]): string[] =>
  texts.flatMap((text) => [...text.matchAll(NAMED_PORT)].map(([, name = '']) => name));

/** A misspelt name would be a port on which nobody listens. */
const checkNames = ({ exec, services = {} }: StartOptions, nodes: number): void => {
  const known = new Set([
    ...Array.from({ length: nodes }, (_, index) => String(index + 1)),
    ...Object.keys(services),
    ...namesIn(Object.values(services)),
  ]);
  const unknown = namesIn([exec]).find((name) => !known.has(name));
  if (unknown === undefined) return;
  throw new KitError(
    'usage',
    `{port:${unknown}} of --exec is the port of no node and of no service`,
    `Known: ${[...known].join(', ')}.`,
    { field: 'exec' },
  );
};

const startOnce = async (options: StartOptions, nodes: number): Promise<Subject> => {
  const { exec, authenticate, signal, services = {}, url: template = 'ws://127.0.0.1:{port}/' } = options;
  const ports = new Ports();
  await ports.provide([exec, ...Object.values(services)], nodes);
  const urls = Array.from({ length: nodes }, (_, index) =>
    fillNames(template, { port: String(ports.find(String(index + 1))) }),
  );
  const startTimeoutMs = options.startTimeoutMs ?? START_TIMEOUT_MS;
  const links = new LinkSet();
  const nodeNames = urls.map((_, index) => String(index + 1));
  const commands = new Map([...Object.entries(services), ...nodeNames.map((name) => [name, exec] as const)]);
  await links.provide(commands, (owner) => ports.find(owner));
  await links.listen();
  const started: Service[] = [];
  for (const [name, command] of Object.entries(services)) {
    const data = await dataFolder();
    started.push(
      new Service({
        name,
        command: fillNames(links.fill(name, ports.fill(command)), { data }),
        data,
        port: ports.find(name),
        startTimeoutMs,
      }),
    );
  }
  const subjects: CommandSubject[] = [];
  for (const [index, url] of urls.entries()) {
    const node = String(index + 1);
    const data = await dataFolder();
    const port = ports.find(node) ?? 0;
    const names = { node, nodes: String(nodes), port: String(port), urls: urls.join(','), data };
    subjects.push(
      new CommandSubject({
        url,
        command: fillNames(links.fill(node, ports.fill(exec)), names),
        port,
        data,
        authenticate,
        environment: { NODE: node, NODES: String(nodes), NODE_URLS: names.urls },
        ...defined({ probe: options.probe }),
        startTimeoutMs,
        stopTimeoutMs: options.stopTimeoutMs ?? STOP_TIMEOUT_MS,
        log: options.log ?? (() => undefined),
        released: () => undefined,
      }),
    );
  }
  const cluster = new ClusterSubject(subjects, started, links, () => ports.release());
  const giveUp = () => void cluster.close();
  signal?.addEventListener('abort', giveUp, { once: true });
  try {
    if (signal?.aborted) giveUp();
    for (const service of started) await service.start();
    await cluster.start();
    return cluster;
  } catch (error) {
    await cluster.close();
    throw error;
  } finally {
    signal?.removeEventListener('abort', giveUp);
  }
};
