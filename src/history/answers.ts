import type { AckA, AckR, MsgA, MsgR } from '../../schemas/index.js';
import { judgeAckAnswer, noteAck } from './acks.js';
import type { Report } from './book.js';
import { judgeMsgAnswer, noteRawMsgAnswer, noteTry } from './dedup.js';
import { aboutOf } from './message.js';
import { settle } from './settle.js';
import { describeJourney, describePlace, describeStages } from './where.js';
import { type Connection, isReachable, ms, type Pending, type World } from './world.js';

/** An R was written to a connection. */
export const onRequest = (world: World, connection: Connection, packet: MsgR | AckR): void => {
  const entry = packet.type === 'msg:R' ? noteTry(world, connection, packet) : noteAck(world, connection, packet);
  connection.pending.set(packet.rid, {
    type: packet.type,
    at: world.at,
    line: world.line,
    id: packet.type === 'msg:R' ? packet.msgId : packet.serverMsgId,
    message: entry?.message,
    attempt: entry?.attempt,
  });
};

/** An A arrived: exactly one for each R, with its rid, its id and in time. */
export const onAnswer = (world: World, connection: Connection, packet: MsgA | AckA): void => {
  const pending = connection.pending.get(packet.rid);
  world.tally?.answered(packet, pending?.at ?? connection.raw?.rids.get(packet.rid)?.at);
  const expectedType = packet.type === 'msg:A' ? 'msg:R' : 'ack:R';
  if (pending === undefined || pending.type !== expectedType) {
    judgeStray(world, connection, packet);
    return;
  }
  connection.pending.delete(packet.rid);
  connection.raw?.answered.add(packet.rid);
  const { book } = world;
  book.exercise('IM-2-2');
  judgeTime(world, connection, pending, world.at, true);
  const id = packet.type === 'msg:A' ? packet.msgId : packet.serverMsgId;
  if (id === pending.id) book.exercise('IM-2-4');
  else {
    const field = packet.type === 'msg:A' ? 'msgId' : 'serverMsgId';
    book.report({
      requirement: 'IM-2-4',
      message: `the ${packet.type} of ${packet.rid} carries another ${field} than its R`,
      expected: `${field} ${pending.id}`,
      seen: id === undefined ? `no ${field}` : `${field} ${id}`,
      events: [pending.line, world.line],
      about: pending.message === undefined ? undefined : aboutOf(pending.message),
    });
  }
  if (packet.type === 'msg:A') judgeMsgAnswer(world, connection, packet, pending);
  else judgeAckAnswer(world, connection, packet, pending);
  if (pending.message !== undefined) settle(world, pending.message);
};

/** An A that no open R of this connection asked for. */
const judgeStray = (world: World, connection: Connection, packet: MsgA | AckA): void => {
  const raw = connection.raw;
  if (raw?.rids.has(packet.rid)) {
    const attempt = raw.rids.get(packet.rid);
    raw.rids.delete(packet.rid);
    raw.answered.add(packet.rid);
    world.book.exercise('IM-2-2');
    if (packet.type === 'msg:A' && attempt !== undefined) noteRawMsgAnswer(world, packet, attempt);
    return;
  }
  if (raw?.wild && !raw.answered.has(packet.rid)) return;
  world.book.report({
    requirement: 'IM-2-2',
    message: `a ${packet.type} on connection ${connection.number} of ${connection.client} answers no open R`,
    expected: 'one A for each R, with its rid',
    seen: `${packet.type} ${packet.status} with rid ${packet.rid}, which no unanswered R of this connection has`,
    events: [world.line],
    about:
      packet.type === 'msg:A' && packet.msgId !== undefined
        ? { from: connection.device.user.name, msgId: packet.msgId }
        : undefined,
  });
};

