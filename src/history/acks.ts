import { type AckA, type AckR, RETRYABLE_CODES, type RequirementId } from '../../schemas/index.js';
import { windowHasPassed } from './dedup.js';
import { lifetimeOf } from './lifetime.js';
import { type AckTry, aboutOf, isRecipient, type Message, nameOf } from './message.js';
import { isSidOf } from './server-ids.js';
import { describeJourney } from './where.js';
import { type Connection, ms, type Pending, type World } from './world.js';

/** An ack:R was sent. It counts for a message only if its recipient sent it. */
export const noteAck = (
  world: World,
  connection: Connection,
  packet: AckR,
): { message: Message; attempt: AckTry | undefined } | undefined => {
  const user = connection.device.user.name;
  const message = world.messages.bySid(packet.serverMsgId);
  if (message === undefined) {
    world.messages.noteUnknownAck(user, packet.serverMsgId);
    return undefined;
  }
  if (!isRecipient(message, user)) return { message, attempt: undefined };
  const attempt = addAck(world, connection, message, connection.excused ? 'lost' : 'open');
  world.flow?.acking(connection, message, packet.serverMsgId);
  if (attempt.answer === 'open') message.open += 1;
  return { message, attempt };
};

/** A frame that may have been an ack:R may have counted. */
export const noteRawAck = (world: World, connection: Connection, sid: string): void => {
  const user = connection.device.user.name;
  const message = world.messages.bySid(sid);
  if (message === undefined) world.messages.noteUnknownAck(user, sid);
  else if (isRecipient(message, user)) addAck(world, connection, message, 'lost');
};

const addAck = (world: World, connection: Connection, message: Message, answer: AckTry['answer']): AckTry => {
  const attempt: AckTry = { device: connection.device, at: world.at, line: world.line, answer, answeredLine: -1 };
  message.acks.push(attempt);
  return attempt;
};

/** Judges `ok`, `duplicate` or `rejected` of an ack. */
export const judgeAckAnswer = (world: World, connection: Connection, packet: AckA, pending: Pending): void => {
  const attempt = pending.attempt as AckTry | undefined;
  const { message } = pending;
  if (message === undefined || attempt === undefined) {
    const known = message ?? world.messages.bySid(pending.id);
    // An id that the kit saw only after it had sent the ack: nothing can be said.
    if (known !== undefined && isRecipient(known, connection.device.user.name)) return;
    judgeForeign(world, connection, packet, pending, known);
    return;
  }
  if (attempt.answer === 'open') message.open -= 1;
  const before = attempt.answer;
  attempt.answer = packet.status;
  attempt.answeredLine = world.line;
  // The id of a push that the server had not promised before it was killed may mean nothing to it now.
  if (!message.hasSid || !isSidOf(message, pending.id)) {
    attempt.answer = before;
    return;
  }
  const lenient = world.forgetful || windowHasPassed(world, message);
  if (packet.status === 'rejected') judgeRejectedAck(world, message, attempt, packet, lenient);
  else if (packet.status === 'ok') judgeOk(world, message, attempt, lenient);
  else judgeRepeated(world, message, attempt, lenient);
  if (packet.status !== 'rejected') noteAcked(world, connection, message);
};

const noteAcked = (world: World, connection: Connection, message: Message): void => {
  message.evidenceLine = Math.min(message.evidenceLine, world.line);
  if (message.ackedBy.some((mark) => mark.device === connection.device)) return;
  const isFirst = message.ackedBy.length === 0;
  if (isFirst && message.told === undefined) world.tally?.acked(message);
  message.ackedBy.push({
    device: connection.device,
    serial: connection.serial,
    openings: world.openings,
    at: world.at,
    line: world.line,
  });
  if (isFirst) world.devicesApart?.firstAcked(message);
};

/** An ack of somebody else's message, or of one that never was, is refused: the answer tells the two not apart. */
const judgeForeign = (
  world: World,
  connection: Connection,
  packet: AckA,
  pending: Pending,
  message: Message | undefined,
): void => {
  if (world.forgetful) return;
  const requirement = message === undefined ? 'IM-4.2-13' : 'IM-4.2-12';
  const code = packet.error?.code;
  if (packet.status === 'rejected' && code === 'unknown-message') {
    world.book.exercise(requirement);
    world.secrecy?.rejected(message === undefined ? 'unknown' : 'foreign', packet, pending, !connection.excused);
    return;
  }
  if (packet.status === 'rejected' && code !== undefined && RETRYABLE_CODES.has(code)) return;
  world.book.report({
    requirement,
    message:
      message === undefined
        ? `an ack:R for ${pending.id}, which no message has, was not refused`
        : `an ack:R of ${connection.device.user.name}, who is not the recipient of ${nameOf(message)}, was not refused`,
    expected: 'ack:A rejected unknown-message',
    seen: seenOf(packet),
    events: [pending.line, world.line],
    about: message === undefined ? undefined : aboutOf(message),
  });
};

