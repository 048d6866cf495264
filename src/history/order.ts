import type { MsgN, RequirementId } from '../../schemas/index.js';
import { aboutOf, type Message, mayBeStored, recipientOf, type Try } from './message.js';
import { Stairs } from './stairs.js';
import { type Connection, ms, type World } from './world.js';

/** So many of the last numbers of an inbox are remembered, to see one that two messages share. */
const MAX_NUMBERS = 8_192;

/** What was accepted for one recipient: which greatest `seq` came before a line, which least one after it. */
interface Inbox {
  /** By the line of the msg:A. */
  readonly answered: Stairs;
  /** By the line of the msg:R, both turned round. */
  readonly asked: Stairs;
  /** By the line of the accepted msg:R of each connection, up and turned round. */
  readonly pipelines: Map<number, { before: Stairs; after: Stairs }>;
  readonly numbers: Map<number, string>;
}

/** What was pushed for the first time on one connection. */
interface Lane {
  last: { seq: number; name: string; line: number } | undefined;
  /** The first message that was sent when the connection was open already. */
  live: { name: string; line: number } | undefined;
  lastBacklogLine: number;
}

/** Class `ordered`: IM-4.2-35 to IM-4.2-39. */
export class Order {
  readonly #world: World;
  readonly #inboxes = new Map<string, Inbox>();
  readonly #lanes = new WeakMap<Connection, Lane>();

  constructor(world: World) {
    this.#world = world;
  }

