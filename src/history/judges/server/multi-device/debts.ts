import type { AckN, RequirementId } from '../../../../../schemas/index.js';
import { boundsBegin, type Connection, isReachable } from '../../../facts/connection.js';
import type { Facts } from '../../../facts/facts.js';
import { foldIfDone } from '../../../facts/fold.js';
import { type AckAttempt, aboutOf, type TrackedMessage } from '../../../facts/message.js';
import { RANK } from '../../../facts/receipts.js';
import { ms } from '../../../terms/text.js';
import type { Findings } from '../../findings.js';
import type { Judge, JudgeContext } from '../../judge.js';

const { stored: STORED, delivered: DELIVERED } = RANK;

/** A receipt that a connection of the sending user must get. */
interface Debt {
  readonly rank: number;
  readonly since: number;
  readonly line: number;
  readonly requirement: RequirementId;
}

/** Judges that receipts reach every device of the sender, and that a device which acks takes nothing from the others. */
export class DebtJudge implements Judge {
  readonly #facts: Facts;
  readonly #findings: Findings;
  readonly #debts = new Map<Connection, Map<TrackedMessage, Debt>>();

  constructor({ facts, findings }: JudgeContext) {
    this.#facts = facts;
    this.#findings = findings;
  }

  /** The first ack of the message is known to count: from here on its sender must be told on every device. */
  onAcked(message: TrackedMessage, isFirst: boolean): void {
    const [first] = message.acks;
    if (!isFirst || first === undefined || this.#facts.forgetful) return;
    const left = this.#isLeft(message, first);
    for (const connection of message.from.connections) {
      const requirement = left ? 'IM-4.2-48' : 'IM-4.2-16';
      const asked = message.attempts.some((attempt) => attempt.connection === connection);
      if (this.#hasRank(message, connection, DELIVERED)) continue;
      this.#owe(connection, message, first.line, DELIVERED, asked ? requirement : 'IM-4.2-47');
    }
  }

  /** Whether another device of the recipient has not acked yet. */
  #isLeft(message: TrackedMessage, first: AckAttempt): boolean {
    const others = first.device.user.devices.filter((device) => device !== first.device);
    return others.some(
      (device) => device.firstOpenLine < first.line && !message.acks.some((ack) => ack.device === device),
    );
  }

  /** A receipt arrived. What no re-sending asked for must reach the other devices of the sender, too. */
  onReceipt(connection: Connection, message: TrackedMessage, packet: AckN): void {
    const rank = RANK[packet.status];
    const debt = this.#debts.get(connection)?.get(message);
    if (debt !== undefined && rank >= debt.rank) {
      this.#forgive(connection, message);
      this.#findings.exercise(debt.requirement);
    }
    const [first] = message.acks;
    const [asked] = message.attempts;
    if (rank === DELIVERED && first !== undefined && this.#isLeft(message, first)) this.#findings.exercise('IM-4.2-48');
    if (message.attempts.every((attempt) => attempt.connection !== connection)) this.#findings.exercise('IM-4.2-47');
    if (rank !== STORED || message.attempts.length !== 1 || asked === undefined || first !== undefined) return;
    for (const other of message.from.connections) {
      if (other === connection || this.#hasRank(message, other, STORED)) continue;
      this.#owe(other, message, asked.line, STORED, 'IM-4.2-47');
    }
  }

  #hasRank(message: TrackedMessage, connection: Connection, rank: number): boolean {
    return message.receipts.some((mark) => mark.serial === connection.serial && mark.rank >= rank);
  }

  #owe(
    connection: Connection,
    message: TrackedMessage,
    before: number,
    rank: number,
    requirement: RequirementId,
  ): void {
    if (!isReachable(connection) || connection.excused || connection.openedLine >= before) return;
    const debts = this.#debts.get(connection) ?? new Map<TrackedMessage, Debt>();
    this.#debts.set(connection, debts);
    if (!debts.has(message)) message.open += 1;
    debts.set(message, { rank, since: this.#facts.at, line: this.#facts.line, requirement });
  }

  #forgive(connection: Connection, message: TrackedMessage): void {
    if (this.#debts.get(connection)?.delete(message)) message.open -= 1;
  }

  /** No time bound counts on the connection from now on: what was overdue on it is judged. */
  onExcusing(connection: Connection): void {
    const facts = this.#facts;
    for (const [message, debt] of this.#debts.get(connection) ?? []) {
      const since = Math.max(debt.since, boundsBegin(connection));
      const waited = facts.awakeBetween(since, facts.at);
      const bound = facts.boundSince(since);
      if (waited <= bound || message.spoiled) continue;
      const what = debt.rank === STORED ? 'is stored' : 'was delivered';
      const cause = debt.rank === STORED ? 'another device was told' : 'the first ack was answered';
      this.#findings.report({
        requirement: debt.requirement,
        message: `${connection.client} was not told that ${message.msgId} ${what}`,
        expected: `ack:N ${debt.rank === STORED ? 'stored' : 'delivered'} on every connected device of ${message.from.name} within ${ms(bound)}`,
        seen: `none on connection ${connection.number} for ${ms(waited)} after ${cause}`,
        late: true,
        events: [connection.openedLine, message.acks[0]?.line, debt.line].filter(
          (line) => line !== undefined && Number.isFinite(line),
        ) as number[],
        about: aboutOf(message),
      });
    }
  }

  /** A message that another device has, and this one never got. */
  ruleOfLoss(message: TrackedMessage, { device }: Connection): RequirementId | undefined {
    const elsewhere = message.acks.length > 0 || message.pushes.some((push) => push.device !== device);
    if (!elsewhere) return undefined;
    return device.firstOpenLine > message.promisedLine ? 'IM-4.2-46' : 'IM-4.2-45';
  }

  /** The connection has ended: nothing more can come on it. */
  onAbandoned(connection: Connection): void {
    const debts = this.#debts.get(connection);
    this.#debts.delete(connection);
    for (const message of debts?.keys() ?? []) {
      message.open -= 1;
      foldIfDone(this.#facts, message);
    }
  }
}
