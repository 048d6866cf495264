import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { KitError } from '../../../errors.js';
import { describeExit, outputOf } from '../../process/exit.js';
import { killStrays, standsStill } from '../../process/group.js';
import { releaseFolder } from '../../process/guard.js';
import { type PortState, portState } from '../../process/port.js';
import { quoteCommand, type RunningCommand, runCommand } from '../../process/running-command.js';
import type { SubjectExit } from '../../subject.js';
import { blamingThePort, portHeld } from './start-failure.js';

const KILL_BOUND_MS = 5_000;
/** Time for the port to refuse after the last process has ended; the system closes it at once. */
const REFUSE_BOUND_MS = 2_000;
/** `close` takes at most 5 s in all, so its wait gets less. */
const CLOSE_BOUND_MS = 2_000;
const LOOK_MS = 20;
/** A process that is just ending may still hold a file. */
const REMOVAL = { recursive: true, force: true, maxRetries: 2, retryDelay: 100 } as const;

export interface ServiceOptions {
  name: string;
  command: string;
  data: string;
  /** It has started when this port takes connections. Undefined: at once. */
  port: number | undefined;
  startTimeoutMs: number;
}

/** A program that the nodes of a server need, such as a database: a process group of its own. */
export class Service {
  readonly #options: ServiceOptions;
  readonly #listeners = new Set<(exit: SubjectExit) => void>();
  #running: RunningCommand | undefined;
  /** Runs whose end the kit has asked for; theirs is no news. */
  readonly #dismissed = new WeakSet<RunningCommand>();

  constructor(options: ServiceOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.name;
  }

  get command(): string {
    return this.#options.command;
  }

  /** Resolves when its port takes connections. Rejects with a KitError that holds the end of its output. */
  async start(): Promise<void> {
    const { command, data, port, startTimeoutMs } = this.#options;
    if (port !== undefined && (await this.#portState()) === 'accepts') throw portHeld({ command, port });
    const running = await runCommand(command, { DATA_DIR: data });
    this.#running = running;
    const until = performance.now() + startTimeoutMs;
    while (port !== undefined && running.alive() && (await this.#portState()) !== 'accepts') {
      if (performance.now() > until) break;
      await sleep(LOOK_MS);
    }
    const listens = port === undefined || (await this.#portState()) === 'accepts';
    if (!listens || !running.alive()) throw await this.#notStarted(running);
    void running.ended.then((exit) => {
      if (this.#dismissed.has(running)) return;
      for (const listener of [...this.#listeners]) listener(exit);
    });
  }

  get isAlive(): boolean {
    return this.#running?.alive() ?? false;
  }

  async freeze(): Promise<void> {
    if (!this.#running?.signal('SIGSTOP')) throw this.#misuse('frozen');
  }

  async unfreeze(): Promise<void> {
    this.#running?.signal('SIGCONT');
  }

  isFrozen(): boolean | undefined {
    return this.#running?.alive() ? standsStill(this.#running.pgid, this.#options.data) : false;
  }

  /** Resolves when no process of it is left and its port refuses. Rejects with a KitError where that is not so. */
  async kill(): Promise<void> {
    if (this.#running === undefined) throw this.#misuse('killed');
    if (!(await this.#end(KILL_BOUND_MS))) {
      throw new KitError(
        'unreachable',
        `The service "${this.name}" survived SIGKILL for ${KILL_BOUND_MS} ms: ${quoteCommand(this.#options.command)}.`,
        'Look for a process that hangs in the system (state D) or that runs as another user.',
      );
    }
    await this.#portRefuses();
  }

  /** Empties its folder, and starts it again. */
  async renew(): Promise<void> {
    await this.kill();
    const { data } = this.#options;
    for (const name of await readdir(data)) await rm(join(data, name), REMOVAL);
    await this.start();
  }

  /** Calls the listener when it ends by itself. Returns a function that takes it off. */
  onExit(listener: (exit: SubjectExit) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#listeners.clear();
    await this.#end(CLOSE_BOUND_MS);
    const { data } = this.#options;
    killStrays(data);
    await rm(data, REMOVAL);
    releaseFolder(data);
  }

  /** False: it is still there after the bound. */
  async #end(boundMs: number): Promise<boolean> {
    const running = this.#running;
    if (running === undefined) return true;
    this.#dismissed.add(running);
    running.signal('SIGKILL');
    return running.waitForEnd(boundMs);
  }

  async #portState(): Promise<PortState> {
    return this.#options.port === undefined ? 'refuses' : portState({ host: '127.0.0.1', port: this.#options.port });
  }

  async #portRefuses(): Promise<void> {
    const until = performance.now() + REFUSE_BOUND_MS;
    while ((await this.#portState()) !== 'refuses') {
      if (performance.now() < until) {
        await sleep(LOOK_MS);
        continue;
      }
      throw new KitError(
        'usage',
        `All processes of the service "${this.name}" have ended, but its port ${this.#options.port} does not refuse: a program that left the process group still holds it.`,
        'Start the service in the foreground (no daemon, no setsid, no detached container): the kit must be able to kill it.',
      );
    }
  }

  async #notStarted(running: RunningCommand): Promise<KitError> {
    const { command, port } = this.#options;
    const how = running.alive() ? `does not listen on port ${port}` : 'has ended';
    await this.#end(KILL_BOUND_MS);
    const output = running.output();
    const error = new KitError(
      'unreachable',
      `The service "${this.name}" ${how}: ${quoteCommand(command)}.${outputOf(output)}`,
      this.name === 'etcd'
        ? 'Install etcd (Debian: etcd-server), so that `etcd` is in PATH.'
        : 'Run the command by hand; it must stay in the foreground and listen on its {port:NAME}.',
    );
    return blamingThePort(error, output);
  }

  #misuse(verb: string): KitError {
    const exit = this.#running?.exit;
    const state = exit === undefined ? 'does not run.' : `${describeExit(exit)} before.${outputOf(exit.output)}`;
    return new KitError(
      'unreachable',
      `The service "${this.name}" could not be ${verb}: it ${state}`,
      'Look at the output of the service: it must run until the kit ends it.',
    );
  }
}