  /** A msg:N of a known message arrived; it is not among the pushes of the message yet. */
  pushed(connection: Connection, message: Message, packet: MsgN): void {
    const world = this.#world;
    const { seq } = packet;
    if (world.forgetful || message.spoiled) return;
    if (seq === undefined) {
      this.#report(
        message,
        'IM-4.2-35',
        `a msg:N of ${message.msgId} carries no seq`,
        'a seq in every msg:N',
        'none',
        [],
      );
      return;
    }
    world.book.exercise('IM-4.2-35');
    const repeated = message.pushes.some((push) => push.serial === connection.serial) || message.slot >= 0;
    if (message.seq >= 0 && message.seq !== seq) {
      const expected = `seq ${message.seq}, as at the push before`;
      this.#report(message, 'IM-4.2-37', `the seq of ${message.msgId} changed`, expected, `seq ${seq}`, []);
    } else if (message.pushes.length > 0) world.book.exercise('IM-4.2-37');
    if (!repeated) this.#firstPush(connection, message, seq);
    if (message.seq >= 0 || message.slot >= 0) return;
    message.seq = seq;
    this.learn(message);
  }

  /** Its place among the others is judged as soon as both its seq and its msg:A are known. */
  learn(message: Message): void {
    if (message.seq < 0 || message.promisedLine < 0 || message.placed || this.#world.forgetful) return;
    message.placed = true;
    const name = `${message.from.name} ${message.msgId}`;
    const inbox = this.#inboxOf(recipientOf(message));
    const accepted = message.tries.find((attempt) => attempt.answer === 'accepted');
    const first = accepted ?? message.tries.find(mayBeStored);
    if (first === undefined) return;
    this.#judgePlace(inbox, message, first, accepted);
    const { seq } = message;
    const twin = inbox.numbers.get(seq);
    if (twin !== undefined && twin !== name) this.#reportPlace(message, twin, seq, 'accepted for the same recipient');
    inbox.numbers.set(seq, name);
    if (inbox.numbers.size > MAX_NUMBERS) inbox.numbers.delete(inbox.numbers.keys().next().value as number);
    inbox.answered.add(message.promisedLine, seq, name);
    inbox.asked.add(-first.line, -seq, name);
    const pipeline = accepted === undefined ? undefined : this.#pipelineOf(inbox, accepted);
    pipeline?.before.add(first.line, seq, name);
    pipeline?.after.add(-first.line, -seq, name);
  }

  #judgePlace(inbox: Inbox, message: Message, first: Try, accepted: Try | undefined): void {
    const { seq } = message;
    const pipeline = accepted === undefined ? undefined : this.#pipelineOf(inbox, accepted);
    const before = [inbox.answered.below(first.line), pipeline?.before.below(first.line)];
    const after = [inbox.asked.below(-message.promisedLine), pipeline?.after.below(-first.line)];
    const larger = before.find((other) => other !== undefined && other.number >= seq);
    const smaller = after.find((other) => other !== undefined && -other.number <= seq);
    if (larger !== undefined) this.#reportPlace(message, larger.name, larger.number, 'accepted before it');
    else if (smaller !== undefined) this.#reportPlace(message, smaller.name, -smaller.number, 'accepted after it');
    else if ([...before, ...after].some((other) => other !== undefined)) this.#world.book.exercise('IM-4.2-36');
  }

  #reportPlace(message: Message, other: string, seq: number, how: string): void {
    const otherId = other.slice(other.indexOf(' ') + 1);
    const expected = how.endsWith('after it') ? `a seq below ${seq}` : `a seq above ${seq}`;
    const problem = `${message.msgId} has the wrong place in its inbox`;
    this.#report(message, 'IM-4.2-36', problem, `${expected}, which ${otherId} has, ${how}`, `seq ${message.seq}`, []);
  }

  /** First pushes go upward, and what waited goes before what came while the connection was open. */
  #firstPush(connection: Connection, message: Message, seq: number): void {
    const world = this.#world;
    const lane = this.#laneOf(connection);
    const sent = message.tries[0]?.line ?? Number.POSITIVE_INFINITY;
    const backlog = message.promisedLine >= 0 && message.promisedLine < connection.openingLine;
    const live = sent > connection.openedLine && sent !== Number.POSITIVE_INFINITY;
    // An ack that is being stored takes its message out of the order; if that fails, it may come late.
    const apart = this.#world.devicesApart !== undefined;
    const judged = !message.acks.some((ack) => !apart || ack.device === connection.device);
    if (judged && backlog && lane.live !== undefined) {
      const problem = `${lane.live.name}, which came live, was pushed before ${message.msgId}, which had waited`;
      const expected = `the backlog first on connection ${connection.number} of ${connection.client}`;
      const seen = `the first msg:N of ${message.msgId} there at ${ms(world.at)}, after a live one`;
      this.#report(message, 'IM-4.2-39', problem, expected, seen, [lane.live.line]);
    } else if (judged && lane.last !== undefined && seq < lane.last.seq) {
      const problem = `${message.msgId} was pushed for the first time after one with a greater seq`;
      const expected = `first pushes in the order of seq on connection ${connection.number} of ${connection.client}`;
      this.#report(
        message,
        'IM-4.2-38',
        problem,
        expected,
        `seq ${seq} after seq ${lane.last.seq} of ${lane.last.name}`,
        [lane.last.line],
      );
    } else if (lane.last !== undefined) world.book.exercise('IM-4.2-38');
    if (live && sent < lane.lastBacklogLine) world.book.exercise('IM-4.2-39');
    if (backlog) lane.lastBacklogLine = world.line;
    if (live) lane.live ??= { name: message.msgId, line: world.line };
    if (lane.last === undefined || seq > lane.last.seq) lane.last = { seq, name: message.msgId, line: world.line };
  }

  #inboxOf(user: string): Inbox {
    const known = this.#inboxes.get(user);
    if (known !== undefined) return known;
    const inbox: Inbox = { answered: new Stairs(), asked: new Stairs(), pipelines: new Map(), numbers: new Map() };
    this.#inboxes.set(user, inbox);
    return inbox;
  }

  #pipelineOf(inbox: Inbox, attempt: Try): { before: Stairs; after: Stairs } | undefined {
    const serial = attempt.connection?.serial;
    if (serial === undefined) return undefined;
    const known = inbox.pipelines.get(serial);
    if (known !== undefined) return known;
    const pipeline = { before: new Stairs(), after: new Stairs() };
    inbox.pipelines.set(serial, pipeline);
    return pipeline;
  }

  #laneOf(connection: Connection): Lane {
    const known = this.#lanes.get(connection);
    if (known !== undefined) return known;
    const lane: Lane = { last: undefined, live: undefined, lastBacklogLine: -1 };
    this.#lanes.set(connection, lane);
    return lane;
  }

  #report(
    message: Message,
    requirement: RequirementId,
    problem: string,
    expected: string,
    seen: string,
    events: number[],
  ): void {
    const lines = [message.tries[0]?.line, message.pushes[0]?.line, ...events, this.#world.line];
    this.#world.book.report({
      requirement,
      message: problem,
      expected,
      seen,
      events: [...new Set(lines.filter((line) => line !== undefined))].sort((a, b) => a - b),
      about: aboutOf(message),
    });
  }
}
