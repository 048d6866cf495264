import { CLOSE, type HistoryEventOf } from '../../../../../schemas/index.js';
import { defined } from '../../../../defined.js';
import type { Connection } from '../../../facts/connection.js';
import { describePlace } from '../../../facts/journey.js';
import { isRecent } from '../../../facts/links.js';
import type { Undecided } from '../../../terms/judgement.js';
import { ms } from '../../../terms/text.js';
import type { Judge, JudgeContext } from '../../judge.js';
import { causeOfClose, whyAllowed, whyTakenForDead } from './close-cause.js';

/** Sockets may be seen to close this long before the end of the process is known. */
const END_IS_NOTICED_WITHIN_MS = 6_000;
/** So many connections with bad frames are remembered. */
const MAX_RAW = 64;

/** The clients that only talk to each other while a script is played. */
const BYSTANDER = /^bystander-\d+$/;

/** A connection that the server closed, and nothing so far says why. */
interface Unexplained {
  readonly connection: Connection;
  readonly event: HistoryEventOf<'closed'>;
  readonly line: number;
  /** What the script then missed on it: consequences, as long as the close itself is reported. */
  readonly consequences: HistoryEventOf<'step'>[];
}

/** Judges who ends connections, and what a bad frame on one does to the others. */
export class Closes implements Judge {
  readonly #context: JudgeContext;
  #unexplained: Unexplained[] = [];
  /** Connections with bad frames that no other connection has outlived yet. */
  #raw: Connection[] = [];
  /** Connections on which something came after their bad frame: it has been answered. */
  readonly #heardAfterRaw = new Set<Connection>();
  #lastRaw: { connection: Connection; at: number } | undefined;
  /** Places of steps that were missed because a connection ended without a close frame, and when. */
  readonly #missedAtEnds: { readonly place: number; readonly at: number }[] = [];
  /** Connections whose predecessor ended when they were open, and when. */
  readonly #late = new Map<Connection, number>();

  constructor(context: JudgeContext) {
    this.#context = context;
  }

  onOpened(): void {
    this.#context.findings.exercise('IM-1-1');
  }

  /** From here on this connection may be closed, and no other. */
  onRawFrame(connection: Connection): void {
    this.#raw.push(connection);
    this.#heardAfterRaw.delete(connection);
    if (this.#raw.length > MAX_RAW) this.#raw.shift();
    this.#lastRaw = { connection, at: this.#context.facts.at };
  }

  /** A push reached the newer connection after the late close of the older one. */
  onPacket(connection: Connection, type: string): void {
    this.#hear(connection);
    if (type === 'msg:N' && this.#late.size > 0 && this.#late.has(connection)) {
      this.#context.findings.exercise('IM-1-13');
    }
  }

  onPong(connection: Connection): void {
    this.#hear(connection);
  }

  #hear(connection: Connection): void {
    if (connection.raw !== undefined) this.#heardAfterRaw.add(connection);
    if (this.#raw.length > 0) this.#outlive(connection);
    const { clockSetAt } = this.#context.facts.faults;
    if (clockSetAt !== undefined && connection.openedAt < clockSetAt) this.#context.findings.exercise('IM-6-15');
  }

  /** Something arrived: this connection has outlived the bad frames of others. */
  #outlive(connection: Connection): void {
    const others = this.#raw.filter((bad) => bad !== connection);
    if (others.length === 0) return;
    this.#context.findings.exercise('IM-1-7', others.length);
    this.#raw = this.#raw.filter((bad) => bad === connection);
  }

