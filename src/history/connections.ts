import { CLOSE, type HistoryEventOf, type RequirementId } from '../../schemas/index.js';
import { abandon, excuse } from './answers.js';
import type { Undecided } from './judgement.js';
import { describePlace } from './where.js';
import { type Connection, ms, type World } from './world.js';

/** Sockets may be seen to close this long before the end of the process is known. */
const END_IS_NOTICED_WITHIN_MS = 6_000;
/** A close so soon after something else may be its consequence. */
const CONSEQUENCE_WITHIN_MS = 5_000;

/** A connection that the server closed, and nothing so far says why. */
interface Unexplained {
  connection: Connection;
  event: HistoryEventOf<'closed'>;
  line: number;
  /** What the script then missed on it: consequences, as long as the close itself is reported. */
  readonly consequences: HistoryEventOf<'step'>[];
}

/** Why a server may close with that code although the script gives no cause. undefined: it may not. */
const whyAllowed = (code: number | undefined): Undecided | undefined => {
  switch (code) {
    case CLOSE.tooSlow:
      return {
        code: 'closed-by-limit',
        text: 'as it may when a client reads too slowly: give the kit a quieter machine',
      };
    case CLOSE.tooManyRequests:
      return { code: 'closed-by-limit', text: 'as it may when a client asks for too much: the scenario could not run' };
    case CLOSE.tokenExpired:
      return {
        code: 'token-expired',
        text: 'as it may when a token has expired: give the kit tokens that outlive its run',
      };
    default:
      return undefined;
  }
};

/** Judges who ends connections, and what a bad frame on one does to the others. */
export class Connections {
  readonly #world: World;
  #unexplained: Unexplained[] = [];
  /** Raw frames that no other connection has outlived yet: their connections. */
  #raw: Connection[] = [];
  #lastRaw: { connection: Connection; at: number } | undefined;

  constructor(world: World) {
    this.#world = world;
  }

  opening(event: HistoryEventOf<'opening'>): void {
    const world = this.#world;
    const device = world.clientDevice(event.client);
    for (const older of device.user.connections) {
      if (older.device !== device || older.superseded) continue;
      excuse(world, older);
      older.superseded = true;
      older.supersededAt = world.at;
    }
    world.connection(event.conn, event.client);
  }

  open(event: HistoryEventOf<'open'>): void {
    const world = this.#world;
    const connection = world.connection(event.conn, event.client);
    connection.openedAt = world.at;
    connection.openedLine = world.line;
    const { user } = connection.device;
    user.firstOpenLine = Math.min(user.firstOpenLine, world.line);
    connection.device.firstOpenLine = Math.min(connection.device.firstOpenLine, world.line);
    world.tally?.opened(connection);
    world.book.exercise('IM-1-1');
  }

  refused(event: HistoryEventOf<'refused'>): void {
    const connection = this.#world.connection(event.conn, event.client);
    this.#forget(connection);
  }

