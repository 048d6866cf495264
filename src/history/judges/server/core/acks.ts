import { type AckA, RETRYABLE_CODES, type RequirementId } from '../../../../../schemas/index.js';
import type { Connection, Device, Pending } from '../../../facts/connection.js';
import { describeJourney } from '../../../facts/journey.js';
import { type AckAttempt, aboutOf, nameOf, type TrackedMessage } from '../../../facts/message.js';
import { ms, type Text, text } from '../../../terms/text.js';
import type { Judge, JudgeContext } from '../../judge.js';
import { isForgivable } from './dedup-window.js';

/** Judges what is answered to an ack:R: `ok` once, then `duplicate`, and `rejected` to strangers. */
export const judgeAcks = (context: JudgeContext): Judge => ({
  onAckAnswered: (message, attempt, packet) => judgeAnswer(context, message, attempt, packet),
  onForeignAckAnswered: (connection, message, request, packet) =>
    judgeForeign(context, connection, message, request, packet),
  onEnd: () => judgeNeverOk(context),
});

const judgeAnswer = (context: JudgeContext, message: TrackedMessage, attempt: AckAttempt, packet: AckA): void => {
  const lenient = isForgivable(context.facts, message);
  if (packet.status === 'rejected') judgeRejected(context, message, attempt, packet, lenient);
  else if (packet.status === 'ok') judgeOk(context, message, attempt, lenient);
  else judgeRepeated(context, message, attempt, lenient);
};

/** An ack of somebody else's message, or of one that never was, is refused: the answer tells the two not apart. */
const judgeForeign = (
  { facts, findings }: JudgeContext,
  connection: Connection,
  message: TrackedMessage | undefined,
  request: Pending,
  packet: AckA,
): void => {
  if (facts.forgetful) return;
  const requirement = message === undefined ? 'IM-4.2-13' : 'IM-4.2-12';
  const code = packet.error?.code;
  if (packet.status === 'rejected' && code === 'unknown-message') {
    findings.exercise(requirement);
    return;
  }
  if (packet.status === 'rejected' && code !== undefined && RETRYABLE_CODES.has(code)) return;
  findings.report({
    requirement,
    message:
      message === undefined
        ? `an ack:R for ${request.id}, which no message has, was not refused`
        : `an ack:R of ${connection.device.user.name}, who is not the recipient of ${nameOf(message)}, was not refused`,
    expected: 'ack:A rejected unknown-message',
    seen: seenOf(packet),
    events: [request.line, facts.line],
    about: message === undefined ? undefined : aboutOf(message),
  });
};

/** The first ack is `ok`: at most one of a device is. */
const judgeOk = (context: JudgeContext, message: TrackedMessage, attempt: AckAttempt, lenient: boolean): void => {
  const { facts, findings } = context;
  const prior = message.acks.find(
    (other) =>
      other !== attempt &&
      other.device === attempt.device &&
      (other.answer === 'ok' || (other.answer === 'duplicate' && other.answeredLine < attempt.line)),
  );
  if (prior !== undefined && !facts.has('ack:A.duplicate')) return;
  if (prior !== undefined && !lenient) {
    const end = facts.endBetween(prior.answeredLine, attempt.line);
    const requirement = end === undefined ? 'IM-4.2-15' : end.kind === 'killed' ? 'IM-3-6' : 'IM-4.2-29';
    const expected = 'ack:A duplicate, because an ack was answered before';
    reportAck(context, message, attempt, requirement, expected, 'ack:A ok', [prior.answeredLine]);
    return;
  }
  findings.exercise('IM-4.2-14');
  const isFurther = (other: AckAttempt) => other.device !== attempt.device && other.answer === 'ok';
  if (message.acks.some(isFurther) && facts.policies.owes(message, attempt.device)) findings.exercise('IM-4.2-57');
  if (isLate(context, message, attempt)) findings.exercise('IM-4.2-43');
  if (wasPushedBeforeRestart(context, message, attempt)) findings.exercise('IM-4.2-17');
};

/** `duplicate` needs another ack that may have counted. */
const judgeRepeated = (context: JudgeContext, message: TrackedMessage, attempt: AckAttempt, lenient: boolean): void => {
  const { policies } = context.facts;
  const others = message.acks.some(
    (other) =>
      other !== attempt &&
      other.answer !== 'rejected' &&
      // A device with a queue of its own is answered for itself; one to which the message was not owed gets `duplicate`.
      (policies.sharesQueue(other.device, attempt.device) || !policies.owes(message, attempt.device)),
  );
  if (others || lenient) {
    if (others) context.findings.exercise('IM-4.2-15');
    return;
  }
  const expected = 'ack:A ok, because no ack of this queue came before';
  const elsewhere = message.acks.some((other) => other !== attempt && other.answer !== 'rejected');
  reportAck(context, message, attempt, elsewhere ? 'IM-4.2-57' : 'IM-4.2-14', expected, 'ack:A duplicate', []);
};

