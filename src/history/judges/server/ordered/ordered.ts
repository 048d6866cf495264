import type { MsgN, RequirementId } from '../../../../../schemas/index.js';
import type { Connection } from '../../../facts/connection.js';
import type { Facts } from '../../../facts/facts.js';
import { aboutOf, type MsgAttempt, mayBeStored, recipientOf, type TrackedMessage } from '../../../facts/message.js';
import { ms } from '../../../terms/text.js';
import type { Findings, NewFinding } from '../../findings.js';
import type { Judge, JudgeContext, JudgedClass } from '../../judge.js';
import { PrefixMaximum } from './prefix-maximum.js';

/** So many of the last numbers of an inbox are remembered, to see one that two messages share. */
const MAX_NUMBERS = 8_192;

/** A message as others are told of it. */
interface Named {
  readonly from: string;
  readonly msgId: string;
}

/** Where another message stands that makes the place of one wrong. */
type Side = 'before' | 'after' | 'same';

/** What was accepted for one recipient: which greatest `seq` came before a line, which least one after it. */
interface Inbox {
  /** By the line of the msg:A. */
  readonly answered: PrefixMaximum<Named>;
  /** By the line of the msg:R, both turned round. */
  readonly asked: PrefixMaximum<Named>;
  /** By the line of the accepted msg:R of each connection, up and turned round. */
  readonly pipelines: Map<number, Pipeline>;
  /** By `seq`. */
  readonly numbers: Map<number, Named>;
}

interface Pipeline {
  readonly before: PrefixMaximum<Named>;
  readonly after: PrefixMaximum<Named>;
}

/** What was pushed for the first time on one connection. */
interface Lane {
  last: { seq: number; name: string; line: number } | undefined;
  /** The first message that was sent when the connection was open already. */
  live: { name: string; line: number } | undefined;
  lastBacklogLine: number;
}

/** Judges the numbers of an inbox, and the order of first pushes: IM-4.2-35 to IM-4.2-39. */
export class OrderJudge implements Judge {
  readonly #facts: Facts;
  readonly #findings: Findings;
  readonly #inboxes = new Map<string, Inbox>();
  readonly #lanes = new WeakMap<Connection, Lane>();
  /** The first seq that was seen of a message. */
  readonly #seqs = new WeakMap<TrackedMessage, number>();
  /** Messages whose place was judged, and those of them that had a wrong one. */
  readonly #placed = new WeakSet<TrackedMessage>();
  readonly #misplaced = new WeakSet<TrackedMessage>();
  /** Pushes that came after one with a greater seq: their own may be wrong, which is known with the msg:A. */
  readonly #overtaken = new Map<TrackedMessage, (seenAt: number) => void>();
  readonly #seenAt = new WeakMap<TrackedMessage, number>();

  constructor({ facts, findings }: JudgeContext) {
    this.#facts = facts;
    this.#findings = findings;
  }

  onPushed(connection: Connection, message: TrackedMessage, packet: MsgN): void {
    const facts = this.#facts;
    const { seq } = packet;
    if (facts.forgetful || message.spoiled) return;
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
    this.#findings.exercise('IM-4.2-35');
    const repeated = message.pushes.some((push) => push.serial === connection.serial) || message.slot >= 0;
    const known = this.#seqs.get(message);
    if (known !== undefined && known !== seq) {
      const expected = `seq ${known}, as at the push before`;
      this.#report(message, 'IM-4.2-37', `the seq of ${message.msgId} changed`, expected, `seq ${seq}`, []);
    } else if (message.pushes.length > 0) this.#findings.exercise('IM-4.2-37');
    if (!repeated && !this.#hasEnded(message)) this.#firstPush(connection, message, seq);
    if (known !== undefined || message.slot >= 0) return;
    this.#seqs.set(message, seq);
    this.#place(message);
  }

  onPromised(message: TrackedMessage): void {
    this.#place(message);
  }

  onForgotten(message: TrackedMessage): void {
    this.#seqs.delete(message);
  }

  onEnd(): void {
    for (const message of this.#overtaken.keys()) this.#tellOvertaken(message);
  }

  /** What is pushed although it has expired has no turn that it could come out of. */
  #hasEnded(message: TrackedMessage): boolean {
    const lifetime = this.#facts.policies.lifetimeOf(message);
    return lifetime !== undefined && this.#facts.at > lifetime.to;
  }

  /** A number that is wrong itself explains why it comes after a greater one. */
  #tellOvertaken(message: TrackedMessage): void {
    const tell = this.#overtaken.get(message);
    this.#overtaken.delete(message);
    if (tell !== undefined && !this.#misplaced.has(message)) tell(this.#seenAt.get(message) ?? 0);
  }

  /** Its place among the others is judged as soon as both its seq and its msg:A are known. */
  #place(message: TrackedMessage): void {
    const seq = this.#seqs.get(message);
    if (seq === undefined || message.promisedLine < 0 || this.#placed.has(message) || this.#facts.forgetful) return;
    this.#placed.add(message);
    const name: Named = { from: message.from.name, msgId: message.msgId };
    const inbox = this.#inboxOf(recipientOf(message));
    const accepted = message.attempts.find((attempt) => attempt.answer === 'accepted');
    const first = accepted ?? message.attempts.find(mayBeStored);
    if (first === undefined) return;
    this.#judgePlace(inbox, message, seq, first, accepted);
    this.#tellOvertaken(message);
    const twin = inbox.numbers.get(seq);
    if (twin !== undefined && !(twin.from === name.from && twin.msgId === name.msgId)) {
      this.#reportPlace(message, seq, twin, seq, 'same');
    }
    inbox.numbers.set(seq, name);
    if (inbox.numbers.size > MAX_NUMBERS) inbox.numbers.delete(inbox.numbers.keys().next().value as number);
    inbox.answered.add(message.promisedLine, seq, name);
    inbox.asked.add(-first.line, -seq, name);
    const pipeline = accepted === undefined ? undefined : this.#pipelineOf(inbox, accepted);
    pipeline?.before.add(first.line, seq, name);
    pipeline?.after.add(-first.line, -seq, name);
  }

  #judgePlace(
    inbox: Inbox,
    message: TrackedMessage,
    seq: number,
    first: MsgAttempt,
    accepted: MsgAttempt | undefined,
  ): void {
    const pipeline = accepted === undefined ? undefined : this.#pipelineOf(inbox, accepted);
    const before = [inbox.answered.below(first.line), pipeline?.before.below(first.line)];
    const after = [inbox.asked.below(-message.promisedLine), pipeline?.after.below(-first.line)];
    const larger = before.find((other) => other !== undefined && other.number >= seq);
    const smaller = after.find((other) => other !== undefined && -other.number <= seq);
    if (larger !== undefined) this.#reportPlace(message, seq, larger.name, larger.number, 'before');
    else if (smaller !== undefined) this.#reportPlace(message, seq, smaller.name, -smaller.number, 'after');
    else if ([...before, ...after].some((other) => other !== undefined)) this.#findings.exercise('IM-4.2-36');
  }

