import type { AckN, MsgN } from '../../../../../schemas/index.js';
import { boundsBegin, type Connection } from '../../../facts/connection.js';
import type { Facts } from '../../../facts/facts.js';
import { describeStages } from '../../../facts/journey.js';
import { aboutOf, type MsgAttempt, recipientOf, type TrackedMessage } from '../../../facts/message.js';
import type { Lifetime } from '../../../facts/policies.js';
import { RANK } from '../../../facts/receipts.js';
import { ms } from '../../../terms/text.js';
import type { Findings, NewFinding } from '../../findings.js';
import type { Judge, JudgeContext } from '../../judge.js';
import { overdueQuery } from '../core/answers.js';
import { isImmortal, knownVariant, lifetimeOf, mayHaveExpired } from './lifetime.js';

const EXPIRED = RANK.expired;

/** Judges lifetimes: IM-4.2-40 to IM-4.2-44. They are measured by the clock of the kit alone. */
export class ExpiryJudge implements Judge {
  readonly #context: JudgeContext;
  readonly #facts: Facts;
  readonly #findings: Findings;
  /** Messages with a lifetime whose end is still to be seen. */
  readonly #mortal = new Set<TrackedMessage>();
  /** Findings that rest on a lifetime: they count only if the clock of the server was left alone. */
  readonly #timed: { readonly finding: NewFinding; readonly seenAt: number }[] = [];
  /** The first expiresAt that was seen of a message. */
  readonly #ends = new WeakMap<TrackedMessage, number>();

  constructor(context: JudgeContext) {
    this.#context = context;
    this.#facts = context.facts;
    this.#findings = context.findings;
  }

  onPromised(message: TrackedMessage): void {
    if (message.variants.some((variant) => variant.ttl !== 0)) this.#mortal.add(message);
  }

  onForgotten(message: TrackedMessage): void {
    this.#ends.delete(message);
  }

