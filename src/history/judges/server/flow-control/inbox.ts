import type { MsgA, RequirementId } from '../../../../../schemas/index.js';
import type { Connection } from '../../../facts/connection.js';
import type { Facts } from '../../../facts/facts.js';
import { aboutOf, type MsgAttempt, mayBeStored, recipientOf, type TrackedMessage } from '../../../facts/message.js';
import type { Findings } from '../../findings.js';
import type { Judge, JudgeContext } from '../../judge.js';
import { isForgivable } from '../core/dedup-window.js';
import { rejectionSeen, reportMsgAnswer } from '../wrong-answer.js';

/** Judges the limit of each inbox: IM-4.2-53 to IM-4.2-55. */
export class InboxJudge implements Judge {
  readonly #context: JudgeContext;
  readonly #facts: Facts;
  readonly #findings: Findings;
  /** Messages of each recipient that were accepted and that nobody has acked. */
  readonly #inboxes = new Map<string, Set<TrackedMessage>>();
  /** Line at which the inbox of a recipient was full for the last time. */
  readonly #fullLine = new Map<string, number>();

  constructor(context: JudgeContext) {
    this.#context = context;
    this.#facts = context.facts;
    this.#findings = context.findings;
  }

  onPromised(message: TrackedMessage, isNew: boolean): void {
    const { maxInboxMessages } = this.#facts.limits;
    if (maxInboxMessages === undefined || this.#facts.forgetful || message.acks.length > 0) return;
    const user = recipientOf(message);
    const inbox = this.#inboxes.get(user) ?? new Set();
    this.#inboxes.set(user, inbox);
    inbox.add(message);
    if (inbox.size > maxInboxMessages) this.#leaveOutExpired(inbox);
    if (inbox.size >= maxInboxMessages) this.#fullLine.set(user, this.#facts.line);
    if (inbox.size <= maxInboxMessages || !isNew) return;
    this.#findings.report({
      requirement: 'IM-4.2-53',
      message: `${message.msgId} was accepted although the inbox of ${user} was full`,
      expected: `msg:A rejected inbox-full: the inbox holds ${maxInboxMessages} messages (maxInboxMessages)`,
      seen: `msg:A accepted; with it ${inbox.size} messages for ${user} are accepted and not acked`,
      events: [message.attempts[0]?.line ?? this.#facts.line, this.#facts.line],
      about: aboutOf(message),
    });
  }

  #leaveOutExpired(inbox: Set<TrackedMessage>): void {
    for (const message of inbox) {
      const lifetime = this.#facts.policies.lifetimeOf(message);
      if (message.expired || (lifetime !== undefined && this.#facts.at >= lifetime.from)) inbox.delete(message);
    }
  }

  onAckSent(_: Connection, message: TrackedMessage): void {
    this.#inboxes.get(recipientOf(message))?.delete(message);
  }

  /** A full inbox refuses what is new, and never what it holds. */
  onMsgAnswered(_: Connection, message: TrackedMessage, attempt: MsgAttempt, packet: MsgA): void {
    const isHeld = message.evidenceLine < attempt.line && message.stored === attempt.variant;
    const isFull = () => this.#isFull(message.variants[attempt.variant]?.to ?? '');
    if (packet.status === 'duplicate' && isRepeated(message, attempt) && isFull()) {
      this.#findings.exercise('IM-4.2-55');
    }
    if (packet.error?.code !== 'inbox-full' || isForgivable(this.#facts, message)) return;
    if (!isHeld) {
      if (isFull()) this.#findings.exercise('IM-4.2-53');
      return;
    }
    const expected = 'msg:A duplicate, because the server holds this message already';
    reportMsgAnswer(this.#context, message, attempt, 'IM-4.2-55', expected, rejectionSeen(packet), [attempt.line]);
  }

  onArrived(message: TrackedMessage): void {
    if (this.#sawFull(message)) this.#findings.exercise('IM-4.2-54');
  }

  ruleOfLoss(message: TrackedMessage, connection: Connection): RequirementId | undefined {
    if (message.pushes.some((push) => push.serial === connection.serial)) return undefined;
    return this.#sawFull(message) ? 'IM-4.2-54' : undefined;
  }

  #isFull(user: string): boolean {
    const { maxInboxMessages } = this.#facts.limits;
    const size = this.#inboxes.get(user)?.size ?? 0;
    return maxInboxMessages !== undefined && size >= maxInboxMessages;
  }

  /** Whether the inbox of the recipient was full after the message had come into it. */
  #sawFull(message: TrackedMessage): boolean {
    return message.promisedLine >= 0 && (this.#fullLine.get(recipientOf(message)) ?? -1) >= message.promisedLine;
  }
}

/** Whether the server may hold the message, with this content, from another msg:R. */
const isRepeated = (message: TrackedMessage, attempt: MsgAttempt): boolean =>
  (message.stored < 0 || message.stored === attempt.variant) &&
  message.attempts.some((other) => other !== attempt && mayBeStored(other));