/** The first ack is `ok`: at most one of a device is. */
const judgeOk = (world: World, message: Message, attempt: AckTry, lenient: boolean): void => {
  const prior = message.acks.find(
    (other) =>
      other !== attempt &&
      other.device === attempt.device &&
      (other.answer === 'ok' || (other.answer === 'duplicate' && other.answeredLine < attempt.line)),
  );
  if (prior !== undefined && !lenient) {
    const end = world.endBetween(prior.answeredLine, attempt.line);
    const requirement = end === undefined ? 'IM-4.2-15' : end.kind === 'killed' ? 'IM-3-6' : 'IM-4.2-29';
    reportAck(world, message, attempt, requirement, 'ack:A duplicate, because an ack was answered before', 'ack:A ok', [
      prior.answeredLine,
    ]);
    return;
  }
  world.book.exercise('IM-4.2-14');
  if (isLate(world, message, attempt)) world.book.exercise('IM-4.2-43');
  if (wasPushedBeforeRestart(world, message, attempt)) world.book.exercise('IM-4.2-17');
};

/** `duplicate` needs another ack that may have counted. */
const judgeRepeated = (world: World, message: Message, attempt: AckTry, lenient: boolean): void => {
  const { devicesApart } = world;
  const others = message.acks.some(
    (other) =>
      other !== attempt &&
      other.answer !== 'rejected' &&
      // Of several devices each one is answered for itself, and one to which the message was not owed gets `duplicate`.
      (devicesApart === undefined || other.device === attempt.device || !devicesApart.owes(message, attempt.device)),
  );
  if (others || lenient) {
    if (others) world.book.exercise('IM-4.2-15');
    return;
  }
  reportAck(world, message, attempt, 'IM-4.2-14', 'ack:A ok, because no ack came before', 'ack:A duplicate', []);
};

const judgeRejectedAck = (world: World, message: Message, attempt: AckTry, packet: AckA, lenient: boolean): void => {
  const code = packet.error?.code ?? 'internal';
  if (RETRYABLE_CODES.has(code) || lenient) return;
  const prior = message.acks.find(
    (other) => other !== attempt && (other.answer === 'ok' || other.answer === 'duplicate'),
  );
  const restarted = wasPushedBeforeRestart(world, message, attempt);
  const late = isLate(world, message, attempt);
  const requirement = prior !== undefined ? 'IM-4.2-15' : late ? 'IM-4.2-43' : restarted ? 'IM-4.2-17' : 'IM-4.2-14';
  const expected = prior !== undefined ? 'ack:A duplicate' : 'ack:A ok';
  reportAck(world, message, attempt, requirement, `${expected}: it comes from the recipient`, seenOf(packet), []);
};

/** The ack of a message that had expired before it was sent. */
const isLate = (world: World, message: Message, attempt: AckTry): boolean => {
  const lifetime = lifetimeOf(world, message);
  return lifetime !== undefined && attempt.at > lifetime.to;
};

const wasPushedBeforeRestart = (world: World, message: Message, attempt: AckTry): boolean => {
  const pushedLine = message.pushes.reduce((last, push) => Math.max(last, push.line), -1);
  return pushedLine >= 0 && world.endBetween(pushedLine, attempt.line) !== undefined;
};

const seenOf = (packet: AckA): string => {
  const { error, status } = packet;
  return `ack:A ${status}${error === undefined ? '' : ` ${error.code} (${error.message})`}`;
};

const reportAck = (
  world: World,
  message: Message,
  attempt: AckTry,
  requirement: RequirementId,
  expected: string,
  seen: string,
  events: number[],
): void => {
  world.book.report({
    requirement,
    message: `an ack:R of ${attempt.device.user.name} for ${nameOf(message)} got the wrong answer`,
    expected,
    seen,
    where: `${describeJourney(world, aboutOf(message))}; this ack:R sent at ${ms(attempt.at)}, answered at ${ms(world.at)}`,
    events: [...events, attempt.line, world.line],
    about: aboutOf(message),
  });
};

const judgeNoOk = (world: World, message: Message, acks: AckTry[]): void => {
  const answers = new Set(acks.map((ack) => ack.answer));
  if (!answers.has('duplicate') || answers.has('ok') || answers.has('open') || answers.has('lost')) return;
  const [first] = acks;
  if (first === undefined || acks.length < 2) return;
  reportAck(world, message, first, 'IM-4.2-14', 'ack:A ok for one of the acks', 'every ack answered duplicate', []);
};

/** At the end: acks that were all answered `duplicate`, though none was ever `ok`. */
export const judgeNeverOk = (world: World): void => {
  if (world.forgetful) return;
  for (const message of world.messages.unsettled()) {
    if (world.devicesApart === undefined) judgeNoOk(world, message, message.acks);
    else
      for (const { device } of message.ackedBy) {
        if (!world.devicesApart.owes(message, device)) continue;
        judgeNoOk(
          world,
          message,
          message.acks.filter((ack) => ack.device === device),
        );
      }
  }
};
