import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Resource } from '../../../../schemas/index.js';
import { KitError } from '../../../errors.js';
import { describeExit, outputOf } from '../../process/exit.js';
import { groupMemory, killStrays, standsStill } from '../../process/group.js';
import { releaseFolder } from '../../process/guard.js';
import { endpointOf, portState } from '../../process/port.js';
import { quoteCommand, type RunningCommand, runCommand } from '../../process/running-command.js';
import { takeFrom } from '../../process/shortage.js';
import type { Subject, SubjectControl, SubjectExit } from '../../subject.js';
import type { Authenticate, Credentials } from '../credentials.js';
import { endedEarly, neverAnswered, portHeld } from './start-failure.js';
import { type Answer, waitForUpgrade } from './wait-for-upgrade.js';

/** Time for a group to end after SIGKILL. */
const KILL_BOUND_MS = 5_000;
/** Time for the port to refuse after the last process has ended; the system closes it at once. */
const REFUSE_BOUND_MS = 2_000;
/** A later start, on a fuller disk and a busier machine, may take several times as long as the first one. */
const LATER_STARTS = 4;
/** `close` takes at most 5 s in all, so its waits get less. */
const CLOSE_BOUND_MS = 2_000;

/** A login that failed: the server may still be starting, until the bound says that it never answered. */
const answerOf = (cause: unknown): Answer => {
  if (cause instanceof KitError && cause.code === 'unreachable') return 'dropped';
  throw cause;
};

export interface CommandOptions {
  url: string;
  command: string;
  port: number;
  data: string;
  authenticate: Authenticate;
  /** Instead of a WebSocket upgrade. */
  probe?: (url: string) => Promise<void>;
  /** Beside PORT and DATA_DIR. */
  environment?: Readonly<Record<string, string>>;
  startTimeoutMs: number;
  stopTimeoutMs: number;
  log: (line: string) => void;
  /** Called once, when the subject is closed and its port is free. */
  released: () => void;
}

/** A server that the kit starts by a command, and may kill and start again on the same port and data. */
export class CommandSubject implements Subject, SubjectControl {
  readonly url: string;
  readonly control: SubjectControl = this;
  readonly #options: CommandOptions;
  readonly #listeners = new Set<(exit: SubjectExit) => void>();
  /** User of the probing connections; the same for every start, so that a token for it is made once. */
  readonly #probe = `kit-probe-${Math.random().toString(36).slice(2, 10)}`;
  #running: RunningCommand | undefined;
  #firstStartMs: number | undefined;
  /** Runs whose end the kit has asked for; theirs is no news. */
  readonly #dismissed = new WeakSet<RunningCommand>();
  #closing: Promise<void> | undefined;

  constructor(options: CommandOptions) {
    this.url = options.url;
    this.#options = options;
  }

