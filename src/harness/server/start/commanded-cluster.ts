import { setTimeout as sleep } from 'node:timers/promises';
import type { NodeVerb } from '../../../../schemas/index.js';
import type { Links } from '../../../links.js';
import type { Subject, SubjectControl } from '../../subject.js';
import type { Authenticate } from '../credentials.js';
import { allOf } from './all-of.js';
import { CommandedNode, notOurs } from './commanded-node.js';
import type { NodeCommands } from './node-command.js';
import { START_TIMEOUT_MS } from './start-subject.js';

export interface CommandedOptions {
  /** In the order of their numbers, from 1. */
  nodeUrls: readonly string[];
  commands: NodeCommands;
  authenticate: Authenticate;
  /** Milliseconds, default 15,000. */
  startTimeoutMs?: number;
}

/** `close` takes at most 5 s in all. */
const CLOSE_BOUND_MS = 4_000;

/** A server of several nodes that runs already: commands of its user kill, freeze, cut off and replace its nodes. */
export class CommandedCluster implements Subject, SubjectControl {
  readonly url: string;
  readonly nodeUrls: readonly string[];
  readonly control: SubjectControl = this;
  readonly verbs: ReadonlySet<NodeVerb>;
  readonly nodes: readonly CommandedNode[];
  readonly links: readonly (Links | undefined)[];

  constructor({ nodeUrls, commands, authenticate, startTimeoutMs = START_TIMEOUT_MS }: CommandedOptions) {
    this.url = nodeUrls[0] ?? '';
    this.nodeUrls = nodeUrls;
    this.verbs = new Set(Object.keys(commands) as NodeVerb[]);
    this.nodes = nodeUrls.map(
      (url, index) => new CommandedNode({ number: index + 1, url, commands, authenticate, startTimeoutMs }),
    );
    const canCut = this.verbs.has('cut') && this.verbs.has('heal');
    this.links = this.nodes.map((node) => (canCut ? node : undefined));
  }

  kill(): Promise<void> {
    return this.#each((node) => node.kill());
  }

  stop(): Promise<void> {
    return this.#each((node) => node.stop());
  }

  beginStop(): void {
    for (const node of this.nodes) node.beginStop();
  }

  /** Those that run go on. */
  async start(): Promise<void> {
    // All of them are brought up before one is waited for: a node may need another one to serve.
    await this.#each((node) => node.bring());
    await this.#each((node) => node.start());
  }

  forget(): Promise<void> {
    return this.#each((node) => node.forget());
  }

  freeze(): Promise<void> {
    return this.#each((node) => node.freeze());
  }

  /** Links are made whole, too. */
  unfreeze(): Promise<void> {
    return this.#each(async (node) => {
      await node.unfreeze();
      await node.heal();
    });
  }

  isFrozen(): boolean {
    return this.nodes.every((node) => node.isFrozen());
  }

  readonly take = (): never => notOurs('a resource');

  memory(): undefined {
    return undefined;
  }

  onExit(): () => void {
    return () => undefined;
  }

  /** An interrupted run leaves no node ended, frozen or cut off, as far as the time allows. */
  async close(): Promise<void> {
    const mended = this.unfreeze()
      .then(() => this.#each((node) => node.bring()))
      .catch(() => undefined);
    await Promise.race([mended, sleep(CLOSE_BOUND_MS, undefined, { ref: false })]);
  }

  #each(work: (node: CommandedNode) => Promise<void>): Promise<void> {
    return allOf(this.nodes.map(work));
  }
}
