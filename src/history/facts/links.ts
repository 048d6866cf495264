import { CLOSE, type HistoryEventOf } from '../../../schemas/index.js';
import { type Connection, isReachable } from './connection.js';
import type { Facts } from './facts.js';
import { foldIfDone } from './fold.js';

/** A client began to connect: the older connections of its device may be replaced from now on. */
export const noteOpening = (facts: Facts, event: HistoryEventOf<'opening'>): void => {
  const device = facts.clientDevice(event.client);
  facts.tell.onOpening(device);
  for (const older of device.user.connections) {
    if (older.device !== device || older.superseded) continue;
    excuse(facts, older);
    older.superseded = true;
    older.supersededAt = facts.at;
  }
  facts.connection(event.conn, event.client, event.node);
};

export const noteOpen = (facts: Facts, connection: Connection): void => {
  connection.openedAt = facts.at;
  connection.openedLine = facts.line;
  const { device } = connection;
  device.user.firstOpenLine = Math.min(device.user.firstOpenLine, facts.line);
  device.firstOpenLine = Math.min(device.firstOpenLine, facts.line);
  facts.tell.onOpened(connection);
  // What a node owes that misses what it needs is said by section 4.2.9 alone.
  if (connection.node !== undefined && facts.nodeFaults.isLacking(connection.node)) excuseForNow(facts, connection);
};

export const noteSilent = (facts: Facts, connection: Connection): void => {
  excuse(facts, connection);
  connection.silent = true;
  facts.tell.onSilent(connection);
  abandon(facts, connection);
};

/** Less than half of deadAfterMs ago: no server may take that for silence. */
export const isRecent = ({ at, timers }: Facts, since: number): boolean => at - since < timers.deadAfterMs / 2;

/** While the client does not read, nothing is due on its connection; afterwards every bound begins anew. */
export const noteReading = (facts: Facts, connection: Connection, reading: boolean): void => {
  if (!reading) {
    if (!connection.excused || connection.excusedForNow) connection.paused = true;
    connection.pausedAt = facts.at;
    excuse(facts, connection);
  } else if (connection.paused) {
    connection.paused = false;
    if (!isRecent(facts, connection.pausedAt)) connection.mayBeCut = true;
    connection.readingSince = facts.at;
    connection.excused = connection.superseded || connection.silent || connection.raw !== undefined || facts.down;
    if (!connection.excused && connection.node !== undefined && facts.nodeFaults.isLacking(connection.node)) {
      connection.excused = true;
      noteForNow(facts, connection);
    }
  }
};

export const noteClosed = (facts: Facts, connection: Connection, event: HistoryEventOf<'closed'>): void => {
  if (connection.closed) return;
  if (event.by === 'subject' && event.code === CLOSE.replaced) noteYielded(facts, connection);
  facts.tell.onClosing(connection, event);
  excuse(facts, connection);
  abandon(facts, connection);
  noteGone(facts, connection, event.how === 'clean');
  facts.tell.onClosed(connection, event);
};

export const noteRefused = (facts: Facts, connection: Connection, { refusal }: HistoryEventOf<'refused'>): void => {
  connection.brokeOpening = refusal === 'network';
  if (refusal === 'timeout') connection.device.unanswered = { from: connection.openingAt, to: facts.at };
  noteGone(facts, connection);
};

/**
 * Of connections that one device opened at the same moment any may be the one that stays: which of them is the newest, the
 * server says, as it may have taken long for the upgrade that came first.
 */
const noteYielded = (facts: Facts, connection: Connection): void => {
  if (connection.superseded) return;
  const { device } = connection;
  const rival = [...device.user.connections].findLast((other) => isRival(connection, other));
  const { unanswered } = device;
  const isMeanwhile =
    unanswered !== undefined && unanswered.from <= connection.openedAt && connection.openingAt <= unanswered.to;
  const since = rival?.openingAt ?? (isMeanwhile ? unanswered.from : undefined);
  if (since === undefined) return;
  excuse(facts, connection);
  connection.superseded = true;
  connection.supersededAt = since;
  if (rival === undefined) delete device.unanswered;
  else rival.superseded = false;
};

/** Whether two connections of one device were opening at the same time. */
export const isRival = (one: Connection, other: Connection): boolean =>
  one !== other && one.device === other.device && one.openingAt <= other.openedAt && other.openingAt <= one.openedAt;

/** A client that answers no pings may be taken for dead. */
export const noteMute = (facts: Facts, client: string): void => {
  for (const connection of facts.clientDevice(client).user.connections) {
    if (connection.client === client) connection.mute = true;
  }
};

/** `surely`: with a close of both sides, so that the server knows it, too. */
export const noteGone = (facts: Facts, connection: Connection, surely = false): void => {
  const { user } = connection.device;
  connection.closed = true;
  connection.closedAt = facts.at;
  user.connections.delete(connection);
  if (user.connections.size === 0) user.away = { at: facts.at, line: facts.line, surely };
};

/** No time bound counts on this connection from now on. */
export const excuse = (facts: Facts, connection: Connection): void => {
  connection.excusedForNow = false;
  if (connection.excused) return;
  facts.tell.onExcusing(connection);
  connection.excused = true;
};

/** None counts as long as its node misses what it needs, and for `failoverMs` after that. */
export const excuseForNow = (facts: Facts, connection: Connection): void => {
  if (connection.excused) return;
  excuse(facts, connection);
  noteForNow(facts, connection);
};

const noteForNow = (facts: Facts, connection: Connection): void => {
  connection.excusedForNow = true;
  facts.excusedForNow.add(connection);
};

/** What was excused for the fault of a node is not any more once that is over. */
export const relieve = (facts: Facts): void => {
  for (const connection of facts.excusedForNow) {
    if (!connection.excusedForNow) {
      facts.excusedForNow.delete(connection);
      continue;
    }
    const until = facts.nodeFaults.lacksUntil(connection.node);
    if (facts.at <= until) continue;
    facts.excusedForNow.delete(connection);
    connection.excusedForNow = false;
    connection.excused = false;
    connection.relievedAt = until;
  }
};

export const excuseAll = (facts: Facts): void => {
  for (const connection of facts.connections.values()) excuse(facts, connection);
};

/** The watching ends: what is still open on connections that could be reached is judged by what has come by now. */
export const excuseReachable = (facts: Facts): void => {
  for (const connection of facts.connections.values()) if (isReachable(connection)) excuse(facts, connection);
};

/** Nothing more can arrive on this connection: what is open on it stays open for ever. */
const abandon = (facts: Facts, connection: Connection): void => {
  const requests = [...connection.pending.values()];
  for (const { attempt, message } of requests) {
    if (attempt?.answer === 'open') {
      attempt.answer = 'lost';
      if (message !== undefined) message.open -= 1;
    }
    if (message !== undefined) foldIfDone(facts, message);
  }
  connection.pending.clear();
  for (const message of connection.queries.values()) {
    message.open -= 1;
    foldIfDone(facts, message);
  }
  connection.queries.clear();
  facts.tell.onAbandoned(connection, requests);
};
