import {
  type ErrorCode,
  type MsgA,
  type MsgR,
  RETRYABLE_CODES,
  type RequirementId,
  WIRE,
} from '../../schemas/index.js';
import { hasExpired, lifetimeOf } from './lifetime.js';
import { aboutOf, type Message, mayBeStored, type Try, variantOf } from './message.js';
import { compareIds } from './near-ids.js';
import { learnSid } from './server-ids.js';
import { describeJourney } from './where.js';
import { type Connection, ms, type Pending, type World } from './world.js';

const FIELDS = new Set(['type', 'rid', 'msgId', 'to', 'body', 'ttlMs']);

const hasUnknownFields = (packet: MsgR): boolean => {
  for (const field in packet) if (!FIELDS.has(field)) return true;
  return false;
};

/** A msg:R was sent: a new message, a re-sending, or another content under a known id. */
export const noteTry = (world: World, connection: Connection, packet: MsgR): { message: Message; attempt: Try } => {
  const user = connection.device.user;
  const message = world.messages.find(user, packet.msgId) ?? world.messages.create(user, packet.msgId);
  const variant = variantOf(message, packet);
  const delivered = message.ackedBy.length > 0 || message.told !== undefined;
  const attempt: Try = {
    connection,
    variant,
    at: world.at,
    line: world.line,
    answer: connection.excused ? 'lost' : 'open',
    answeredAt: -1,
    answeredLine: -1,
    raw: false,
    extra: hasUnknownFields(packet),
    query:
      message.stored !== variant || connection.excused
        ? undefined
        : delivered
          ? 'delivered'
          : hasExpired(world, message)
            ? 'expired'
            : undefined,
  };
  message.tries.push(attempt);
  if (attempt.answer === 'open') message.open += 1;
  return { message, attempt };
};

/** Judges `accepted`, `duplicate` or `rejected` against all that was sent under this id. */
export const judgeMsgAnswer = (world: World, connection: Connection, packet: MsgA, pending: Pending): void => {
  const message = pending.message as Message;
  const attempt = pending.attempt as Try;
  if (attempt.answer === 'open') message.open -= 1;
  attempt.answeredAt = world.at;
  attempt.answeredLine = world.line;
  if (packet.status === 'rejected') {
    judgeRejection(world, message, attempt, packet.error?.code ?? 'internal', packet.error?.message ?? '');
    return;
  }
  attempt.answer = packet.status;
  const lenient = world.forgetful || windowHasPassed(world, message);
  const broken =
    packet.status === 'accepted' ? whyNotAccepted(world, message, attempt) : whyNotDuplicate(world, message, attempt);
  if (broken !== undefined && !lenient) {
    reportAnswer(world, message, attempt, broken.requirement, broken.expected, `msg:A ${packet.status}`, broken.events);
  } else if (packet.status === 'accepted') countAccepted(world, message, attempt, connection);
  else countDuplicate(world, message, attempt);
  if (message.stored < 0) message.stored = attempt.variant;
  if (message.promisedLine < 0) notePromise(world, message, packet.status === 'accepted');
  message.evidenceLine = Math.min(message.evidenceLine, world.line);
  // A second acceptance has been reported already: the new serverMsgId is only its consequence.
  if (packet.serverMsgId !== undefined)
    learnSid(world, message, packet.serverMsgId, 'msg:A', broken !== undefined || lenient);
  if (attempt.query !== undefined && packet.status === 'duplicate' && !connection.excused) {
    connection.queries.set(attempt, message);
    message.open += 1;
  }
};

/** The server has promised the message for the first time. */
const notePromise = (world: World, message: Message, isNew: boolean): void => {
  message.promisedLine = world.line;
  message.promisedAt = world.at;
  world.order?.learn(message);
  world.expiry?.promised(message);
  world.flow?.promised(message, isNew);
  if (!isNew) world.tally?.acceptedUnseen(message);
};

/** A raw frame that was a msg:R after all got its answer. */
export const noteRawMsgAnswer = (world: World, packet: MsgA, attempt: Try): void => {
  if (packet.status === 'rejected') {
    attempt.answer = packet.error?.code === 'id-conflict' ? 'conflict' : 'refused';
    return;
  }
  attempt.answer = packet.status;
  const user = attempt.connection?.device.user;
  if (user === undefined || packet.msgId === undefined || packet.serverMsgId === undefined) return;
  const message = world.messages.find(user, packet.msgId) ?? world.messages.create(user, packet.msgId);
  if (message.promisedLine < 0) notePromise(world, message, packet.status === 'accepted');
  message.evidenceLine = Math.min(message.evidenceLine, world.line);
  learnSid(world, message, packet.serverMsgId, 'msg:A', true);
};

interface Broken {
  requirement: RequirementId;
  expected: string;
  events: number[];
}