  onClosing(connection: Connection, event: HistoryEventOf<'closed'>): void {
    const { facts, findings } = this.#context;
    if (event.by !== 'subject') findings.exercise('IM-1-38');
    if (event.by !== 'subject' || facts.killing || facts.short) return;
    if (facts.nodeFaults.isStopping(connection.node) && event.how === 'clean' && event.code !== CLOSE.goingAway) {
      if (!connection.superseded && connection.raw === undefined) this.#reportStopCode(connection, event);
      return;
    }
    if (facts.nodeFaults.excuses(facts.at, connection.node)) {
      noteNodeClose(findings, connection, event);
      return;
    }
    if (facts.stopping) {
      if (event.how !== 'clean') return;
      if (event.code === CLOSE.goingAway) findings.exercise('IM-4.2-28');
      else if (!connection.superseded && connection.raw === undefined) this.#reportStopCode(connection, event);
      return;
    }
    if (connection.superseded) {
      if (event.how === 'clean' && event.code === CLOSE.replaced) findings.exercise('IM-1-11');
      return;
    }
    if (facts.hasEnded(connection)) return;
    if (connection.silent || connection.paused || connection.mayBeCut) return;
    // A bad frame explains its end, unless that was answered, and the end has a reason of its own.
    const hasOtherReason = this.#heardAfterRaw.has(connection) && this.#whyAllowed(event) !== undefined;
    if (connection.raw !== undefined && !hasOtherReason) return;
    // Who answers no ping may be cut, but not while it sends: every frame is a sign of life (IM-1-17).
    if (connection.mute && !isRecent(facts, connection.lastFrameAt)) return;
    if (connection.openedAt === Number.POSITIVE_INFINITY || facts.settledAt !== undefined) return;
    const freeze = facts.freezes.at(-1);
    if (freeze !== undefined && freeze.to === Number.POSITIVE_INFINITY) return;
    this.#unexplained.push({ connection, event, line: facts.line, consequences: [] });
  }

  /** The replaced connection has ended while the newer one lives: from here on the newer one must not suffer. */
  onClosed(older: Connection): void {
    if (!older.superseded) return;
    const newer = [...older.device.user.connections].find(
      (other) => other.device === older.device && other.serial > older.serial,
    );
    if (newer !== undefined && newer.openedAt !== Number.POSITIVE_INFINITY) {
      this.#late.set(newer, this.#context.facts.at);
    }
  }

  /**
   * The process ended: what closed shortly before is explained by it. Returns the steps that were missed because of
   * such a close: they are no consequences of a finding any more.
   */
  explainedByEnd(): HistoryEventOf<'step'>[] {
    const since = this.#context.facts.at - END_IS_NOTICED_WITHIN_MS;
    const explained = this.#unexplained.filter(({ event }) => event.at >= since);
    this.#unexplained = this.#unexplained.filter(({ event }) => event.at < since);
    return explained.flatMap(({ consequences }) => consequences);
  }

  /**
   * Whether a step was missed only because a connection was closed without a cause: that close is reported itself. After
   * a close that is a limit of the server, that client gets nothing more, and nobody what waits for its acks.
   */
  isConsequence(step: HistoryEventOf<'step'>): boolean {
    if (step.outcome !== 'missed') return false;
    const close = this.#unexplained.findLast(
      ({ connection, event }) =>
        (step.miss === 'connection-ended' && (event.code ?? 1006) === step.closeCode) ||
        (this.#whyAllowed(event) !== undefined && this.#concerns(step, connection)),
    );
    close?.consequences.push(step);
    return close !== undefined;
  }