  /** A push tells the right end, and comes before it. */
  onPushed(connection: Connection, message: TrackedMessage, packet: MsgN): void {
    const facts = this.#facts;
    if (facts.forgetful || message.slot >= 0) return;
    this.#judgeExpiresAt(message, packet);
    if (packet.expiresAt !== undefined && !this.#ends.has(message)) this.#ends.set(message, packet.expiresAt);
    const lifetime = lifetimeOf(message);
    if (lifetime === undefined) return;
    // What was written in time may have waited in the network until its client read again.
    const since = Math.max(lifetime.to, boundsBegin(connection));
    const late = facts.awakeBetween(since, facts.at);
    if (late <= facts.boundSince(since)) return;
    const restarted = facts.endBetween(message.promisedLine, facts.line) !== undefined;
    const moved = packet.expiresAt === undefined || packet.expiresAt !== packet.acceptedAt + lifetime.ttlMs;
    this.#tellAtTheEnd({
      requirement: restarted && moved ? 'IM-4.2-44' : 'IM-4.2-41',
      message: `${message.msgId} was pushed after it had expired`,
      expected: `no msg:N after its lifetime of ${ms(lifetime.ttlMs)}, which ended by ${ms(lifetime.to)}`,
      seen: `msg:N at ${ms(facts.at)}, ${ms(facts.at - lifetime.to)} later${restarted ? ', after a restart' : ''}`,
      where: describeStages(message),
      events: [message.promisedLine, facts.line].filter((line) => line >= 0),
      about: aboutOf(message),
    });
  }

  #tellAtTheEnd(finding: NewFinding): void {
    this.#timed.push({ finding, seenAt: this.#findings.keepPlace() });
  }

  #judgeExpiresAt(message: TrackedMessage, packet: MsgN): void {
    const facts = this.#facts;
    const variant = knownVariant(message);
    if (variant === undefined || variant.wild || (variant.ttl !== 0 && variant.ttlMs === undefined)) return;
    const expected = variant.ttlMs === undefined ? undefined : packet.acceptedAt + variant.ttlMs;
    const before = this.#ends.get(message);
    const firstPush = message.pushes[0]?.line ?? facts.line;
    const since = message.pushes.length > 0 ? firstPush : message.promisedLine;
    const restarted = since >= 0 && facts.endBetween(since, facts.line) !== undefined;
    const moved = before !== undefined && before !== packet.expiresAt;
    if (packet.expiresAt === expected && !moved) {
      this.#findings.exercise('IM-4.2-40');
      if (restarted && expected !== undefined) this.#findings.exercise('IM-4.2-44');
      return;
    }
    const told = (time: number | undefined) => (time === undefined ? 'no expiresAt' : `expiresAt ${time}`);
    this.#findings.report({
      requirement: restarted && (moved || variant.ttlMs !== undefined) ? 'IM-4.2-44' : 'IM-4.2-40',
      message: `a msg:N of ${message.msgId} tells the wrong end of its lifetime`,
      expected:
        expected === undefined
          ? 'no expiresAt, because the msg:R had no ttlMs'
          : `${told(moved ? before : expected)}: acceptedAt plus ttlMs ${variant.ttlMs ?? 0}`,
      seen: `${told(packet.expiresAt)}, acceptedAt ${packet.acceptedAt}${restarted ? ', after a restart' : ''}`,
      events: [message.attempts[0]?.line ?? facts.line, ...(moved ? [firstPush] : []), facts.line],
      about: aboutOf(message),
    });
  }

  /** An ack:N `expired` arrived: of a message that has an end, at its end, and of none that was acked before. */
  onReceipt(connection: Connection, message: TrackedMessage, packet: AckN, answered: readonly MsgAttempt[]): void {
    if (packet.status !== 'expired') return;
    if (answered.length > 0) this.#findings.exercise('IM-3-8', answered.length);
    else this.#judgeReceipt(connection, message);
  }

  #judgeReceipt(connection: Connection, message: TrackedMessage): void {
    const facts = this.#facts;
    if (facts.forgetful || message.slot >= 0 || message.told !== undefined) return;
    if (isImmortal(message)) {
      this.#reportFalse(message, 'it has no ttlMs', false);
      return;
    }
    const lifetime = lifetimeOf(message);
    if (lifetime === undefined) return;
    const acked = message.ackedBy[0];
    if (facts.at < lifetime.from) this.#reportFalse(message, `it lives until ${ms(lifetime.from)} at least`, true);
    else if (acked !== undefined && acked.at < lifetime.from)
      this.#reportFalse(message, `it was acked at ${ms(acked.at)}`, true);
    else if (message.receipts.some((mark) => mark.serial === connection.serial && mark.rank >= EXPIRED)) return;
    else if (this.#isOverdue(connection, message, lifetime)) this.#reportUntold(connection, message, lifetime, true);
    else this.#findings.exercise('IM-4.2-42');
  }

  #reportFalse(message: TrackedMessage, why: string, timed: boolean): void {
    const { at, line } = this.#facts;
    const entry: NewFinding = {
      requirement: 'IM-4.2-42',
      message: `${message.msgId} was reported as expired, and it is not`,
      expected: `no ack:N expired: ${why}`,
      seen: `ack:N expired at ${ms(at)}`,
      where: describeStages(message),
      events: [message.attempts[0]?.line ?? line, line],
      about: aboutOf(message),
    };
    if (timed) this.#tellAtTheEnd(entry);
    else this.#findings.report(entry);
  }

  /** No time bound counts on the connection from now on: what was overdue on it is judged. */
  onExcusing(connection: Connection): void {
    for (const [query, message] of connection.queries) {
      if (query.query !== 'expired') continue;
      const finding = overdueQuery(this.#context, connection, query, message, 'IM-3-8');
      if (finding !== undefined) this.#tellAtTheEnd(finding);
    }
    this.#judgeDue(connection);
  }

  #judgeDue(connection: Connection): void {
    const facts = this.#facts;
    if (facts.forgetful || this.#mortal.size === 0) return;
    for (const message of this.#mortal) {
      if (message.from !== connection.device.user) continue;
      const lifetime = lifetimeOf(message);
      if (lifetime !== undefined && this.#isOverdue(connection, message, lifetime)) {
        this.#reportUntold(connection, message, lifetime, false);
      }
    }
  }

  /** Whether `expired` was due on this connection, has not come, and its time is over. */
  #isOverdue(connection: Connection, message: TrackedMessage, lifetime: Lifetime): boolean {
    const facts = this.#facts;
    if (connection.excused || message.spoiled || message.told !== undefined || message.promisedLine < 0) return false;
    const bound = facts.boundSince(lifetime.to);
    const everywhere = facts.policies.receiptsGoTo === 'every-device';
    if ((message.acks[0]?.at ?? Number.POSITIVE_INFINITY) <= lifetime.to + bound) return false;
    if (facts.endBetween(message.promisedLine, facts.line) !== undefined) return false;
    const here = (mark: { serial: number; rank: number }) =>
      mark.rank >= EXPIRED && (!everywhere || mark.serial === connection.serial);
    if (message.receipts.some(here)) return false;
    const asked = hasAsked(connection, message, lifetime);
    if (!asked && (!everywhere || connection.openedAt > lifetime.from)) return false;
    return facts.awakeBetween(Math.max(lifetime.to, boundsBegin(connection)), facts.at) > bound;
  }

  #reportUntold(connection: Connection, message: TrackedMessage, lifetime: Lifetime, came: boolean): void {
    const facts = this.#facts;
    const waited = ms(facts.at - lifetime.to);
    this.#tellAtTheEnd({
      requirement: hasAsked(connection, message, lifetime) ? 'IM-4.2-42' : 'IM-4.2-47',
      message: `${connection.client} was ${came ? 'told late' : 'not told'} that ${message.msgId} had expired`,
      expected: `ack:N expired within ${ms(facts.boundSince(lifetime.to))} of ${ms(lifetime.to)}, when its lifetime ended`,
      seen: came ? `ack:N expired ${waited} later` : `no ack:N expired for ${waited}`,
      where: describeStages(message),
      late: true,
      events: [message.promisedLine, facts.line],
      about: aboutOf(message),
    });
  }

  /** When settling has ended: what expired and was pushed to nobody, though its receiver was there. */
  onSettled(): void {
    const facts = this.#facts;
    for (const message of this.#mortal) {
      const lifetime = lifetimeOf(message);
      if (lifetime === undefined || message.acks.length > 0 || facts.at <= lifetime.to) continue;
      if (message.pushes.some((push) => push.at > lifetime.to)) continue;
      const there = [...(facts.users.get(recipientOf(message))?.connections ?? [])].some((one) => !one.closed);
      if (there && mayHaveExpired(facts, message)) this.#findings.exercise('IM-4.2-41');
    }
  }

  onEnd(): void {
    if (this.#facts.faults.clockMoved) return;
    for (const { finding, seenAt } of this.#timed) this.#findings.report(finding, seenAt);
  }
}

/** Whether the connection sent a msg:R that was answered before the message ended. */
const hasAsked = (connection: Connection, message: TrackedMessage, lifetime: Lifetime): boolean =>
  message.attempts.some(
    ({ connection: other, answer, answeredAt }) =>
      other === connection && (answer === 'accepted' || answer === 'duplicate') && answeredAt <= lifetime.to,
  );