/** Judges whether an R was answered in time. Without an answer it counts only if the time had passed by then. */
const judgeTime = (world: World, connection: Connection, pending: Pending, until: number, answered: boolean): void => {
  if (connection.excused) return;
  const waited = world.awakeBetween(Math.max(pending.at, connection.readingSince), until);
  if (waited <= world.boundMs) {
    if (answered) world.book.exercise('IM-2-3');
    return;
  }
  const packet = `${pending.type} ${pending.id}`;
  const due = Math.max(pending.at, connection.readingSince) + world.boundMs;
  const reached =
    pending.message === undefined ? describePlace(connection) : describeJourney(world, aboutOf(pending.message));
  world.book.report({
    requirement: 'IM-2-3',
    message: answered ? `${packet} was answered late` : `${packet} was not answered`,
    expected: `an A within ${ms(world.boundMs)} (answerWithinMs plus patience)`,
    seen: answered ? `an A after ${ms(waited)}` : `no A for ${ms(waited)}, on an open connection`,
    where: `${reached}; this ${pending.type} sent at ${ms(pending.at)}, ${answered ? `answered at ${ms(until)}` : `never answered, due by ${ms(due)}, watched until ${ms(until)}`}`,
    late: true,
    events: answered ? [pending.line, world.line] : [pending.line],
    about: pending.message === undefined ? undefined : aboutOf(pending.message),
  });
};

/** No time bound counts on this connection from now on; what was overdue already is judged. */
export const excuse = (world: World, connection: Connection): void => {
  if (connection.excused) return;
  for (const pending of connection.pending.values()) judgeTime(world, connection, pending, world.at, false);
  judgeQueries(world, connection);
  world.devicesApart?.judgeDue(connection);
  world.expiry?.judgeDue(connection);
  connection.excused = true;
};

/** Nothing more can arrive on this connection: what is open on it stays open for ever. */
export const abandon = (world: World, connection: Connection): void => {
  for (const pending of connection.pending.values()) {
    const { attempt, message } = pending;
    world.tally?.lost(pending);
    if (attempt?.answer === 'open') {
      attempt.answer = 'lost';
      if (message !== undefined) message.open -= 1;
    }
    if (message !== undefined) settle(world, message);
  }
  connection.pending.clear();
  for (const message of connection.queries.values()) {
    message.open -= 1;
    settle(world, message);
  }
  connection.queries.clear();
  world.devicesApart?.abandon(connection);
};

/** Re-sent msg:R of messages that have ended: each must have brought its receipt on the connection that asked. */
const judgeQueries = (world: World, connection: Connection): void => {
  for (const [query, message] of connection.queries) {
    const waited = world.awakeBetween(Math.max(query.answeredAt, connection.readingSince), world.at);
    if (waited <= world.boundMs) continue;
    const expired = query.query === 'expired';
    const what = expired ? 'ack:N expired' : 'ack:N delivered';
    const killed = world.endBetween(message.ackedBy[0]?.line ?? message.told?.line ?? 0, query.line);
    const requirement = killed?.kind === 'killed' ? 'IM-3-6' : killed === undefined ? 'IM-3-7' : 'IM-4.2-29';
    const entry: Report = {
      requirement: expired ? 'IM-3-8' : requirement,
      message: `${message.msgId} ${expired ? 'had expired' : 'was delivered'}, and a re-sent msg:R did not bring ${what}`,
      expected: `${what} on the connection that asked, within ${ms(world.boundMs)} of msg:A duplicate`,
      seen: `no ${what} there for ${ms(waited)}`,
      where: `${describeStages(message)}; re-sent at ${ms(query.at)}, answered at ${ms(query.answeredAt)}, watched until ${ms(world.at)}`,
      late: true,
      events: [query.line, query.answeredLine],
      about: aboutOf(message),
    };
    if (expired) world.expiry?.reportTimed(entry);
    else world.book.report(entry);
  }
};

/** At the end: what is still open on connections that were watched. */
export const judgeOpenRequests = (world: World): void => {
  for (const connection of world.connections.values()) {
    if (!connection.closed && isReachable(connection)) excuse(world, connection);
  }
};