  get #startBoundMs(): number {
    return Math.round(Math.max(this.#options.startTimeoutMs, LATER_STARTS * (this.#firstStartMs ?? 0)));
  }

  async start(environment: Record<string, string> = {}): Promise<void> {
    if (this.#closing !== undefined) throw this.#misuse('started', 'is closed');
    if (this.#running?.alive()) {
      // One that was told to stop, and still does.
      if (!this.#dismissed.has(this.#running)) throw this.#misuse('started', 'runs already');
      await this.kill();
    }
    const { authenticate, command, data, port } = this.#options;
    const credentials = await authenticate(this.url, this.#probe, 'default');
    if ((await portState(endpointOf(this.url))) === 'accepts') throw portHeld(this.#options);
    const startedAt = performance.now();
    const running = await runCommand(command, {
      ...this.#options.environment,
      ...environment,
      PORT: String(port),
      DATA_DIR: data,
    });
    this.#running = running;
    // A close that came meanwhile has seen no process yet.
    if (this.#closing !== undefined) {
      await this.#end(running, 'SIGKILL', CLOSE_BOUND_MS);
      throw this.#misuse('started', 'was ended while it started');
    }
    const stopped = new AbortController();
    void running.ended.then(() => stopped.abort());
    const outcome = await this.#waitForUpgrade(running, credentials, stopped.signal);
    if (outcome === 'answered' && running.alive()) {
      this.#firstStartMs ??= performance.now() - startedAt;
      this.#watch(running);
      return;
    }
    // Whoever dismissed it (a kill, a close) knows; the start has failed all the same.
    if (this.#dismissed.has(running)) throw this.#misuse('started', 'was ended while it started');
    if (running.alive() && (outcome === 'silent' || outcome === 'refused')) {
      const output = running.output();
      await this.#end(running, 'SIGKILL', KILL_BOUND_MS);
      throw neverAnswered(this.#options, outcome, this.#startBoundMs, output);
    }
    const exit = await running.ended;
    throw endedEarly(this.#options, exit, (await portState(endpointOf(this.url))) === 'accepts');
  }

  /** A start that cannot be watched has failed, and leaves no process behind. */
  async #waitForUpgrade(running: RunningCommand, credentials: Credentials, stopped: AbortSignal) {
    try {
      const { probe } = this.#options;
      const ask = probe && ((): Promise<Answer> => probe(this.url).then(() => 'yes', answerOf));
      return await waitForUpgrade(credentials, this.#startBoundMs, stopped, ask);
    } catch (cause) {
      await this.#end(running, 'SIGKILL', KILL_BOUND_MS);
      throw cause;
    }
  }

  get isAlive(): boolean {
    return this.#running?.alive() ?? false;
  }

  async kill(): Promise<void> {
    const running = this.#running ?? this.#alive('killed');
    this.#options.log(`SIGKILL to process group ${running.pgid}`);
    if (!(await this.#end(running, 'SIGKILL', KILL_BOUND_MS))) throw this.#survived(running);
    await this.#portRefuses();
  }

  async stop(): Promise<void> {
    const running = this.#alive('stopped');
    const { command, log, stopTimeoutMs } = this.#options;
    log(`SIGTERM to process group ${running.pgid}`);
    const obeyed = await this.#end(running, 'SIGTERM', stopTimeoutMs);
    if (!obeyed) {
      if (!(await this.#end(running, 'SIGKILL', KILL_BOUND_MS))) throw this.#survived(running);
      await this.#portRefuses();
      throw new KitError(
        'unreachable',
        `The command ${quoteCommand(command)} ignored SIGTERM for ${stopTimeoutMs} ms and was killed.${outputOf(running.output())}`,
        'Let the server end itself on SIGTERM; a wrapper in the command must pass the signal on or exit too.',
      );
    }
    await this.#portRefuses();
  }

  beginStop(): void {
    const running = this.#alive('stopped');
    this.#options.log(`SIGTERM to process group ${running.pgid}`);
    this.#terminate(running);
  }

  take(resource: Resource): () => void {
    return takeFrom(this.#alive('limited').pgid, this.#options.data, resource);
  }

  /** What the process wrote goes away; it must have ended. */
  async forget(): Promise<void> {
    if (this.#running?.alive()) throw this.#misuse('emptied', 'runs');
    const { data } = this.#options;
    try {
      for (const name of await readdir(data)) await rm(join(data, name), { recursive: true, force: true });
    } catch (cause) {
      // A server in a container may write as somebody else.
      const code = (cause as NodeJS.ErrnoException).code ?? 'unwritable';
      throw new KitError(
        'usage',
        `The data folder ${data} cannot be emptied (${code}).`,
        'Let the server write as the user of the kit.',
        { cause },
      );
    }
  }

  async freeze(): Promise<void> {
    const running = this.#alive('frozen');
    if (!running.signal('SIGSTOP')) throw this.#misuse('frozen', 'has ended');
  }

  async unfreeze(): Promise<void> {
    this.#running?.signal('SIGCONT');
  }

  isFrozen(): boolean | undefined {
    return this.#running?.alive() ? standsStill(this.#running.pgid, this.#options.data) : false;
  }

  memory(): number | undefined {
    return this.#running?.alive() ? groupMemory(this.#running.pgid) : undefined;
  }

  onExit(listener: (exit: SubjectExit) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { data, log, released } = this.#options;
    try {
      this.#listeners.clear();
      const running = this.#running;
      if (running?.alive() && !(await this.#end(running, 'SIGKILL', CLOSE_BOUND_MS))) {
        log(`process group ${running.pgid} survived SIGKILL`);
      }
      const strays = killStrays(data);
      if (strays.length > 0) {
        log(`killed ${strays.length} process(es) that had left the process group`);
        await this.#portRefuses().catch((error: KitError) => log(error.message));
      }
      // A process that is just ending may still hold a file; two more tries are enough.
      await rm(data, { recursive: true, force: true, maxRetries: 2, retryDelay: 100 });
      releaseFolder(data);
    } catch (error) {
      log(`the subject could not be cleaned up: ${String(error)}`);
    } finally {
      released();
    }
  }

  /** Tells the listeners if this run ends without being told to. */
  #watch(running: RunningCommand): void {
    void running.ended.then((exit) => {
      if (this.#dismissed.has(running)) return;
      this.#options.log(`the command ${describeExit(exit)} by itself`);
      for (const listener of [...this.#listeners]) listener(exit);
    });
  }

  /** Signals the group and waits until it is gone. False: it is still there after the bound. */
  async #end(running: RunningCommand, signal: 'SIGKILL' | 'SIGTERM', boundMs: number): Promise<boolean> {
    if (signal === 'SIGTERM') this.#terminate(running);
    else {
      this.#dismissed.add(running);
      running.signal(signal);
    }
    return running.waitForEnd(boundMs);
  }

  /** A frozen process does not see SIGTERM before it goes on. */
  #terminate(running: RunningCommand): void {
    this.#dismissed.add(running);
    running.signal('SIGTERM');
    running.signal('SIGCONT');
  }

  async #portRefuses(): Promise<void> {
    const endpoint = endpointOf(this.url);
    const start = performance.now();
    for (let pause = 1; (await portState(endpoint)) !== 'refuses'; pause = Math.min(pause + 1, 20)) {
      if (performance.now() - start < REFUSE_BOUND_MS) {
        await sleep(pause);
        continue;
      }
      throw new KitError(
        'usage',
        `All processes of the command ${quoteCommand(this.#options.command)} have ended, but port ${endpoint.port} does not refuse: a server that left the process group still holds it.`,
        'Start the server in the foreground (no daemon, no setsid, no detached container): the kit must be able to kill it.',
      );
    }
  }

  #alive(verb: string): RunningCommand {
    const running = this.#running;
    if (running?.alive()) return running;
    throw this.#misuse(verb, running?.exit === undefined ? 'does not run' : describeExit(running.exit));
  }

  #survived(running: RunningCommand): KitError {
    return new KitError(
      'unreachable',
      `Process group ${running.pgid} of the command ${quoteCommand(this.#options.command)} survived SIGKILL for ${KILL_BOUND_MS} ms.`,
      'Look for a process that hangs in the system (state D) or that runs as another user.',
    );
  }

  #misuse(verb: string, state: string): KitError {
    const { command } = this.#options;
    return new KitError(
      'unreachable',
      `The subject could not be ${verb}: its command ${quoteCommand(command)} ${state}.`,
      'Look at the output of the server: it must run until the kit ends it.',
    );
  }
}
