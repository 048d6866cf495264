import type { MsgN } from '../../schemas/index.js';
import type { Report } from './book.js';
import { isImmortal, type Lifetime, lifetimeOf, mayHaveExpired } from './lifetime.js';
import { aboutOf, type Message, recipientOf } from './message.js';
import { describeStages } from './where.js';
import { type Connection, ms, type World } from './world.js';

const EXPIRED = 2;

/** Class `expiry`: IM-4.2-40 to IM-4.2-44. Lifetimes are measured by the clock of the kit alone. */
export class Expiry {
  readonly #world: World;
  /** Messages with a lifetime whose end is still to be seen. */
  readonly #mortal = new Set<Message>();
  /** Findings that rest on a lifetime: they count only if the clock of the server was left alone. */
  readonly #timed: Report[] = [];

  constructor(world: World) {
    this.#world = world;
  }

  /** The message was answered `accepted` or `duplicate` for the first time. */
  promised(message: Message): void {
    if (message.variants.some((variant) => variant.ttl !== 0)) this.#mortal.add(message);
  }

  /** A msg:N of a known message arrived: it tells the right end, and comes before it. */
  pushed(connection: Connection, message: Message, packet: MsgN): void {
    const world = this.#world;
    if (world.forgetful || message.slot >= 0) return;
    this.#judgeExpiresAt(message, packet);
    message.expiresAt ??= packet.expiresAt;
    const lifetime = lifetimeOf(world, message);
    if (lifetime === undefined) return;
    // What was written in time may have waited in the network until its client read again.
    const since = Math.max(lifetime.to, connection.readingSince);
    const late = world.awakeBetween(since, world.at);
    if (late <= world.boundMs) return;
    const restarted = world.endBetween(message.promisedLine, world.line) !== undefined;
    const moved = packet.expiresAt === undefined || packet.expiresAt !== packet.acceptedAt + lifetime.ttlMs;
    this.reportTimed({
      requirement: restarted && moved ? 'IM-4.2-44' : 'IM-4.2-41',
      message: `${message.msgId} was pushed after it had expired`,
      expected: `no msg:N after its lifetime of ${ms(lifetime.ttlMs)}, which ended by ${ms(lifetime.to)}`,
      seen: `msg:N at ${ms(world.at)}, ${ms(world.at - lifetime.to)} later${restarted ? ', after a restart' : ''}`,
      where: describeStages(message),
      events: [message.promisedLine, world.line].filter((line) => line >= 0),
      about: aboutOf(message),
    });
  }