  silent(event: HistoryEventOf<'silent'>): void {
    const connection = this.#world.connection(event.conn, event.client);
    excuse(this.#world, connection);
    connection.silent = true;
    this.#world.tally?.blind(connection);
    abandon(this.#world, connection);
  }

  /** While the client does not read, nothing is due on its connection; afterwards every bound begins anew. */
  reading(event: HistoryEventOf<'reading'>): void {
    const world = this.#world;
    const connection = world.connection(event.conn, event.client);
    if (!event.reading) {
      if (!connection.excused) connection.paused = true;
      connection.pausedAt = world.at;
      excuse(world, connection);
    } else if (connection.paused) {
      connection.paused = false;
      if (!this.#isRecent(connection.pausedAt)) connection.mayBeCut = true;
      connection.readingSince = world.at;
      connection.excused = connection.superseded || connection.silent || connection.raw !== undefined || world.down;
    }
  }

  /** A bad frame was written: from here on this connection may be closed, and no other. */
  raw(connection: Connection): void {
    const world = this.#world;
    this.#raw.push(connection);
    if (this.#raw.length > 64) this.#raw.shift();
    this.#lastRaw = { connection, at: world.at };
    excuse(world, connection);
  }

  /** Something arrived: this connection has outlived the bad frames of others. */
  alive(connection: Connection): void {
    if (this.#raw.length === 0) return;
    const others = this.#raw.filter((bad) => bad !== connection);
    if (others.length === 0) return;
    this.#world.book.exercise('IM-1-7', others.length);
    this.#raw = this.#raw.filter((bad) => bad === connection);
  }

  closed(event: HistoryEventOf<'closed'>): void {
    const world = this.#world;
    const connection = world.connection(event.conn, event.client);
    if (connection.closed) return;
    if (event.by === 'subject') this.#closedByServer(connection, event);
    excuse(world, connection);
    abandon(world, connection);
    world.flow?.closed(connection);
    this.#forget(connection);
    world.tally?.closed(connection, event.by, event.how === 'clean');
    if (connection.superseded) this.#countLateClose(connection);
  }

  #forget(connection: Connection): void {
    connection.closed = true;
    connection.closedAt = this.#world.at;
    connection.device.user.connections.delete(connection);
  }

  #closedByServer(connection: Connection, event: HistoryEventOf<'closed'>): void {
    const world = this.#world;
    const { book } = world;
    if (world.killing) return;
    if (world.stopping) {
      if (event.how !== 'clean') return;
      if (event.code === CLOSE.goingAway) book.exercise('IM-4.2-28');
      else if (!connection.superseded && connection.raw === undefined) this.#reportStopCode(connection, event);
      return;
    }
    if (connection.superseded) {
      if (event.how === 'clean' && event.code === CLOSE.replaced) book.exercise('IM-1-11');
      return;
    }
    const last = world.ends.at(-1);
    if (world.down || (last !== undefined && connection.serial <= last.openings)) return;
    if ((connection.paused || connection.mayBeCut) && (event.how !== 'clean' || event.code === CLOSE.tooSlow)) {
      world.flow?.cutOff(connection);
    }
    if (connection.raw !== undefined || connection.silent || connection.paused || connection.mayBeCut) return;
    // Who answers no ping may be cut, but not while it sends: every frame is a sign of life (IM-1-17).
    if (connection.mute && !this.#isRecent(connection.lastFrameAt)) return;
    if (connection.openedAt === Number.POSITIVE_INFINITY || world.settledAt !== undefined) return;
    const freeze = world.freezes.at(-1);
    if (freeze !== undefined && freeze.to === Number.POSITIVE_INFINITY) return;
    this.#unexplained.push({ connection, event, line: world.line, consequences: [] });
  }

  /** Less than half of deadAfterMs ago: no server may take that for silence. */
  #isRecent(at: number): boolean {
    return this.#world.at - at < this.#world.timers.deadAfterMs / 2;
  }

  #reportStopCode(connection: Connection, event: HistoryEventOf<'closed'>): void {
    this.#world.book.report({
      requirement: 'IM-4.2-28',
      message: `the server closed the connection of ${connection.client} with another code when it was told to stop`,
      expected: 'close code 1001',
      seen: `close code ${event.code ?? 'none'}`,
      where: describePlace(connection),
      events: [this.#world.line],
      about: undefined,
    });
  }

  /**
   * The process ended: what closed shortly before is explained by it. Returns the steps that were missed because of
   * such a close: they are no consequences of a finding any more.
   */
  explainedByEnd(): HistoryEventOf<'step'>[] {
    const since = this.#world.at - END_IS_NOTICED_WITHIN_MS;
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
        (whyAllowed(event.code) !== undefined && this.#concerns(step, connection)),
    );
    close?.consequences.push(step);
    return close !== undefined;
  }

  /** Whether a step of the script waits for that client, or for what becomes of a message to or from its user. */
  #concerns(step: HistoryEventOf<'step'>, { client, device }: Connection): boolean {
    if (step.client === undefined) return false;
    if (step.client === client) return true;
    const world = this.#world;
    const key = step.message === undefined ? undefined : world.messages.labels.get(step.message);
    if (key === undefined) return false;
    if (key.from === device.user.name) return true;
    const message = world.messages.find(world.user(key.from), key.msgId);
    return message?.variants.some(({ to }) => to === device.user.name) ?? false;
  }

