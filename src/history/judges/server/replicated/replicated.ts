import type { HistoryEventOf, MsgN } from '../../../../../schemas/index.js';
import type { Connection } from '../../../facts/connection.js';
import { aboutOf, type TrackedMessage } from '../../../facts/message.js';
import type { NodeFault } from '../../../facts/node-faults.js';
import { ms } from '../../../terms/text.js';
import type { Judge, JudgeContext, JudgedClass } from '../../judge.js';
import { CutOff } from './cut-off.js';
import { OneClock } from './one-clock.js';
import { SameMoment } from './same-moment.js';

/** What a push told of a message, and on which node. */
interface Told {
  readonly node: number;
  readonly line: number;
  readonly packet: Pick<MsgN, 'serverMsgId' | 'acceptedAt' | 'seq'>;
}

const MAX_TOLD = 100_000;

/** Whether a node is lost. One that is only frozen, cut off or slow has lost nothing, nor has any when a service is away. */
const isLoss = ({ kind, service }: NodeFault): boolean =>
  (kind === 'killing' || kind === 'stopping') && service === undefined;

/** Judges what holds between nodes: that a message crosses them, is one message on all, and that a node which was away knows its place. */
class Nodes implements Judge {
  readonly #context: JudgeContext;
  readonly #told = new Map<TrackedMessage, Told>();

  constructor(context: JudgeContext) {
    this.#context = context;
  }

  /** Noted already: promised, handed over and acked. */
  onArrived(message: TrackedMessage): void {
    const { facts, findings } = this.#context;
    const receiver = message.handed[0];
    const from = message.attempts[0]?.connection?.node;
    if (receiver === undefined || from === undefined) return;
    const to = this.#receiverNode(message);
    if (to !== from) findings.exercise('IM-4.2-59');
    const { promisedLine, promisedAt } = message;
    const losses = facts.nodeFaults.list.filter(isLoss);
    if (losses.some(({ line }) => line > promisedLine && line < receiver.line)) findings.exercise('IM-4.2-65');
    // Accepted and pushed while the node was away, by others.
    const isAway = ({ node, at, repairedAt }: NodeFault): boolean =>
      promisedAt > at + (facts.timers.failoverMs ?? 0) && promisedAt < repairedAt && node !== from && node !== to;
    if (losses.some(isAway)) findings.exercise('IM-4.2-64');
  }

  #receiverNode(message: TrackedMessage): number | undefined {
    const serial = (message.ackedBy[0] ?? message.pushes[0])?.serial;
    if (serial === undefined) return undefined;
    for (const one of this.#context.facts.connections.values()) if (one.serial === serial) return one.node;
    return undefined;
  }

  onReceipt(connection: Connection, message: TrackedMessage): void {
    if (connection.node === undefined) return;
    const node = this.#receiverNode(message);
    if (node !== undefined && node !== connection.node) this.#context.findings.exercise('IM-4.2-60');
  }

  onPushed(connection: Connection, message: TrackedMessage, packet: MsgN): void {
    if (connection.node === undefined) return;
    this.#judgeSame(connection.node, message, packet);
    this.#judgeReplaced(connection, message);
  }

  #judgeSame(node: number, message: TrackedMessage, packet: MsgN): void {
    const { facts, findings } = this.#context;
    const first = this.#told.get(message);
    if (first === undefined) {
      if (this.#told.size < MAX_TOLD) this.#told.set(message, { node, line: facts.line, packet });
      return;
    }
    if (first.node === node) return;
    const differs = (['serverMsgId', 'acceptedAt', 'seq'] as const).find((name) => first.packet[name] !== packet[name]);
    if (differs === undefined) {
      findings.exercise('IM-4.2-62');
      return;
    }
    findings.report({
      requirement: 'IM-4.2-62',
      message: `node ${node} gave ${message.msgId} another ${differs} than node ${first.node}`,
      expected: `${differs} ${first.packet[differs]}, as node ${first.node} said`,
      seen: `${differs} ${packet[differs]}`,
      events: [first.line, facts.line],
      about: aboutOf(message),
    });
  }

  /** Its node was frozen or cut off, and meanwhile the device connected to another one: what comes now comes from a node that should know. */
  #judgeReplaced(connection: Connection, message: TrackedMessage): void {
    const { facts, findings } = this.#context;
    if (!connection.superseded) return;
    const newer = [...facts.connections.values()].find(
      (other) =>
        other.device === connection.device && other.serial > connection.serial && other.node !== connection.node,
    );
    const fault = this.#absenceOf(connection);
    if (newer === undefined || fault === undefined || newer.openedAt < fault.at) return;
    if (newer.openedAt > fault.repairedAt || facts.at < this.#knownFrom(fault, newer)) return;
    findings.report({
      requirement: 'IM-4.2-71',
      message: `node ${connection.node} pushed ${message.msgId} to ${connection.client}, whose device had connected to node ${newer.node}`,
      expected: 'no msg:N on the older connection',
      seen: `a msg:N on connection ${connection.number} ${ms(facts.at - newer.openedAt)} after the newer one had opened`,
      events: [newer.openedLine, facts.line],
      about: aboutOf(message),
    });
  }

  /** The last time that the node of a connection was frozen or cut off. */
  #absenceOf({ node }: Connection): NodeFault | undefined {
    const isAway = (fault: NodeFault): boolean =>
      fault.node === node && fault.node !== undefined && (fault.kind === 'frozen' || fault.kind === 'cut');
    return this.#context.facts.nodeFaults.list.findLast(isAway);
  }

  /** A node that was frozen must look when it goes on. One that is cut off can know only that its time is over. */
  #knownFrom({ kind, at, repairedAt }: NodeFault, newer: Connection): number {
    if (kind === 'frozen') return repairedAt;
    return Math.max(at, newer.openedAt) + (this.#context.facts.timers.failoverMs ?? 0);
  }

  /** The older connection was on a node that was frozen or cut off, and is closed in time after its return. */
  onClosed(connection: Connection, event: HistoryEventOf<'closed'>): void {
    const { facts, findings } = this.#context;
    if (!connection.superseded || event.by !== 'subject' || connection.node === undefined) return;
    const newer = [...facts.connections.values()].find(
      (other) => other.device === connection.device && other.serial > connection.serial,
    );
    if (newer?.node === undefined || newer.node === connection.node) return;
    if (event.code === 4409) findings.exercise('IM-4.2-68');
    const fault = this.#absenceOf(connection);
    if (fault === undefined || !(newer.openedAt > fault.at && newer.openedAt < fault.repairedAt)) return;
    findings.exercise('IM-4.2-71');
  }

  /** The rule that the loss of a message breaks which had to cross nodes, or to outlive one. */
  ruleOfLoss(message: TrackedMessage, connection: Connection) {
    const { facts } = this.#context;
    const from = message.attempts[0]?.connection?.node;
    if (from === undefined || connection.node === undefined) return undefined;
    if (facts.nodeFaults.between(message.promisedLine, facts.line) !== undefined) return 'IM-4.2-65' as const;
    return from === connection.node ? undefined : ('IM-4.2-59' as const);
  }
}

/** Class `replicated`: everything else holds of the server as a whole, and the judges of the other classes see it so. */
export const replicated: JudgedClass = {
  judges: (context) => [new Nodes(context), new CutOff(context), new SameMoment(context), new OneClock(context)],
};
