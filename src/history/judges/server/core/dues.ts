import { boundsBegin, type Connection, type Device } from '../../../facts/connection.js';
import type { Facts } from '../../../facts/facts.js';
import { describeDevice, describeVanishing } from '../../../facts/journey.js';
import { aboutOf, recipientOf, type TrackedMessage } from '../../../facts/message.js';
import { ms } from '../../../terms/text.js';
import type { NewFinding } from '../../findings.js';
import type { Judge, JudgeContext } from '../../judge.js';
import { type Duty, pushDuty, silenceDuty, storedDuty, waitedFor } from './duties.js';

interface Late {
  readonly message: TrackedMessage;
  readonly device: Device;
  readonly finding: NewFinding;
  /** Its place among the findings. */
  readonly seenAt: number;
}

/**
 * Judges, in every history, pushes and `stored` that were due and that no step of the script waits for: whoever could
 * have got one has left, or connects anew, and the time for it is over.
 */
export class Dues implements Judge {
  readonly #context: JudgeContext;
  /** Pushes that did not come in time. One that never came at all is a loss, and told as that. */
  readonly #late: Late[] = [];
  /** By user: when it sent an ack. */
  readonly #ackedAt = new Map<string, number[]>();

  constructor(context: JudgeContext) {
    this.#context = context;
  }

  onExcusing(connection: Connection): void {
    if (connection.excused || !this.#isOldEnough(connection)) return;
    const { user } = connection.device;
    for (const message of this.#context.facts.messages.unfolded()) {
      if (message.from === user) this.#judgeStored(message, connection);
      if (recipientOf(message) === user.name) this.#judgePush(message, connection);
    }
  }

  /** From here on the receiver is not away any more. */
  onOpening({ user }: Device): void {
    const { facts } = this.#context;
    if (user.away === undefined || facts.awakeBetween(user.away.at, facts.at) <= facts.boundSince(user.away.at)) return;
    for (const message of facts.messages.unfolded()) if (recipientOf(message) === user.name) this.#judgeUntold(message);
  }

  /** Until the first ack the receiver was silent. */
  onAckSent({ device }: Connection, message: TrackedMessage): void {
    this.#judgeSilence(message, 1);
    const { name } = device.user;
    const before = this.#ackedAt.get(name);
    if (before) before.push(this.#context.facts.at);
    else this.#ackedAt.set(name, [this.#context.facts.at]);
  }

  onReceipt(_: Connection, message: TrackedMessage): void {
    this.#judgeSilence(message, 0);
  }

  #judgeSilence(message: TrackedMessage, acks: number): void {
    for (const sender of message.from.connections) {
      const duty = this.#silenceDuty(message, sender, acks);
      if (this.#isOverdue(duty)) this.#reportStored(message, duty);
    }
  }

  #silenceDuty(message: TrackedMessage, sender: Connection, acks = 0): Duty | undefined {
    const ackedAt = this.#ackedAt.get(recipientOf(message) ?? '');
    return silenceDuty(this.#context.facts, message, sender, { acks, ackedAt });
  }

  #judgeUntold(message: TrackedMessage): void {
    for (const sender of message.from.connections) this.#judgeStored(message, sender);
  }

  #isOldEnough({ openedAt }: Connection): boolean {
    const { facts } = this.#context;
    return Number.isFinite(openedAt) && facts.awakeBetween(openedAt, facts.at) > facts.boundSince(openedAt);
  }

  #isOverdue(duty: Duty | undefined): duty is Duty {
    const { facts } = this.#context;
    return duty !== undefined && waitedFor(facts, duty) > boundOf(facts, duty);
  }

  #judgeStored(message: TrackedMessage, connection: Connection): void {
    const { facts } = this.#context;
    const duties = [storedDuty(facts, message, connection), this.#silenceDuty(message, connection)];
    const duty = duties.find((one) => this.#isOverdue(one));
    if (duty !== undefined) this.#reportStored(message, duty);
  }

  #reportStored(message: TrackedMessage, duty: Duty): void {
    const { facts, findings } = this.#context;
    const { connection } = duty;
    const missing = `never reported as stored to ${connection.client}`;
    findings.report(this.#findingOf(message, duty, missing, whereabouts(facts, message)));
  }

  #judgePush(message: TrackedMessage, connection: Connection): void {
    const duty = pushDuty(this.#context, message, connection);
    if (!this.#isOverdue(duty)) return;
    const { device } = connection;
    const again = message.pushes.some(({ serial }) => serial === connection.serial) ? ' again' : '';
    const missing = `not pushed${again} on connection ${connection.number} of ${describeDevice(device)}`;
    const finding = this.#findingOf(message, duty, missing, 'who was connected');
    this.#late.push({ message, device, finding, seenAt: this.#context.findings.keepPlace() });
  }

  #findingOf(message: TrackedMessage, duty: Duty, missing: string, there: string): NewFinding {
    const { facts } = this.#context;
    const { packet, status, connection, requirement, since, line, why } = duty;
    const what = `${packet}${status === undefined ? '' : ` ${status}`}`;
    const waited = ms(waitedFor(facts, duty));
    return {
      requirement,
      message: `${what} of ${message.msgId} did not come to ${connection.client}, though it was due`,
      expected: `${what} within ${ms(boundOf(facts, duty))}, because ${why}`,
      seen: `no ${what} on connection ${connection.number} of ${connection.client} for ${waited}`,
      where: describeVanishing(message, {
        missing,
        watched: `${there}; watched until ${ms(facts.at)}`,
        due: `due since ${ms(since)}: ${why}`,
      }),
      late: true,
      events: [line, facts.line],
      about: aboutOf(message),
    };
  }

  onSettled(): void {
    this.#tellLate();
  }

  onEnd(): void {
    this.#tellLate();
  }

  #tellLate(): void {
    const { facts, findings } = this.#context;
    for (const { message, device, finding, seenAt } of this.#late.splice(0)) {
      const ofQueue = (one: { device: Device }) => facts.policies.sharesQueue(one.device, device);
      const came = message.acks.some(ofQueue) || message.pushes.some(ofQueue);
      if (came) findings.report(finding, seenAt);
    }
  }
}

/** How long it may take. */
const boundOf = (facts: Facts, { since, connection }: Duty): number =>
  facts.boundSince(Math.max(since, boundsBegin(connection)));

const whereabouts = ({ users }: Facts, message: TrackedMessage): string => {
  const name = recipientOf(message);
  return users.get(name)?.away === undefined ? `${name} was connected and silent` : `${name} was away`;
};
