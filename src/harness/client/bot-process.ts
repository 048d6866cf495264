import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KitError } from '../../errors.js';
import type { BotHost, Upgrade } from '../../play/server/index.js';
import { fillNames } from '../../template.js';
import type { FakeClock } from '../process/fake-clock.js';
import { hasLoaded, killStrays, processesOf } from '../process/group.js';
import { guardFolder, releaseFolder } from '../process/guard.js';
import { type RunningCommand, runCommand } from '../process/running-command.js';
import type { SubjectExit } from '../subject.js';
import { Listener, type Place } from './listener.js';

const KILL_BOUND_MS = 5_000;

/** The bot of a client in a process of its own, with a folder, an address and a token of its own. */
export class BotProcess implements BotHost {
  readonly listener: Listener;
  readonly #exec: string;
  readonly #user: string;
  readonly #data: string;
  /** Where the scenario sets the clock. */
  readonly #clock: FakeClock | undefined;
  #running: RunningCommand | undefined;
  readonly #dismissed = new WeakSet<RunningCommand>();
  readonly #listeners = new Set<(exit: SubjectExit) => void>();

  private constructor(exec: string, user: string, data: string, place: Place, clock: FakeClock | undefined) {
    this.listener = new Listener(place);
    this.#exec = exec;
    this.#user = user;
    this.#data = data;
    this.#clock = clock;
  }

  /** Nothing runs yet. Rejects with a usage error when there is no room for its data. */
  static async create(exec: string, user: string, place: Place, setsClock = false): Promise<BotProcess> {
    try {
      const data = await mkdtemp(join(tmpdir(), 'im-conformance-'));
      guardFolder(data);
      const clock = setsClock ? new (await import('../process/fake-clock.js')).FakeClock() : undefined;
      return new BotProcess(exec, user, data, place, clock);
    } catch (cause) {
      const code = (cause as NodeJS.ErrnoException).code ?? 'unwritable';
      throw new KitError(
        'usage',
        `A data folder for the client cannot be made in ${tmpdir()} (${code}).`,
        'Make room there, or set TMPDIR to a folder that can be written.',
        { cause },
      );
    }
  }

  /** How the process that was started last ended, as soon as it has. */
  get exit(): SubjectExit | undefined {
    return this.#running?.exit;
  }

  output(): string {
    return this.#running?.output() ?? '';
  }

  listen(onUpgrade: (upgrade: Upgrade) => void): Promise<void> {
    return this.listener.listen(onUpgrade);
  }

  stopListening(): Promise<void> {
    return this.listener.stopListening();
  }

  async start(): Promise<void> {
    const token = randomBytes(16).toString('hex');
    this.listener.token = token;
    const { url } = this.listener;
    const names = { url, token, user: this.#user, device: 'default', data: this.#data };
    const running = await runCommand(fillNames(this.#exec, names), {
      IM_URL: url,
      IM_TOKEN: token,
      IM_USER: this.#user,
      IM_DEVICE: 'default',
      DATA_DIR: this.#data,
      ...this.#clock?.environment,
    });
    this.#running = running;
    void running.ended.then((exit) => {
      if (!this.#dismissed.has(running)) for (const listener of [...this.#listeners]) listener(exit);
    });
  }

  async kill(): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    this.#dismissed.add(running);
    running.signal('SIGKILL');
    if (await running.waitForEnd(KILL_BOUND_MS)) return;
    throw new KitError(
      'unreachable',
      `Process group ${running.pgid} of the client survived SIGKILL for ${KILL_BOUND_MS} ms.`,
      'Look for a process that hangs in the system (state D) or that runs as another user.',
    );
  }

  freeze(): void {
    this.#running?.signal('SIGSTOP');
  }

  unfreeze(): void {
    this.#running?.signal('SIGCONT');
  }

  setClock(offsetMs: number): boolean {
    this.#clock?.set(offsetMs);
    const processes = this.#running === undefined ? [] : processesOf(this.#running.pgid);
    return processes.length > 0 && processes.every((pid) => hasLoaded(pid, 'libfaketime'));
  }

  async ended(boundMs: number): Promise<{ code: number | null } | undefined> {
    const running = this.#running;
    if (running === undefined) return undefined;
    this.#dismissed.add(running);
    return (await running.waitForEnd(boundMs)) ? running.ended : undefined;
  }

  onExit(listener: (exit: SubjectExit) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Ends the process and removes what it needed. */
  async close(): Promise<void> {
    this.#listeners.clear();
    try {
      await this.kill();
    } catch (cause) {
      if (!(cause instanceof KitError)) throw cause;
    }
    this.listener.close();
    killStrays(this.#data);
    await rm(this.#data, { recursive: true, force: true, maxRetries: 2, retryDelay: 100 }).catch(() => undefined);
    releaseFolder(this.#data);
    this.#clock?.remove();
  }
}
