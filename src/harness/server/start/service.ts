import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { KitError } from '../../../errors.js';
import { outputOf } from '../../process/exit.js';
import { killStrays } from '../../process/group.js';
import { releaseFolder } from '../../process/guard.js';
import { portState } from '../../process/port.js';
import { quoteCommand, type RunningCommand, runCommand } from '../../process/running-command.js';

const KILL_BOUND_MS = 2_000;
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
  #running: RunningCommand | undefined;

  constructor(options: ServiceOptions) {
    this.#options = options;
  }

  /** Resolves when its port takes connections. Rejects with a KitError that holds the end of its output. */
  async start(): Promise<void> {
    const { name, command, data, port, startTimeoutMs } = this.#options;
    const running = await runCommand(command, { DATA_DIR: data });
    this.#running = running;
    const until = performance.now() + startTimeoutMs;
    while (port !== undefined && (await portState({ host: '127.0.0.1', port })) !== 'accepts') {
      if (running.alive() && performance.now() < until) {
        await sleep(LOOK_MS);
        continue;
      }
      const how = running.alive() ? `does not listen on port ${port}` : 'has ended';
      await this.kill();
      throw new KitError(
        'unreachable',
        `The service "${name}" ${how}: ${quoteCommand(command)}.${outputOf(running.output())}`,
        name === 'etcd'
          ? 'Install etcd (Debian: etcd-server), so that `etcd` is in PATH.'
          : 'Run the command by hand; it must stay in the foreground and listen on its {port:NAME}.',
      );
    }
  }

  get isAlive(): boolean {
    return this.#running?.alive() ?? false;
  }

  freeze(): void {
    this.#running?.signal('SIGSTOP');
  }

  unfreeze(): void {
    this.#running?.signal('SIGCONT');
  }

  async kill(): Promise<void> {
    this.#running?.signal('SIGKILL');
    await this.#running?.waitForEnd(KILL_BOUND_MS);
  }

  /** Empties its folder, and starts it again. */
  async renew(): Promise<void> {
    await this.kill();
    const { data } = this.#options;
    for (const name of await readdir(data)) await rm(join(data, name), REMOVAL);
    await this.start();
  }

  async close(): Promise<void> {
    await this.kill();
    const { data } = this.#options;
    killStrays(data);
    await rm(data, REMOVAL);
    releaseFolder(data);
  }
}
