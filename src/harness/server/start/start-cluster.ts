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

/** What has been made of a cluster, so that all of it can be given back whenever something fails. */
class Parts {
  readonly ports = new Ports();
  readonly links = new LinkSet();
  readonly services: Service[] = [];
  readonly nodes: CommandSubject[] = [];

  /** The cluster of all that there is by now. */
  assemble(): ClusterSubject {
    return new ClusterSubject(this.nodes, this.services, this.links, () => this.ports.release());
  }
}

const startOnce = async (options: StartOptions, nodes: number): Promise<Subject> => {
  const { signal } = options;
  const parts = new Parts();
  let cluster: ClusterSubject | undefined;
  const giveUp = () => void cluster?.close();
  signal?.addEventListener('abort', giveUp, { once: true });
  try {
    await prepare(parts, options, nodes);
    cluster = parts.assemble();
    if (signal?.aborted) giveUp();
    for (const service of parts.services) await service.start();
    await cluster.start();
    return cluster;
  } catch (error) {
    await (cluster ?? parts.assemble()).close();
    throw error;
  } finally {
    signal?.removeEventListener('abort', giveUp);
  }
};

/** Ports, links and folders, and a process to be started for each service and each node. */
const prepare = async (parts: Parts, options: StartOptions, nodes: number): Promise<void> => {
  const { exec, services = {}, url: template = 'ws://127.0.0.1:{port}/' } = options;
  const { ports, links } = parts;
  await ports.provide([exec, ...Object.values(services)], nodes);
  const urls = Array.from({ length: nodes }, (_, index) =>
    fillNames(template, { port: String(ports.find(String(index + 1))) }),
  );
  const nodeNames = urls.map((_, index) => String(index + 1));
  const commands = new Map([...Object.entries(services), ...nodeNames.map((name) => [name, exec] as const)]);
  await links.provide(commands, (owner) => ports.find(owner));
  await links.listen();
  for (const [name, command] of Object.entries(services)) {
    const data = await dataFolder();
    parts.services.push(
      new Service({
        name,
        command: fillNames(links.fill(name, ports.fill(command)), { data }),
        data,
        port: ports.find(name),
        startTimeoutMs: options.startTimeoutMs ?? START_TIMEOUT_MS,
      }),
    );
  }
  for (const [index, url] of urls.entries()) parts.nodes.push(await nodeOf(parts, options, urls, url, index + 1));
};

const nodeOf = async (
  { ports, links }: Parts,
  options: StartOptions,
  urls: readonly string[],
  url: string,
  number: number,
): Promise<CommandSubject> => {
  const node = String(number);
  const nodes = String(urls.length);
  const data = await dataFolder();
  const port = ports.find(node) ?? 0;
  const names = { node, nodes, port: String(port), urls: urls.join(','), data };
  return new CommandSubject({
    url,
    command: fillNames(links.fill(node, ports.fill(options.exec)), names),
    port,
    data,
    authenticate: options.authenticate,
    environment: { NODE: node, NODES: nodes, NODE_URLS: names.urls },
    ...defined({ probe: options.probe }),
    startTimeoutMs: options.startTimeoutMs ?? START_TIMEOUT_MS,
    stopTimeoutMs: options.stopTimeoutMs ?? STOP_TIMEOUT_MS,
    log: options.log ?? (() => undefined),
    released: () => undefined,
  });
};