  #reportPlace(message: TrackedMessage, seq: number, other: Named, otherSeq: number, side: Side): void {
    const expected = side === 'after' ? `a seq below ${otherSeq}` : `a seq above ${otherSeq}`;
    this.#misplaced.add(message);
    const how = side === 'same' ? 'accepted for the same recipient' : `accepted ${side} it`;
    const problem = `${message.msgId} has the wrong place in its inbox`;
    const place = `${expected}, which ${other.msgId} has, ${how}`;
    this.#report(message, 'IM-4.2-36', problem, place, `seq ${seq}`, []);
  }

  /** First pushes go upward, and what waited goes before what came while the connection was open. */
  #firstPush(connection: Connection, message: TrackedMessage, seq: number): void {
    const facts = this.#facts;
    const lane = this.#laneOf(connection);
    const sent = message.attempts[0]?.line ?? Number.POSITIVE_INFINITY;
    const backlog = message.promisedLine >= 0 && message.promisedLine < connection.openingLine;
    const live = sent > connection.openedLine && sent !== Number.POSITIVE_INFINITY;
    // An ack that is being stored takes its message out of the order; if that fails, it may come late.
    const judged = !message.acks.some((ack) => facts.policies.sharesQueue(ack.device, connection.device));
    if (judged && backlog && lane.live !== undefined) {
      const problem = `${lane.live.name}, which came live, was pushed before ${message.msgId}, which had waited`;
      const expected = `the backlog first on connection ${connection.number} of ${connection.client}`;
      const seen = `the first msg:N of ${message.msgId} there at ${ms(facts.at)}, after a live one`;
      this.#report(message, 'IM-4.2-39', problem, expected, seen, [lane.live.line]);
    } else if (judged && lane.last !== undefined && seq < lane.last.seq) {
      const problem = `${message.msgId} was pushed for the first time after one with a greater seq`;
      const expected = `first pushes in the order of seq on connection ${connection.number} of ${connection.client}`;
      const seen = `seq ${seq} after seq ${lane.last.seq} of ${lane.last.name}`;
      const events = [lane.last.line, facts.line];
      this.#seenAt.set(message, this.#findings.keepPlace());
      this.#overtaken.set(message, (seenAt) =>
        this.#report(message, 'IM-4.2-38', problem, expected, seen, events, seenAt),
      );
      if (this.#placed.has(message)) this.#tellOvertaken(message);
    } else if (lane.last !== undefined) this.#findings.exercise('IM-4.2-38');
    if (live && sent < lane.lastBacklogLine) this.#findings.exercise('IM-4.2-39');
    if (backlog) lane.lastBacklogLine = facts.line;
    if (live) lane.live ??= { name: message.msgId, line: facts.line };
    if (lane.last === undefined || seq > lane.last.seq) lane.last = { seq, name: message.msgId, line: facts.line };
  }

  #inboxOf(user: string): Inbox {
    const known = this.#inboxes.get(user);
    if (known !== undefined) return known;
    const inbox: Inbox = {
      answered: new PrefixMaximum(),
      asked: new PrefixMaximum(),
      pipelines: new Map(),
      numbers: new Map(),
    };
    this.#inboxes.set(user, inbox);
    return inbox;
  }

  #pipelineOf(inbox: Inbox, attempt: MsgAttempt): Pipeline | undefined {
    const serial = attempt.connection?.serial;
    if (serial === undefined) return undefined;
    const known = inbox.pipelines.get(serial);
    if (known !== undefined) return known;
    const pipeline: Pipeline = { before: new PrefixMaximum(), after: new PrefixMaximum() };
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
    message: TrackedMessage,
    requirement: RequirementId,
    problem: string,
    expected: string,
    seen: string,
    events: number[],
    seenAt?: number,
  ): void {
    // What is told later is of the line at which it was seen.
    const lines = [message.attempts[0]?.line, message.pushes[0]?.line, ...events];
    if (seenAt === undefined) lines.push(this.#facts.line);
    const finding: NewFinding = {
      requirement,
      message: problem,
      expected,
      seen,
      events: [...new Set(lines.filter((line) => line !== undefined))].sort((a, b) => a - b),
      about: aboutOf(message),
    };
    if (seenAt === undefined) this.#findings.report(finding);
    else this.#findings.report(finding, seenAt);
  }
}

/** Class `ordered`. */
export const ordered: JudgedClass = { judges: (context) => [new OrderJudge(context)] };