  /** What the server does decides, not what of it is tested. */
  get #mayDetectDeadPeers(): boolean {
    const { policies, serves } = this.#context.facts;
    return policies.detectsDeadPeers || serves.has('timed-redelivery');
  }

  #whyAllowed(event: HistoryEventOf<'closed'>): Undecided | undefined {
    return whyAllowed(event.code) ?? whyTakenForDead(this.#context.facts, event);
  }

  /** A step that a connection without a close frame made to be missed is told at this place. */
  noteMissedAtEnd(place: number): void {
    this.#missedAtEnds.push({ place, at: this.#context.facts.at });
  }

  /** The process has ended by itself: a place before what was missed because of it. */
  placeOfExit(): number {
    const since = this.#context.facts.at - END_IS_NOTICED_WITHIN_MS;
    const first = this.#missedAtEnds.find(({ at }) => at >= since);
    return first === undefined ? this.#context.findings.keepPlace() : first.place - 0.5;
  }

  /** Whether a step of the script waits for that client, or for what becomes of a message to or from its user. */
  #concerns(step: HistoryEventOf<'step'>, { client, device }: Connection): boolean {
    if (step.client === undefined) return false;
    // Whoever keeps other users from being served is accused by what becomes of the bystanders.
    if (step.client === client || (step.requirement === 'IM-1-25' && BYSTANDER.test(client))) return true;
    const { facts } = this.#context;
    const key = step.message === undefined ? undefined : facts.messages.labels.get(step.message);
    if (key === undefined) return false;
    if (key.from === device.user.name) return true;
    const message = facts.messages.find(facts.user(key.from), key.msgId);
    return message?.variants.some(({ to }) => to === device.user.name) ?? false;
  }

  /** At the end: closes that nothing has explained. What is still open has not been ended without a cause. */
  onEnd(): void {
    const { facts, findings } = this.#context;
    const open = [...facts.connections.values()].filter(({ closed, openedAt }) => !closed && openedAt <= facts.at);
    if (open.length > 0) findings.exercise('IM-1-38', open.length);
    for (const close of this.#unexplained) this.#reportClose(close);
  }

  #reportStopCode(connection: Connection, event: HistoryEventOf<'closed'>): void {
    const { facts, findings } = this.#context;
    findings.report({
      requirement: 'IM-4.2-28',
      message: `the server closed the connection of ${connection.client} with another code when it was told to stop`,
      expected: 'close code 1001',
      seen: `close code ${event.code ?? 'none'}`,
      where: describePlace(connection),
      events: [facts.line],
      about: undefined,
    });
  }

  #reportClose({ connection, event, line }: Unexplained): void {
    const { findings } = this.#context;
    const { code } = event;
    const allowed = this.#whyAllowed(event);
    if (allowed !== undefined) {
      const how = code === undefined ? 'without a close frame' : `with close code ${code}`;
      const text = `the server ended a connection of ${connection.client} ${how}, ${allowed.text}`;
      findings.leaveOpen(allowed.code, text);
      return;
    }
    const neighbours = { lastRaw: this.#lastRaw, lateCloseAt: this.#late.get(connection) };
    if (this.#context.facts.dialect !== undefined) {
      const how = code === undefined || code === 1006 ? 'without a close frame' : endingOf(event);
      const text = `the server ended a connection of ${connection.client} (${how}), and the dialect does not say what that means: a sign of life may be missing (beat, reply), or a close code (closes)`;
      findings.leaveOpen('closed-unexplained', text);
      return;
    }
    const { requirement, because } = causeOfClose(this.#context, connection, event, neighbours);
    const { lastFrameAt } = connection;
    const lastFrame = lastFrameAt >= connection.openedAt ? `, its client wrote last at ${ms(lastFrameAt)}` : '';
    findings.report({
      requirement,
      message: `the server ended connection ${connection.number} of ${connection.client} without a cause`,
      expected: 'the connection stays open',
      seen: `${endingOf(event)} at ${ms(event.at)}${because}`,
      where: `${describePlace(connection)}${lastFrame}`,
      // A kit that had no processor time answers pings late: as a time bound, this is worth another try.
      ...defined({ late: (event.how !== 'clean' && this.#mayDetectDeadPeers) || undefined }),
      events: [line],
      about: undefined,
    });
  }
}

/** Around the fault of a node any close is excused; what was due is counted. */
const noteNodeClose = (
  findings: JudgeContext['findings'],
  connection: Connection,
  event: HistoryEventOf<'closed'>,
): void => {
  if (event.how !== 'clean') return;
  if (connection.superseded && event.code === CLOSE.replaced) findings.exercise('IM-1-11');
  if (event.code === CLOSE.goingAway) findings.exercise('IM-4.2-28');
};

const endingOf = ({ how, code, reason }: HistoryEventOf<'closed'>): string => {
  if (how === 'clean') return `a close with code ${code ?? 'none'}${reason === undefined ? '' : ` (${reason})`}`;
  return how === 'reset' ? 'a reset' : 'an end without a close frame';
};