  /** The replaced connection has ended while the newer one lives: from here on the newer one must not suffer. */
  #countLateClose(older: Connection): void {
    const newer = [...older.device.user.connections].find(
      (other) => other.device === older.device && other.serial > older.serial,
    );
    if (newer !== undefined && newer.openedAt !== Number.POSITIVE_INFINITY) this.#late.set(newer, this.#world.at);
  }
  readonly #late = new Map<Connection, number>();

  /** A push reached the newer connection after the late close of the older one. */
  pushed(connection: Connection): void {
    if (this.#late.size > 0 && this.#late.has(connection)) this.#world.book.exercise('IM-1-13');
  }

  /** At the end: closes that nothing has explained. */
  finish(): void {
    for (const { connection, event, line } of this.#unexplained) this.#reportClose(connection, event, line);
  }

  #reportClose(connection: Connection, event: HistoryEventOf<'closed'>, line: number): void {
    const { book } = this.#world;
    const { code } = event;
    const how =
      event.how === 'clean'
        ? `a close with code ${code ?? 'none'}`
        : event.how === 'reset'
          ? 'a reset'
          : 'an end without a close frame';
    const allowed = whyAllowed(code);
    if (allowed !== undefined) {
      const text = `the server ended a connection of ${connection.client} with close code ${code}, ${allowed.text}`;
      book.leaveOpen(allowed.code, text);
      return;
    }
    const { requirement, because } = this.#causeOf(connection, event);
    const { lastFrameAt } = connection;
    const lastFrame = lastFrameAt >= connection.openedAt ? `, its client wrote last at ${ms(lastFrameAt)}` : '';
    book.report({
      requirement,
      message: `the server ended connection ${connection.number} of ${connection.client} without a cause`,
      expected: 'the connection stays open',
      seen: `${how} at ${ms(event.at)}${because}`,
      where: `${describePlace(connection)}${lastFrame}`,
      // A kit that had no processor time answers pings late: as a time bound, this is worth another try.
      ...(event.how !== 'clean' && this.#world.classes.has('timed-redelivery') ? { late: true } : {}),
      events: [line],
      about: undefined,
    });
  }

  /** A connection of another user, of a device with the same name, that was opened shortly before. */
  #namesakeOf(connection: Connection, event: HistoryEventOf<'closed'>): Connection | undefined {
    return [...this.#world.connections.values()].find(
      (other) =>
        other.device.name === connection.device.name &&
        other.device.user !== connection.device.user &&
        other.serial > connection.serial &&
        other.openingAt <= event.at &&
        event.at - other.openingAt <= CONSEQUENCE_WITHIN_MS,
    );
  }

  #causeOf(connection: Connection, event: HistoryEventOf<'closed'>): { requirement: RequirementId; because: string } {
    const world = this.#world;
    if (event.code === CLOSE.tooLarge) return { requirement: 'IM-1-8', because: ', although no frame was too large' };
    const thaw = world.freezes.findLast((freeze) => freeze.to <= event.at);
    if (thaw !== undefined && event.at - thaw.to <= 2 * world.timers.deadAfterMs + world.patienceMs) {
      return { requirement: 'IM-1-18', because: `, ${ms(event.at - thaw.to)} after the server was continued` };
    }
    const late = this.#late.get(connection);
    if (late !== undefined && event.at - late <= CONSEQUENCE_WITHIN_MS) {
      return { requirement: 'IM-1-13', because: ', after the connection that it had replaced ended' };
    }
    if (event.code === CLOSE.replaced && connection.device.user.devices.length > 1) {
      return { requirement: 'IM-1-10', because: ': as replaced, though only another device of the user connected' };
    }
    const namesake =
      event.code === CLOSE.replaced && world.classes.has('secured') ? this.#namesakeOf(connection, event) : undefined;
    if (namesake !== undefined) {
      const because = `: as replaced, when ${namesake.client}, another user, connected a device of the same name`;
      return { requirement: 'IM-1-24', because };
    }
    const raw = this.#lastRaw;
    if (raw !== undefined && raw.connection !== connection && raw.at <= event.at) {
      return { requirement: 'IM-1-7', because: `, after a bad frame on connection ${raw.connection.number}` };
    }
    if (connection.lastFragments !== undefined) {
      return { requirement: 'IM-1-28', because: `, after a packet in ${connection.lastFragments} fragments` };
    }
    const lived = event.at - connection.openedAt;
    if (event.code !== CLOSE.replaced && lived >= world.timers.deadAfterMs && world.classes.has('timed-redelivery')) {
      return { requirement: 'IM-1-17', because: ', as if its peer were dead' };
    }
    return { requirement: 'IM-1-7', because: '' };
  }
}
