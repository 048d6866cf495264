import { setTimeout as sleep } from 'node:timers/promises';
import { KitError } from '../errors.js';
import type { Attacker, Control, Dial } from '../play/index.js';
import type { AccountPool } from './accounts/index.js';
import { FakeClock } from './fake-clock.js';
import { describeExit, outputOf } from './process/index.js';
import type { Subject, SubjectControl, SubjectExit } from './subject.js';

/** A subject may die by itself this often in one run before the kit stops starting it again. */
const MAX_DEATHS = 20;
/** Starts that fail one after another; each may have taken its whole bound. */
const MAX_FAILED_STARTS = 2;

const DEATH_LOOKS = 20;
const DEATH_LOOK_MS = 10;

/** One running subject and what scenarios need to play on it. */
export class Instance {
  readonly subject: Subject;
  readonly dial: Dial;
  readonly intruder: Attacker;
  /** The accounts that scenarios share, where users cannot be made up. */
  accounts: AccountPool | undefined;
  #down = false;
  #frozen = false;
  #starting: Promise<void> | undefined;
  /** The clock under which the process runs, while a scenario sets it. */
  #clock: FakeClock | undefined;
  /** When the process ended by itself, by `performance.now()`. */
  readonly deaths: number[] = [];
  #firstDeath: SubjectExit | undefined;
  #failedStarts = 0;
  /** Why the last start failed. */
  #startFailure: unknown;

  constructor(subject: Subject, dial: Dial, intruder: Attacker) {
    this.subject = subject;
    this.dial = dial;
    this.intruder = intruder;
    subject.control?.onExit((exit) => {
      this.#down = true;
      this.deaths.push(performance.now());
      this.#firstDeath ??= exit;
    });
  }

  /**
   * One sentence, with the server's own last words, if it ended by itself. The end of a process is known a moment
   * after its sockets have closed, so it is awaited for that long.
   */
  async obituary(): Promise<string | undefined> {
    for (let look = 0; look < DEATH_LOOKS && this.subject.control && !this.#firstDeath; look++) {
      await sleep(DEATH_LOOK_MS);
    }
    if (this.#firstDeath === undefined) return undefined;
    const often = this.deaths.length === 1 ? '' : ` (${this.deaths.length} times in this run)`;
    const { output } = this.#firstDeath;
    return `the server ${describeExit(this.#firstDeath)} by itself${often}.${outputOf(output)}`;
  }

  /**
   * Brings the process back to where the next scenario needs it, however the last one left it: ended by itself, killed,
   * frozen, or with a clock that is wrong. Several scenarios may ask at once. Rejects when it cannot be started, or has died too often.
   */
  async revive(): Promise<void> {
    const { control } = this.subject;
    if (!control) return;
    this.#clock?.set(0);
    this.#unfreeze(control);
    if (!this.#down) return;
    if (this.deaths.length > MAX_DEATHS) {
      throw new KitError(
        'unreachable',
        `The server ended by itself more than ${MAX_DEATHS} times; the kit does not start it again.`,
        'Look at its output, and replay one scenario with --only.',
      );
    }
    if (this.#failedStarts >= MAX_FAILED_STARTS) throw this.#startFailure;
    await this.#start(control);
  }

  /** One start at a time; whoever asks meanwhile gets the same one. */
  #start(control: SubjectControl): Promise<void> {
    this.#starting ??= control
      .start(this.#clock?.environment)
      .then(
        () => {
          this.#down = false;
          this.#failedStarts = 0;
        },
        (cause: unknown) => {
          this.#down = true;
          this.#failedStarts += 1;
          this.#startFailure = cause;
          throw cause;
        },
      )
      .finally(() => {
        this.#starting = undefined;
      });
    return this.#starting;
  }

  #unfreeze(control: SubjectControl): void {
    if (!this.#frozen) return;
    this.#frozen = false;
    control.unfreeze();
  }

  /** The power of one scenario over the process: all of it when it is alone, else only to bring it back. */
  controlFor(exclusive: boolean): Control | undefined {
    const { control } = this.subject;
    if (!control) return undefined;
    if (exclusive) {
      return {
        kill: () => this.#ended(control.kill()),
        stop: () => this.#ended(control.stop()),
        start: () => this.#start(control),
        freeze: () => {
          this.#frozen = true;
          control.freeze();
        },
        unfreeze: () => this.#unfreeze(control),
        jump: (offsetMs) => this.#setClock(offsetMs),
      };
    }
    const refuse = (): never => {
      throw new Error('a scenario that shares the subject must not end it');
    };
    return { kill: refuse, stop: refuse, start: () => this.revive(), freeze: refuse, unfreeze: refuse, jump: refuse };
  }

  /**
   * Lets the process run under a clock that can be set, or under the true one again. Either takes a restart, so that
   * no other scenario ever meets the library that does it.
   */
  async underClock(wanted: boolean): Promise<void> {
    const { control } = this.subject;
    if (!control || wanted === (this.#clock !== undefined)) return;
    this.#down = true;
    await control.kill();
    this.#clock?.remove();
    this.#clock = wanted ? new FakeClock() : undefined;
    await this.#start(control);
  }

  #setClock(offsetMs: number): void {
    if (!this.#clock) throw new KitError('kit', 'a scenario sets a clock that it has not got', 'Please report this.');
    this.#clock.set(offsetMs);
  }

  /** Ends the process and removes what it needed. */
  async close(): Promise<void> {
    await this.subject.close();
    this.#clock?.remove();
  }

  async #ended(ending: Promise<void>): Promise<void> {
    this.#down = true;
    await ending;
  }
}
