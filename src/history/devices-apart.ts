import type { RequirementId } from '../../schemas/index.js';
import { type AckTry, aboutOf, type Message, recipientOf } from './message.js';
import { settle } from './settle.js';
import { type Connection, type Device, isReachable, ms, type World } from './world.js';

const STORED = 1;
const DELIVERED = 3;

/** A receipt that a connection of the sending user must get. */
interface Debt {
  readonly rank: number;
  readonly since: number;
  readonly line: number;
  readonly requirement: RequirementId;
}

/** Class `multi-device`: each device has a queue of its own, and receipts reach every device of the sender. */
export class DevicesApart {
  readonly #world: World;
  readonly #debts = new Map<Connection, Map<Message, Debt>>();

  constructor(world: World) {
    this.#world = world;
  }

  /** Whether the message is surely owed to the device: it existed before anybody can have acked. */
  owes(message: Message, device: Device): boolean {
    const first = message.acks[0];
    if (device.firstOpenLine >= (first?.line ?? this.#world.line)) return false;
    const acked = message.ackedBy[0];
    // For the other devices it ends when the window has passed.
    return acked === undefined || this.#world.at - acked.at < this.#world.timers.dedupWindowMs;
  }

  /** Whether no further device can be owed the message: then nothing more of it can be seen. */
  isDone(message: Message): boolean {
    const { devices } = this.#world.users.get(recipientOf(message)) ?? { devices: [] };
    return !devices.some((device) => device !== message.ackedBy[0]?.device && this.owes(message, device));
  }

  /** The first ack of the message is known to count: from here on its sender must be told on every device. */
  firstAcked(message: Message): void {
    const [first] = message.acks;
    if (first === undefined || this.#world.forgetful) return;
    const left = this.#isLeft(message, first);
    for (const connection of message.from.connections) {
      const requirement = left ? 'IM-4.2-48' : 'IM-4.2-16';
      const asked = message.tries.some((attempt) => attempt.connection === connection);
      if (this.#hasRank(message, connection, DELIVERED)) continue;
      this.#owe(connection, message, first.line, DELIVERED, asked ? requirement : 'IM-4.2-47');
    }
  }

  /** Whether another device of the recipient has not acked yet. */
  #isLeft(message: Message, first: AckTry): boolean {
    const others = first.device.user.devices.filter((device) => device !== first.device);
    return others.some(
      (device) => device.firstOpenLine < first.line && !message.acks.some((ack) => ack.device === device),
    );
  }

  /** A receipt arrived. What no re-sending asked for must reach the other devices of the sender, too. */
  told(connection: Connection, message: Message, rank: number): void {
    const { book } = this.#world;
    const debt = this.#debts.get(connection)?.get(message);
    if (debt !== undefined && rank >= debt.rank) {
      this.#forgive(connection, message);
      book.exercise(debt.requirement);
    }
    const [first] = message.acks;
    const [asked] = message.tries;
    if (rank === DELIVERED && first !== undefined && this.#isLeft(message, first)) book.exercise('IM-4.2-48');
    if (message.tries.every((attempt) => attempt.connection !== connection)) book.exercise('IM-4.2-47');
    if (rank !== STORED || message.tries.length !== 1 || asked === undefined || first !== undefined) return;
    for (const other of message.from.connections) {
      if (other === connection || this.#hasRank(message, other, STORED)) continue;
      this.#owe(other, message, asked.line, STORED, 'IM-4.2-47');
    }
  }

  #hasRank(message: Message, connection: Connection, rank: number): boolean {
    return message.receipts.some((mark) => mark.serial === connection.serial && mark.rank >= rank);
  }

  #owe(connection: Connection, message: Message, before: number, rank: number, requirement: RequirementId): void {
    if (!isReachable(connection) || connection.excused || connection.openedLine >= before) return;
    const debts = this.#debts.get(connection) ?? new Map<Message, Debt>();
    this.#debts.set(connection, debts);
    if (!debts.has(message)) message.open += 1;
    debts.set(message, { rank, since: this.#world.at, line: this.#world.line, requirement });
  }

  #forgive(connection: Connection, message: Message): void {
    if (this.#debts.get(connection)?.delete(message)) message.open -= 1;
  }

  /** No time bound counts on the connection from now on: what was overdue on it is judged. */
  judgeDue(connection: Connection): void {
    const world = this.#world;
    for (const [message, debt] of this.#debts.get(connection) ?? []) {
      const waited = world.awakeBetween(Math.max(debt.since, connection.readingSince), world.at);
      if (waited <= world.boundMs || message.spoiled) continue;
      const what = debt.rank === STORED ? 'is stored' : 'was delivered';
      const cause = debt.rank === STORED ? 'another device was told' : 'the first ack was answered';
      world.book.report({
        requirement: debt.requirement,
        message: `${connection.client} was not told that ${message.msgId} ${what}`,
        expected: `ack:N ${debt.rank === STORED ? 'stored' : 'delivered'} on every connected device of ${message.from.name} within ${ms(world.boundMs)}`,
        seen: `none on connection ${connection.number} for ${ms(waited)} after ${cause}`,
        late: true,
        events: [connection.openedLine, message.acks[0]?.line, debt.line].filter(
          (line) => line !== undefined && Number.isFinite(line),
        ) as number[],
        about: aboutOf(message),
      });
    }
  }

  /** The connection has ended: nothing more can come on it. */
  abandon(connection: Connection): void {
    const debts = this.#debts.get(connection);
    this.#debts.delete(connection);
    for (const message of debts?.keys() ?? []) {
      message.open -= 1;
      settle(this.#world, message);
    }
  }
}
