import type { Fault, PacketError, PacketType } from '../../../schemas/index.js';
import type { StepPlace } from '../step-outcome.js';

/** How the kit ends a connection of the subject. */
export type EndHow = 'reset' | 'abruptly' | 'silently' | number;

/** What the kit's server does with a packet instead of what is right. */
export type Act =
  | { do: 'drop' }
  | { do: 'delay'; ms: number }
  | { do: 'double'; together: boolean }
  | { do: 'hold' }
  | { do: 'end'; when: 'before' | 'after'; how: EndHow }
  | { do: 'reject'; error: PacketError }
  | { do: 'change'; fields: Readonly<Record<string, unknown>> };

/** A fault of the script, aimed at a packet of the messages that it names. */
export interface Rule {
  readonly packet: PacketType;
  readonly labels: readonly string[];
  readonly act: Act;
  readonly fault: Fault;
  readonly place: StepPlace;
  /** Times that it may still strike for each label. */
  readonly left: Map<string, number>;
  fired: boolean;
}

/** The faults that the script has aimed and not ended. The first that fits a packet takes it. */
export class Rules {
  #rules: Rule[] = [];

  add(rule: Omit<Rule, 'left' | 'fired'>, times: number): void {
    this.#rules.push({ ...rule, left: new Map(rule.labels.map((label) => [label, times])), fired: false });
  }

  take(packet: PacketType, label: string): Rule | undefined {
    const found = this.#rules.find((rule) => rule.packet === packet && (rule.left.get(label) ?? 0) > 0);
    if (found === undefined) return undefined;
    found.left.set(label, (found.left.get(label) ?? 0) - 1);
    found.fired = true;
    return found;
  }

  /** Ends all faults. Returns those that never struck. */
  end(): Rule[] {
    const unfired = this.#rules.filter(({ fired }) => !fired);
    this.#rules = [];
    return unfired;
  }
}
