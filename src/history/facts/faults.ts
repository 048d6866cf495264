import type { Fault, HistoryEventOf } from '../../../schemas/index.js';
import { describeFault } from '../record/describe-event.js';
import type { UnfiredFault } from '../terms/judgement.js';

/** The faults that the script meant to make. */
export class Faults {
  /** Step → what its fault is, and whether it fired in any round. */
  readonly #bySteps = new Map<string, { fault: Fault; what: string; fired: boolean }>();
  /** When the script last set the clock of the server. */
  clockSetAt: number | undefined;

  /** The script has set the clock of the server: lifetimes cannot be judged. */
  get clockMoved(): boolean {
    return this.clockSetAt !== undefined;
  }

  note(event: HistoryEventOf<'fault'>): void {
    if (event.fired && event.fault === 'clock') this.clockSetAt = event.at;
    const known = this.#bySteps.get(event.step);
    if (known !== undefined) {
      known.fired ||= event.fired;
      return;
    }
    const aim = [describeFault(event), event.packet, event.message, event.client].filter((part) => part !== undefined);
    this.#bySteps.set(event.step, { fault: event.fault, what: aim.join(' '), fired: event.fired });
  }

  notFired(): UnfiredFault[] {
    return [...this.#bySteps]
      .filter(([, { fired }]) => !fired)
      .map(([step, { fault, what }]) => ({ step, fault, text: `step ${step}: ${what}` }));
  }
}
