import { setTimeout as sleep } from 'node:timers/promises';
import type { CutWay, NodeVerb } from '../../../../schemas/index.js';
import { KitError } from '../../../errors.js';
import type { Links } from '../../../links.js';
import { endpointOf, portState } from '../../process/port.js';
import type { OneNodeControl } from '../../subject.js';
import type { Authenticate } from '../credentials.js';
import { type NodeCommands, runNodeCommand } from './node-command.js';
import { waitForUpgrade } from './wait-for-upgrade.js';

/** Time for the port to take no connections when the command that ends a node has ended. */
const REFUSE_BOUND_MS = 5_000;
const LOOK_MS = 50;
/** Nobody freezes a node for longer. */
const LONGEST_FREEZE_MS = 600_000;

export interface CommandedNodeOptions {
  /** From 1. */
  number: number;
  url: string;
  commands: NodeCommands;
  authenticate: Authenticate;
  /** Time for its upgrade to answer after a start. Milliseconds. */
  startTimeoutMs: number;
}

/** What no command gives. A scenario that needs it is never played here. */
export const notOurs = (what: string): never => {
  throw new KitError('kit', `a scenario wants ${what} of a node that the kit did not start`, 'Please report this.');
};

/** A node that runs already, and to which commands of its user do what the kit would do to a process of its own. */
export class CommandedNode implements OneNodeControl, Links {
  readonly #options: CommandedNodeOptions;
  readonly #probe = `kit-probe-${Math.random().toString(36).slice(2, 10)}`;
  #isDown = false;
  /** Its start has begun, and nobody has waited for it yet. */
  #isComing = false;
  #isEmptied = false;
  #isThawDue = false;
  /** Asks a frozen node for an upgrade for as long as it is frozen. */
  #asking: AbortController | undefined;
  #answered = false;
  #isCut = false;

  readonly traffic = undefined;
  readonly take = (): never => notOurs('a resource');
  readonly delay = (): never => notOurs('slow links');

  constructor(options: CommandedNodeOptions) {
    this.#options = options;
  }

  async kill(): Promise<void> {
    if (!this.#isDown) await this.#end('kill');
  }

  async stop(): Promise<void> {
    if (!this.#isDown) await this.#end('stop');
  }

  /** What comes of it shows when the node is killed, which a script does next. */
  beginStop(): void {
    void this.#run('stop').catch(() => undefined);
  }

  async bring(): Promise<void> {
    if (!this.#isDown || this.#isComing) return;
    await this.#run(this.#isEmptied ? 'replace' : 'start');
    this.#isComing = true;
  }

  async start(): Promise<void> {
    if (!this.#isDown) return;
    await this.bring();
    const { number, startTimeoutMs, url } = this.#options;
    this.#isComing = false;
    if ((await this.#upgrade(startTimeoutMs)) !== 'answered') {
      throw new KitError(
        'unreachable',
        `Node ${number} did not answer a WebSocket upgrade at ${url} within ${startTimeoutMs} ms of its --node-command ${this.#isEmptied ? 'replace' : 'start'}.`,
        'Look at its log; a node that starts more slowly needs --start-timeout MS.',
        { field: 'node-command' },
      );
    }
    this.#isDown = false;
    this.#isEmptied = false;
  }

  /** Its next start is that of a node which replaces it. */
  async forget(): Promise<void> {
    this.#isEmptied = true;
  }

  async freeze(): Promise<void> {
    // Whatever comes of the command, the node must be thawed afterwards.
    this.#isThawDue = true;
    await this.#run('freeze');
    this.#asking = new AbortController();
    this.#answered = false;
    void this.#upgrade(LONGEST_FREEZE_MS, this.#asking.signal)
      .then((outcome) => {
        this.#answered ||= outcome === 'answered';
      })
      .catch(() => undefined);
  }

  async unfreeze(): Promise<void> {
    if (!this.#isThawDue) return;
    this.#thawed();
    await this.#run('thaw');
  }

  /** It was told to stand still, and has not answered since. */
  isFrozen(): boolean {
    return this.#asking !== undefined && !this.#answered;
  }

  async cut(_way: CutWay): Promise<void> {
    this.#isCut = true;
    await this.#run('cut');
  }

  async heal(): Promise<void> {
    if (!this.#isCut) return;
    this.#isCut = false;
    await this.#run('heal');
  }

  /** Nobody tells the kit of it. */
  onExit(): () => void {
    return () => undefined;
  }

  memory(): undefined {
    return undefined;
  }

  #run(verb: NodeVerb): Promise<void> {
    return runNodeCommand(this.#options.commands, verb, this.#options.number);
  }

  #thawed(): void {
    this.#isThawDue = false;
    this.#asking?.abort();
    this.#asking = undefined;
  }

  async #upgrade(boundMs: number, stopped = new AbortController().signal) {
    const { authenticate, url } = this.#options;
    return waitForUpgrade(await authenticate(url, this.#probe, 'default'), boundMs, stopped);
  }

  async #end(verb: 'kill' | 'stop'): Promise<void> {
    this.#isDown = true;
    this.#thawed();
    await this.#run(verb);
    const { number, url } = this.#options;
    const until = performance.now() + REFUSE_BOUND_MS;
    while ((await portState(endpointOf(url))) === 'accepts') {
      if (performance.now() < until) {
        await sleep(LOOK_MS);
        continue;
      }
      throw new KitError(
        'usage',
        `The command of --node-command ${verb} for node ${number} ended with code 0, but ${url} still takes connections.`,
        'Let the command wait until the node has ended; the --node-url of a node must lead to that node alone, not to a balancer.',
        { field: 'node-command' },
      );
    }
  }
}
