import { setTimeout as sleep } from 'node:timers/promises';
import { KitError } from '../errors.js';
import type { Control, Dial } from '../scenario/index.js';
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
  #down = false;
  #frozen = false;
  #starting: Promise<void> | undefined;
  #deaths = 0;
  #firstDeath: SubjectExit | undefined;
  #failedStarts = 0;
  /** Why the last start failed. */
  #startFailure: unknown;

  constructor(subject: Subject, dial: Dial) {
    this.subject = subject;
    this.dial = dial;
    subject.control?.onExit((exit) => {
      this.#down = true;
      this.#deaths += 1;
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
    const often = this.#deaths === 1 ? '' : ` (${this.#deaths} times in this run)`;
    const { output } = this.#firstDeath;
    return `the server ${describeExit(this.#firstDeath)} by itself${often}.${outputOf(output)}`;
  }

  /**
   * Brings the process back to where the next scenario needs it, however the last one left it: ended by itself, killed
   * or frozen. Several scenarios may ask at once. Rejects when it cannot be started, or has died too often.
   */
  async revive(): Promise<void> {
    const { control } = this.subject;
    if (!control) return;
    this.#unfreeze(control);
    if (!this.#down) return;
    if (this.#deaths > MAX_DEATHS) {
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
      .start()
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
      };
    }
    const refuse = (): never => {
      throw new Error('a scenario that shares the subject must not end it');
    };
    return { kill: refuse, stop: refuse, start: () => this.revive(), freeze: refuse, unfreeze: refuse };
  }

  async #ended(ending: Promise<void>): Promise<void> {
    this.#down = true;
    await ending;
  }
}
