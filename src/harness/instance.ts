import type { Control, Dial } from '../scenario/index.js';
import type { Subject } from './subject.js';

/** A subject may die by itself this often in one run before the kit stops starting it again. */
const MAX_REVIVALS = 20;

/** One running subject and what scenarios need to play on it. */
export class Instance {
  readonly subject: Subject;
  readonly dial: Dial;
  #down = false;
  #reviving: Promise<void> | undefined;
  #revivals = 0;

  constructor(subject: Subject, dial: Dial) {
    this.subject = subject;
    this.dial = dial;
    subject.control?.onExit(() => {
      this.#down = true;
    });
  }

  /**
   * Starts the process again after it ended by itself; several scenarios may ask at once. Rejects when it cannot be
   * started, or has died too often.
   */
  async revive(): Promise<void> {
    const { control } = this.subject;
    if (!control || !this.#down) return;
    if (!this.#reviving) {
      this.#revivals += 1;
      if (this.#revivals > MAX_REVIVALS) throw new Error(`the subject ended by itself more than ${MAX_REVIVALS} times`);
      this.#reviving = control
        .start()
        .then(() => {
          this.#down = false;
        })
        .finally(() => {
          this.#reviving = undefined;
        });
    }
    await this.#reviving;
  }

  /** The power of one scenario over the process: all of it when it is alone, else only to bring it back. */
  controlFor(exclusive: boolean): Control | undefined {
    const { control } = this.subject;
    if (!control) return undefined;
    const start = async (): Promise<void> => (this.#down ? this.revive() : control.start());
    if (exclusive) {
      return {
        kill: () => control.kill(),
        stop: () => control.stop(),
        start,
        freeze: () => control.freeze(),
        unfreeze: () => control.unfreeze(),
      };
    }
    const refuse = (): never => {
      throw new Error('a scenario that shares the subject must not end it');
    };
    return { kill: refuse, stop: refuse, start: () => this.revive(), freeze: refuse, unfreeze: refuse };
  }
}