  #judgeExpiresAt(message: Message, packet: MsgN): void {
    const world = this.#world;
    const [first] = message.variants;
    const variant =
      message.stored >= 0 ? message.variants[message.stored] : message.variants.length === 1 ? first : undefined;
    if (variant === undefined || variant.wild || (variant.ttl !== 0 && variant.ttlMs === undefined)) return;
    const expected = variant.ttlMs === undefined ? undefined : packet.acceptedAt + variant.ttlMs;
    const before = message.expiresAt;
    const firstPush = message.pushes[0]?.line ?? world.line;
    const since = message.pushes.length > 0 ? firstPush : message.promisedLine;
    const restarted = since >= 0 && world.endBetween(since, world.line) !== undefined;
    const moved = before !== undefined && before !== packet.expiresAt;
    if (packet.expiresAt === expected && !moved) {
      world.book.exercise('IM-4.2-40');
      if (restarted && expected !== undefined) world.book.exercise('IM-4.2-44');
      return;
    }
    const told = (time: number | undefined) => (time === undefined ? 'no expiresAt' : `expiresAt ${time}`);
    world.book.report({
      requirement: restarted && (moved || variant.ttlMs !== undefined) ? 'IM-4.2-44' : 'IM-4.2-40',
      message: `a msg:N of ${message.msgId} tells the wrong end of its lifetime`,
      expected:
        expected === undefined
          ? 'no expiresAt, because the msg:R had no ttlMs'
          : `${told(moved ? before : expected)}: acceptedAt plus ttlMs ${variant.ttlMs ?? 0}`,
      seen: `${told(packet.expiresAt)}, acceptedAt ${packet.acceptedAt}${restarted ? ', after a restart' : ''}`,
      events: [message.tries[0]?.line ?? world.line, ...(moved ? [firstPush] : []), world.line],
      about: aboutOf(message),
    });
  }

  /** An ack:N `expired` arrived: of a message that has an end, at its end, and of none that was acked before. */
  told(connection: Connection, message: Message): void {
    const world = this.#world;
    if (world.forgetful || message.slot >= 0 || message.told !== undefined) return;
    if (isImmortal(message)) {
      this.#reportFalse(message, 'it has no ttlMs', false);
      return;
    }
    const lifetime = lifetimeOf(world, message);
    if (lifetime === undefined) return;
    const acked = message.ackedBy[0];
    if (world.at < lifetime.from) this.#reportFalse(message, `it lives until ${ms(lifetime.from)} at least`, true);
    else if (acked !== undefined && acked.at < lifetime.from)
      this.#reportFalse(message, `it was acked at ${ms(acked.at)}`, true);
    else if (message.receipts.some((mark) => mark.serial === connection.serial && mark.rank >= EXPIRED)) return;
    else if (this.#isOverdue(connection, message, lifetime)) this.#reportUntold(connection, message, lifetime, true);
    else world.book.exercise('IM-4.2-42');
  }

  #reportFalse(message: Message, why: string, timed: boolean): void {
    const { at, line, book } = this.#world;
    const entry: Report = {
      requirement: 'IM-4.2-42',
      message: `${message.msgId} was reported as expired, and it is not`,
      expected: `no ack:N expired: ${why}`,
      seen: `ack:N expired at ${ms(at)}`,
      where: describeStages(message),
      events: [message.tries[0]?.line ?? line, line],
      about: aboutOf(message),
    };
    if (timed) this.reportTimed(entry);
    else book.report(entry);
  }

  /** No time bound counts on the connection from now on: what was overdue on it is judged. */
  judgeDue(connection: Connection): void {
    const world = this.#world;
    if (world.forgetful || this.#mortal.size === 0) return;
    for (const message of this.#mortal) {
      if (message.from !== connection.device.user) continue;
      const lifetime = lifetimeOf(world, message);
      if (lifetime !== undefined && this.#isOverdue(connection, message, lifetime)) {
        this.#reportUntold(connection, message, lifetime, false);
      }
    }
  }

  /** Whether `expired` was due on this connection, has not come, and its time is over. */
  #isOverdue(connection: Connection, message: Message, lifetime: Lifetime): boolean {
    const world = this.#world;
    if (connection.excused || message.spoiled || message.told !== undefined || message.promisedLine < 0) return false;
    const bound = world.boundMs;
    if ((message.acks[0]?.at ?? Number.POSITIVE_INFINITY) <= lifetime.to + bound) return false;
    if (world.endBetween(message.promisedLine, world.line) !== undefined) return false;
    const here = (mark: { serial: number; rank: number }) =>
      mark.rank >= EXPIRED && (world.devicesApart === undefined || mark.serial === connection.serial);
    if (message.receipts.some(here)) return false;
    const asked = hasAsked(connection, message, lifetime);
    if (!asked && (world.devicesApart === undefined || connection.openedAt > lifetime.from)) return false;
    return world.awakeBetween(Math.max(lifetime.to, connection.readingSince), world.at) > bound;
  }

  #reportUntold(connection: Connection, message: Message, lifetime: Lifetime, came: boolean): void {
    const world = this.#world;
    const waited = ms(world.at - lifetime.to);
    this.reportTimed({
      requirement: hasAsked(connection, message, lifetime) ? 'IM-4.2-42' : 'IM-4.2-47',
      message: `${connection.client} was ${came ? 'told late' : 'not told'} that ${message.msgId} had expired`,
      expected: `ack:N expired within ${ms(world.boundMs)} of ${ms(lifetime.to)}, when its lifetime ended`,
      seen: came ? `ack:N expired ${waited} later` : `no ack:N expired for ${waited}`,
      where: describeStages(message),
      late: true,
      events: [message.promisedLine, world.line],
      about: aboutOf(message),
    });
  }

  /** A finding that rests on a lifetime. */
  reportTimed(entry: Report): void {
    this.#timed.push(entry);
  }

  /** When settling has ended: what expired and was pushed to nobody, though its receiver was there. */
  count(): void {
    const world = this.#world;
    for (const message of this.#mortal) {
      const lifetime = lifetimeOf(world, message);
      if (lifetime === undefined || message.acks.length > 0 || world.at <= lifetime.to) continue;
      if (message.pushes.some((push) => push.at > lifetime.to)) continue;
      const there = [...(world.users.get(recipientOf(message))?.connections ?? [])].some((one) => !one.closed);
      if (there && mayHaveExpired(world, message)) world.book.exercise('IM-4.2-41');
    }
  }

  finish(): void {
    if (this.#world.clockMoved) return;
    for (const entry of this.#timed) this.#world.book.report(entry);
  }
}

/** Whether the connection sent a msg:R that was answered before the message ended. */
const hasAsked = (connection: Connection, message: Message, lifetime: Lifetime): boolean =>
  message.tries.some(
    ({ connection: other, answer, answeredAt }) =>
      other === connection && (answer === 'accepted' || answer === 'duplicate') && answeredAt <= lifetime.to,
  );