/** A second `accepted`, or one after the server was known to hold the message. */
const whyNotAccepted = (world: World, message: Message, attempt: Try): Broken | undefined => {
  const prior = message.tries.find((other) => other !== attempt && other.answer === 'accepted');
  if (prior === undefined && message.evidenceLine >= attempt.line) return undefined;
  const since = prior?.answeredLine ?? message.evidenceLine;
  const events = [since, attempt.line];
  if (message.stored >= 0 && message.stored !== attempt.variant) {
    return { requirement: 'IM-4.2-3', expected: 'msg:A rejected id-conflict', events };
  }
  const requirement =
    since > attempt.line
      ? 'IM-4.2-4'
      : world.endBetween(since, attempt.line) !== undefined
        ? 'IM-4.2-30'
        : attempt.query === 'expired'
          ? 'IM-3-8'
          : message.ackedBy.length > 0 || message.told !== undefined
            ? 'IM-4.2-6'
            : 'IM-4.2-2';
  return { requirement, expected: 'msg:A duplicate, because the server holds this message already', events };
};

/** `duplicate` needs another msg:R of the same content that may have been stored. */
const whyNotDuplicate = (world: World, message: Message, attempt: Try): Broken | undefined => {
  const others = message.tries.filter((other) => other !== attempt && mayBeStored(other));
  if (others.length === 0) {
    return {
      requirement: newIdRequirement(world, message, attempt),
      expected: 'msg:A accepted, because the server has stored nothing under this id',
      events: [attempt.line],
    };
  }
  const wild = message.variants[attempt.variant]?.wild === true;
  const same =
    message.stored >= 0
      ? message.stored === attempt.variant
      : others.some((other) => other.variant === attempt.variant || message.variants[other.variant]?.wild);
  if (same || wild) return undefined;
  return { requirement: 'IM-4.2-3', expected: 'msg:A rejected id-conflict', events: [attempt.line] };
};

/** Why an id that no stored message has may have been taken for a known one. */
const newIdRequirement = (world: World, message: Message, attempt: Try): RequirementId => {
  if (message.tries.some((other) => other !== attempt && !mayBeStored(other))) return 'IM-4.2-5';
  if (world.messages.sharesId(message)) return 'IM-2-5';
  if (compareIds(world, message)) return 'IM-2-6';
  return 'IM-4.2-1';
};

const judgeRejection = (world: World, message: Message, attempt: Try, code: ErrorCode, text: string): void => {
  attempt.answer = code === 'id-conflict' ? 'conflict' : 'refused';
  const seen = `msg:A rejected ${code}${text === '' ? '' : ` (${text})`}`;
  const report = (requirement: RequirementId, expected: string) =>
    reportAnswer(world, message, attempt, requirement, expected, seen, [attempt.line]);
  if (!RETRYABLE_CODES.has(code) && !world.forgetful && !windowHasPassed(world, message)) {
    if (code === 'id-conflict') judgeConflict(world, message, attempt, report);
    else judgeRefusal(world, message, attempt, code, report);
  }
  if (code === 'inbox-full' && world.flow !== undefined) judgeInboxFull(world, message, attempt, report);
  const pushed = message.pushes[0];
  if (pushed !== undefined && !message.tries.some(mayBeStored))
    report('IM-4.2-5', 'no push of a message that was refused');
};

type Report = (requirement: RequirementId, expected: string) => void;

const judgeConflict = (world: World, message: Message, attempt: Try, report: Report): void => {
  const others = message.tries.filter((other) => other !== attempt && mayBeStored(other));
  const differs = (variant: number) => variant !== attempt.variant || message.variants[variant]?.wild === true;
  const legal = message.stored >= 0 ? differs(message.stored) : others.some((other) => differs(other.variant));
  if (legal) world.book.exercise('IM-4.2-3');
  else if (others.length > 0) report('IM-4.2-2', 'msg:A duplicate, because to, body and ttlMs are the same');
  else
    report(
      newIdRequirement(world, message, attempt),
      'msg:A accepted, because the server has stored nothing under this id',
    );
};

/** A full inbox refuses what is new, and never what it holds. */
const judgeInboxFull = (world: World, message: Message, attempt: Try, report: Report): void => {
  if (world.forgetful || windowHasPassed(world, message)) return;
  if (message.evidenceLine < attempt.line && message.stored === attempt.variant) {
    report('IM-4.2-55', 'msg:A duplicate, because the server holds this message already');
  } else if (world.flow?.isFull(message.variants[attempt.variant]?.to ?? '')) world.book.exercise('IM-4.2-53');
};