const judgeRejected = (
  context: JudgeContext,
  message: TrackedMessage,
  attempt: AckAttempt,
  packet: AckA,
  lenient: boolean,
): void => {
  const code = packet.error?.code ?? 'internal';
  if (RETRYABLE_CODES.has(code) || lenient) return;
  const { policies } = context.facts;
  const counted = message.acks.filter(
    (other) => other !== attempt && (other.answer === 'ok' || other.answer === 'duplicate'),
  );
  const prior = counted.find((other) => policies.sharesQueue(other.device, attempt.device));
  const restarted = waitedOverRestart(context, message, attempt);
  const late = isLate(context, message, attempt);
  const first = counted.length > 0 ? 'IM-4.2-57' : 'IM-4.2-14';
  const requirement = prior !== undefined ? 'IM-4.2-15' : late ? 'IM-4.2-43' : restarted ? 'IM-4.2-17' : first;
  const expected = prior !== undefined ? 'ack:A duplicate' : 'ack:A ok';
  reportAck(context, message, attempt, requirement, `${expected}: it comes from the recipient`, seenOf(packet), []);
};

/** The ack of a message that had expired before it was sent. */
const isLate = ({ facts }: JudgeContext, message: TrackedMessage, attempt: AckAttempt): boolean => {
  const lifetime = facts.policies.lifetimeOf(message);
  return lifetime !== undefined && attempt.at > lifetime.to;
};

/** Every push came before the restart: nothing but the record of it tells the server what is acked. */
const wasPushedBeforeRestart = ({ facts }: JudgeContext, message: TrackedMessage, attempt: AckAttempt): boolean => {
  const pushedLine = message.pushes.reduce((last, push) => Math.max(last, push.line), -1);
  return pushedLine >= 0 && facts.endBetween(pushedLine, attempt.line) !== undefined;
};

/** A push came before the restart, whatever came after it. */
const waitedOverRestart = ({ facts }: JudgeContext, message: TrackedMessage, attempt: AckAttempt): boolean =>
  message.pushes.some((push) => facts.endBetween(push.line, attempt.line) !== undefined);

const seenOf = (packet: AckA): string => {
  const { error, status } = packet;
  return `ack:A ${status}${error === undefined ? '' : ` ${error.code} (${error.message})`}`;
};

const reportAck = (
  { facts, findings }: JudgeContext,
  message: TrackedMessage,
  attempt: AckAttempt,
  requirement: RequirementId,
  expected: Text,
  seen: string,
  events: number[],
): void => {
  findings.report({
    requirement,
    message: `an ack:R of ${attempt.device.user.name} for ${nameOf(message)} got the wrong answer`,
    expected,
    seen,
    where: text`${describeJourney(facts, aboutOf(message))}; this ack:R sent at ${ms(attempt.at)}, answered at ${ms(facts.at)}`,
    events: [...events, attempt.line, facts.line],
    about: aboutOf(message),
  });
};

/** Acks of one queue that were all answered `duplicate`, though none was ever `ok`. */
const judgeNoOk = (context: JudgeContext, message: TrackedMessage, acks: readonly AckAttempt[]): void => {
  const answers = new Set(acks.map((ack) => ack.answer));
  if (!answers.has('duplicate') || answers.has('ok') || answers.has('open') || answers.has('lost')) return;
  const [first] = acks;
  if (first === undefined || acks.length < 2) return;
  const expected = 'ack:A ok for one of the acks';
  reportAck(context, message, first, 'IM-4.2-14', expected, 'every ack answered duplicate', []);
};

const judgeNeverOk = (context: JudgeContext): void => {
  const { forgetful, messages, policies } = context.facts;
  if (forgetful) return;
  for (const message of messages.unfolded()) {
    const judged: Device[] = [];
    for (const { device } of message.ackedBy) {
      if (judged.some((other) => policies.sharesQueue(other, device)) || !policies.owes(message, device)) continue;
      judged.push(device);
      const acks = message.acks.filter((ack) => policies.sharesQueue(ack.device, device));
      judgeNoOk(context, message, acks);
    }
  }
};
