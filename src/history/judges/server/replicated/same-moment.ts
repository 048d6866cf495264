import { CLOSE, type HistoryEventOf } from '../../../../../schemas/index.js';
import type { Connection, Device } from '../../../facts/connection.js';
import { describePlace } from '../../../facts/journey.js';
import { isRival } from '../../../facts/links.js';
import { ms } from '../../../terms/text.js';
import type { Judge, JudgeContext } from '../../judge.js';

/** Judges that of connections which one device opens at the same moment on several nodes exactly one stays. */
export class SameMoment implements Judge {
  readonly #context: JudgeContext;
  readonly #opened = new Map<Device, Connection[]>();
  readonly #endedByKit = new Set<Connection>();
  /** Those that the server ended although nothing was wrong with its nodes: how, and the line that tells it. */
  readonly #endedByServer = new Map<Connection, { code: number | undefined; line: number }>();

  constructor(context: JudgeContext) {
    this.#context = context;
  }

  onOpened(connection: Connection): void {
    if (connection.node === undefined) return;
    const { device } = connection;
    this.#opened.set(device, [...(this.#opened.get(device) ?? []), connection]);
  }

  onClosing(connection: Connection, { by, code }: HistoryEventOf<'closed'>): void {
    const { facts } = this.#context;
    if (by !== 'subject') this.#endedByKit.add(connection);
    else if (!this.#mayEndAnyhow(connection)) this.#endedByServer.set(connection, { code, line: facts.line });
  }

  /** Around a fault, a stop or an end of the whole server any close is excused. */
  #mayEndAnyhow(connection: Connection): boolean {
    const { facts } = this.#context;
    const { killing, stopping, short } = facts;
    if (killing || stopping || short || facts.hasEnded(connection) || connection.raw !== undefined) return true;
    return facts.nodeFaults.excuses(facts.at, connection.node);
  }

  onSettled(): void {
    this.#judge();
  }

  onEnd(): void {
    this.#judge();
  }

  #judge(): void {
    for (const connections of this.#opened.values()) {
      const left = new Set(connections);
      for (const first of connections) {
        if (!left.delete(first)) continue;
        const group = [first];
        // What began while any of them was opening belongs to them.
        for (const one of group) {
          for (const other of left)
            if (one.node !== other.node && isRival(one, other) && left.delete(other)) group.push(other);
        }
        if (group.length > 1) this.#judgeGroup(group, connections);
      }
    }
    this.#opened.clear();
  }

  #judgeGroup(group: readonly Connection[], all: readonly Connection[]): void {
    const { facts, findings } = this.#context;
    const since = Math.max(...group.map(({ openedAt }) => openedAt));
    const bound = facts.boundSince(since);
    const until = since + bound;
    const isOther = (one: Connection): boolean =>
      !group.includes(one) && one.openingAt > since && one.openingAt <= until;
    const isKits = (one: Connection): boolean => this.#endedByKit.has(one) && one.closedAt <= until;
    if (facts.at < until || all.some(isOther) || group.some(isKits)) return;
    const open = group.filter(({ closedAt }) => closedAt > until);
    if (open.length === 1) {
      findings.exercise('IM-4.2-69');
      this.#judgeCodes(group, until);
      return;
    }
    const nodes = (some: readonly Connection[]): string => some.map(({ node }) => node).join(', ');
    findings.report({
      requirement: 'IM-4.2-69',
      message: `a device connected to nodes ${nodes(group)} at the same moment, and ${open.length} connections stayed`,
      expected: `exactly one of them open ${ms(bound)} later`,
      seen: open.length === 0 ? 'none' : `those on nodes ${nodes(open)}`,
      events: [...group.map(({ openedLine }) => openedLine), facts.line].sort((a, b) => a - b),
      about: undefined,
    });
  }

  /** Those that did not stay were replaced: each is told so. */
  #judgeCodes(group: readonly Connection[], until: number): void {
    const { findings } = this.#context;
    for (const connection of group) {
      const end = this.#endedByServer.get(connection);
      if (end === undefined || connection.closedAt > until) continue;
      if (end.code === CLOSE.replaced) {
        findings.exercise('IM-4.2-68');
        continue;
      }
      findings.report({
        requirement: 'IM-4.2-68',
        message: `a device connected to nodes ${group.map(({ node }) => node).join(', ')} at the same moment, and the connection on node ${connection.node} was not ended as a replaced one`,
        expected: `close code ${CLOSE.replaced} on each but the one that stays`,
        seen: end.code === undefined ? 'an end without a close code' : `close code ${end.code}`,
        where: describePlace(connection),
        events: [connection.openedLine, end.line],
        about: undefined,
      });
    }
  }
}