/** A rejection that no retry will cure, of a msg:R that the kit knows to be valid. */
const judgeRefusal = (world: World, message: Message, attempt: Try, code: ErrorCode, report: Report): void => {
  const variant = message.variants[attempt.variant];
  if (message.evidenceLine < attempt.line && message.stored === attempt.variant) {
    report('IM-4.2-2', 'msg:A duplicate, because a known id comes before all other checks');
  } else if (code === 'invalid-packet') {
    report(attempt.extra ? 'IM-1-15' : 'IM-4.2-1', 'an answer to a valid packet');
  } else if (code === 'body-too-large') {
    if (variant?.body !== undefined && Buffer.byteLength(variant.body) <= WIRE.bodyBytes) {
      report('IM-2-11', `a body of up to ${WIRE.bodyBytes} bytes accepted`);
    }
  } else if (code === 'unknown-recipient') {
    if (
      variant !== undefined &&
      (world.users.get(variant.to)?.firstOpenLine ?? Number.POSITIVE_INFINITY) < attempt.line
    ) {
      report('IM-1-16', `${variant.to} is known: it has connected before`);
    }
  } else if (code === 'unknown-message') report('IM-4.2-1', 'an error code that belongs to msg:R');
};

/** The record of a delivered message may be gone after the declared window. */
export const windowHasPassed = (world: World, message: Message): boolean => {
  const lifetime = message.acks.length > 0 ? undefined : lifetimeOf(world, message);
  if (lifetime !== undefined && world.at - lifetime.from >= world.timers.dedupWindowMs) return true;
  const change = message.acks.find((ack) => ack.answer === 'ok' || ack.answer === 'duplicate')?.at ?? message.told?.at;
  return change !== undefined && world.at - change >= world.timers.dedupWindowMs;
};

const reportAnswer = (
  world: World,
  message: Message,
  attempt: Try,
  requirement: RequirementId,
  expected: string,
  seen: string,
  events: number[],
): void => {
  world.book.report({
    requirement,
    message: `msg:R ${message.msgId} of ${message.from.name} got the wrong answer`,
    expected,
    seen,
    where: `${describeJourney(world, aboutOf(message))}; this msg:R sent at ${ms(attempt.at)}, answered at ${ms(world.at)}`,
    events: [...new Set([...events, world.line])].sort((a, b) => a - b),
    about: aboutOf(message),
  });
};

const countAccepted = (world: World, message: Message, attempt: Try, connection: Connection): void => {
  const { book } = world;
  book.exercise('IM-4.2-1');
  if (message.tries.some((other) => other.answer === 'refused' || other.answer === 'conflict'))
    book.exercise('IM-4.2-5');
  if (attempt.extra) book.exercise('IM-1-15');
  if (world.messages.sharesId(message)) book.exercise('IM-2-5');
  if (compareIds(world, message)) book.exercise('IM-2-6');
  countOverlap(world, message, attempt);
  const variant = message.variants[attempt.variant];
  if (variant === undefined) return;
  const recipient = world.users.get(variant.to);
  if (recipient !== undefined && recipient.firstOpenLine < attempt.line) book.exercise('IM-1-16');
  const { user } = connection.device;
  if (user.devices.length > 1 && user.connections.size > 1) book.exercise('IM-1-10');
  // Only a long text can reach the limits; the cheap test spares the others the count.
  if (variant.body !== undefined && variant.body.length * 3 >= WIRE.bodyBytes) countLargeBody(world, variant.body);
};

const countLargeBody = (world: World, body: string): void => {
  if (Buffer.byteLength(body) < WIRE.bodyBytes) return;
  world.book.exercise('IM-2-11');
  if (Buffer.byteLength(JSON.stringify(body)) > WIRE.frameBytes - 1024) world.book.exercise('IM-1-8');
};

const countDuplicate = (world: World, message: Message, attempt: Try): void => {
  const { book } = world;
  book.exercise('IM-4.2-2');
  if (world.flow?.isFull(message.variants[attempt.variant]?.to ?? '')) book.exercise('IM-4.2-55');
  if (message.ackedBy.length > 0 || message.told !== undefined) book.exercise('IM-4.2-6');
  if (message.evidenceLine < attempt.line && world.endBetween(message.evidenceLine, attempt.line) !== undefined) {
    book.exercise('IM-4.2-30');
  }
  countOverlap(world, message, attempt);
};

/** Two copies were under way at the same time, and both have their answer now. */
const countOverlap = (world: World, message: Message, attempt: Try): void => {
  const overlaps = (other: Try) =>
    other !== attempt && other.answeredLine > attempt.line && other.line < attempt.answeredLine;
  if (message.tries.length > 1 && message.tries.some(overlaps)) world.book.exercise('IM-4.2-4');
};

/** At the end: copies that were all answered `duplicate`, though none was ever accepted. */
export const judgeNeverAccepted = (world: World): void => {
  if (world.forgetful) return;
  for (const message of world.messages.unsettled()) {
    const answers = new Set(message.tries.map((attempt) => attempt.answer));
    if (!answers.has('duplicate') || answers.has('accepted') || answers.has('open') || answers.has('lost')) continue;
    if (message.tries.length < 2) continue;
    const [first] = message.tries as [Try];
    reportAnswer(world, message, first, 'IM-4.2-1', 'accepted for one of the copies', 'every copy answered duplicate', [
      ...message.tries.slice(0, 8).map((attempt) => attempt.answeredLine),
    ]);
  }
};
