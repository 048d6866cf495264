import type { HistoryEventOf, MsgA } from '../../../../../schemas/index.js';
import { boundsBegin, type Connection, type Pending } from '../../../facts/connection.js';
import type { Answer } from '../../../facts/listener.js';
import { aboutOf, type MsgAttempt, type TrackedMessage } from '../../../facts/message.js';
import type { NodeFault } from '../../../facts/node-faults.js';
import { ms } from '../../../terms/text.js';
import type { Judge, JudgeContext } from '../../judge.js';

/** Whether a node under that fault may lack what it needs, while it runs itself. */
const isLacking = ({ kind, way, service }: NodeFault): boolean =>
  service === undefined ? kind === 'cut' && way !== 'half-open' : kind !== 'slowed';

/** Judges a node that cannot reach what it needs: it says `busy` or closes in time, and rejects nothing that it has handed on. */
export class CutOff implements Judge {
  readonly #context: JudgeContext;

  constructor(context: JudgeContext) {
    this.#context = context;
  }

  onAnswer({ connection, request }: Answer): void {
    const fault = this.#context.facts.nodeFaults.current(connection.node);
    if (request !== undefined && fault !== undefined) this.#judgeTime(connection, request, fault, true);
  }

  onClosing(connection: Connection, { by }: HistoryEventOf<'closed'>): void {
    const fault = this.#context.facts.nodeFaults.current(connection.node);
    if (fault === undefined) return;
    for (const pending of connection.pending.values()) this.#judgeTime(connection, pending, fault, by === 'subject');
  }

  onRepaired(fault: NodeFault): void {
    for (const connection of this.#context.facts.connections.values()) {
      if (connection.closed || (fault.service === undefined && connection.node !== fault.node)) continue;
      for (const pending of connection.pending.values()) this.#judgeTime(connection, pending, fault, false);
    }
  }

  #judgeTime(connection: Connection, pending: Pending, fault: NodeFault, done: boolean): void {
    const { facts, findings } = this.#context;
    if (!isLacking(fault) || connection.node === undefined || connection.silent || connection.paused) return;
    if (connection.superseded || connection.raw !== undefined) return;
    const since = Math.max(pending.at, fault.at, boundsBegin(connection));
    const waited = facts.at - since;
    const bound = facts.boundSince(since);
    if (waited <= bound) {
      if (done) findings.exercise('IM-4.2-67');
      return;
    }
    findings.report({
      requirement: 'IM-4.2-67',
      message: `node ${connection.node} could not reach what it needs, and left ${pending.type} ${pending.id} waiting`,
      expected: `an answer, such as busy, or a close within ${ms(bound)}`,
      seen: done ? `one after ${ms(waited)}` : `nothing for ${ms(waited)}, on an open connection`,
      late: true,
      events: [fault.line, pending.line, facts.line].sort((a, b) => a - b),
      about: pending.message === undefined ? undefined : aboutOf(pending.message),
    });
  }

  /** A msg:R that was not answered on a node that could not know its outcome, and the copy shows that it was stored. */
  onMsgAnswered(_: Connection, message: TrackedMessage, attempt: MsgAttempt, packet: MsgA): void {
    if (packet.status !== 'duplicate' || message.promisedLine >= 0) return;
    const before = message.attempts.filter((one) => one !== attempt && one.line < attempt.line);
    if (before.some((one) => this.#isUnder(one)) && before.some((one) => one.answer !== 'refused')) {
      this.#context.findings.exercise('IM-4.2-66');
    }
  }

  /** Every copy was rejected, one of them by a node that could not know what had become of it. */
  ruleOfRecord(message: TrackedMessage): 'IM-4.2-66' | undefined {
    const refused = message.attempts.filter(({ answer, raw }) => answer === 'refused' && !raw);
    return refused.some((one) => this.#isUnder(one)) ? 'IM-4.2-66' : undefined;
  }

  #isUnder({ connection, at }: MsgAttempt): boolean {
    const { facts } = this.#context;
    return facts.nodeFaults.list.some(
      (fault) =>
        isLacking(fault) &&
        (fault.service !== undefined || fault.node === connection?.node) &&
        at >= fault.at &&
        at <= fault.repairedAt + (facts.timers.failoverMs ?? 0),
    );
  }
}
