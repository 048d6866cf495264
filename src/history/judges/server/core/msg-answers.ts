import { type ErrorCode, type MsgA, RETRYABLE_CODES, type RequirementId, WIRE } from '../../../../../schemas/index.js';
import type { Connection } from '../../../facts/connection.js';
import type { Facts } from '../../../facts/facts.js';
import { type MsgAttempt, mayBeStored, type TrackedMessage } from '../../../facts/message.js';
import type { Judge, JudgeContext } from '../../judge.js';
import { rejectionSeen, reportMsgAnswer } from '../wrong-answer.js';
import { isForgivable } from './dedup-window.js';
import { hasNearId } from './near-ids.js';
import { type FirstPushes, judgeServerMsgId } from './server-ids.js';

/** Judges `accepted`, `duplicate` and `rejected` of a msg:R against all that was sent under its id. */
export const judgeMsgAnswers = (context: JudgeContext): Judge => {
  /** Its wrong answer has been reported, or forgiven: another serverMsgId is only a consequence. */
  let excused: MsgAttempt | undefined;
  /** Those of which an answer has been reported, or forgiven: that no copy was accepted is only a consequence. */
  const explained = new Set<TrackedMessage>();
  const firstPushes: FirstPushes = new WeakMap();
  return {
    onMsgAnswered: (connection, message, attempt, packet) => {
      if (packet.status === 'rejected') judgeRejection(context, message, attempt, packet);
      else if (!judgeAcceptance(context, connection, message, attempt, packet.status)) {
        excused = attempt;
        explained.add(message);
      }
    },
    onServerMsgId: (named) => {
      const quiet = named.attempt !== undefined && (named.attempt.raw || named.attempt === excused);
      judgeServerMsgId(context, named, quiet, firstPushes);
    },
    onEnd: () => judgeNeverAccepted(context, explained),
  };
};

/** Whether the answer is as it must be. */
const judgeAcceptance = (
  context: JudgeContext,
  connection: Connection,
  message: TrackedMessage,
  attempt: MsgAttempt,
  status: 'accepted' | 'duplicate',
): boolean => {
  const { facts } = context;
  const lenient = isForgivable(facts, message);
  const broken =
    status === 'accepted' ? whyNotAccepted(facts, message, attempt) : whyNotDuplicate(context, message, attempt);
  if (broken !== undefined && !lenient) {
    reportMsgAnswer(context, message, attempt, broken.requirement, broken.expected, `msg:A ${status}`, broken.events);
  } else if (status === 'accepted') countAccepted(context, message, attempt, connection);
  else countDuplicate(context, message, attempt);
  return broken === undefined && !lenient;
};

interface Broken {
  requirement: RequirementId;
  expected: string;
  events: number[];
}

/** A second `accepted`, or one after the server was known to hold the message. */
const whyNotAccepted = (facts: Facts, message: TrackedMessage, attempt: MsgAttempt): Broken | undefined => {
  const prior = message.attempts.find((other) => other !== attempt && other.answer === 'accepted');
  if (prior === undefined && message.evidenceLine >= attempt.line) return undefined;
  const since = prior?.answeredLine ?? message.evidenceLine;
  const events = [since, attempt.line];
  if (message.stored >= 0 && message.stored !== attempt.variant) {
    return { requirement: 'IM-4.2-3', expected: 'msg:A rejected id-conflict', events };
  }
  const requirement =
    since > attempt.line
      ? 'IM-4.2-4'
      : facts.endBetween(since, attempt.line) !== undefined
        ? 'IM-4.2-30'
        : attempt.query === 'expired'
          ? 'IM-3-8'
          : (message.ackedBy.length > 0 || message.told !== undefined) && (facts.knowsCopies || facts.faults.clockMoved)
            ? 'IM-4.2-6'
            : 'IM-4.2-2';
  return { requirement, expected: 'msg:A duplicate, because the server holds this message already', events };
};

/** `duplicate` needs another msg:R of the same content that may have been stored. */
const whyNotDuplicate = (context: JudgeContext, message: TrackedMessage, attempt: MsgAttempt): Broken | undefined => {
  const others = message.attempts.filter((other) => other !== attempt && mayBeStored(other));
  if (others.length === 0) {
    return {
      requirement: ruleOfNewId(context, message, attempt),
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
const ruleOfNewId = (
  { facts, attribution }: JudgeContext,
  message: TrackedMessage,
  attempt: MsgAttempt,
): RequirementId => {
  if (message.attempts.some((other) => other !== attempt && !mayBeStored(other)))
    return attribution.ruleOfRecord(message) ?? 'IM-4.2-5';
  if (facts.messages.sharesId(message)) return 'IM-2-5';
  if (hasNearId(facts, message)) return 'IM-2-6';
  return 'IM-4.2-1';
};

const judgeRejection = (context: JudgeContext, message: TrackedMessage, attempt: MsgAttempt, packet: MsgA): void => {
  const code = packet.error?.code ?? 'internal';
  const report: ReportRejection = (requirement, expected) =>
    reportMsgAnswer(context, message, attempt, requirement, expected, rejectionSeen(packet), [attempt.line]);
  if (!RETRYABLE_CODES.has(code) && !isForgivable(context.facts, message)) {
    if (code === 'id-conflict') judgeConflict(context, message, attempt, report);
    else judgeRefusal(context.facts, message, attempt, code, report);
  }
  if (message.pushes.length > 0 && !message.attempts.some(mayBeStored)) {
    report(context.attribution.ruleOfRecord(message) ?? 'IM-4.2-5', 'no push of a message that was refused');
  }
};

type ReportRejection = (requirement: RequirementId, expected: string) => void;

const judgeConflict = (
  context: JudgeContext,
  message: TrackedMessage,
  attempt: MsgAttempt,
  report: ReportRejection,
): void => {
  const { findings } = context;
  const others = message.attempts.filter((other) => other !== attempt && mayBeStored(other));
  const differs = (variant: number) => variant !== attempt.variant || message.variants[variant]?.wild === true;
  const legal = message.stored >= 0 ? differs(message.stored) : others.some((other) => differs(other.variant));
  if (legal) findings.exercise('IM-4.2-3');
  else if (others.length > 0) report('IM-4.2-2', 'msg:A duplicate, because to, body and ttlMs are the same');
  else
    report(
      ruleOfNewId(context, message, attempt),
      'msg:A accepted, because the server has stored nothing under this id',
    );
};

/** A rejection that no retry will cure, of a msg:R that the kit knows to be valid. */
const judgeRefusal = (
  facts: Facts,
  message: TrackedMessage,
  attempt: MsgAttempt,
  code: ErrorCode,
  report: ReportRejection,
): void => {
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
      (facts.users.get(variant.to)?.firstOpenLine ?? Number.POSITIVE_INFINITY) < attempt.line
    ) {
      report('IM-1-16', `${variant.to} is known: it has connected before`);
    }
  } else if (code === 'unknown-message') report('IM-4.2-1', 'an error code that belongs to msg:R');
};

const countAccepted = (
  context: JudgeContext,
  message: TrackedMessage,
  attempt: MsgAttempt,
  connection: Connection,
): void => {
  const { facts, findings } = context;
  findings.exercise('IM-4.2-1');
  if (message.attempts.some((other) => other.answer === 'refused' || other.answer === 'conflict'))
    findings.exercise('IM-4.2-5');
  if (attempt.extra) findings.exercise('IM-1-15');
  if (facts.messages.sharesId(message)) findings.exercise('IM-2-5');
  if (hasNearId(facts, message)) findings.exercise('IM-2-6');
  countOverlap(context, message, attempt);
  const variant = message.variants[attempt.variant];
  if (variant === undefined) return;
  const recipient = facts.users.get(variant.to);
  if (recipient !== undefined && recipient.firstOpenLine < attempt.line) findings.exercise('IM-1-16');
  const { user } = connection.device;
  if (user.devices.length > 1 && user.connections.size > 1) findings.exercise('IM-1-10');
  // Only a long text can reach the limits; the cheap test spares the others the count.
  if (variant.body !== undefined && variant.body.length * 3 >= WIRE.bodyBytes) countLargeBody(context, variant.body);
};

const countLargeBody = ({ findings }: JudgeContext, body: string): void => {
  if (Buffer.byteLength(body) < WIRE.bodyBytes) return;
  findings.exercise('IM-2-11');
  if (Buffer.byteLength(JSON.stringify(body)) > WIRE.frameBytes - 1024) findings.exercise('IM-1-8');
};

const countDuplicate = (context: JudgeContext, message: TrackedMessage, attempt: MsgAttempt): void => {
  const { facts, findings } = context;
  findings.exercise('IM-4.2-2');
  if (message.ackedBy.length > 0 || message.told !== undefined) findings.exercise('IM-4.2-6');
  if (message.evidenceLine < attempt.line && facts.endBetween(message.evidenceLine, attempt.line) !== undefined) {
    findings.exercise('IM-4.2-30');
  }
  countOverlap(context, message, attempt);
};

/** Two copies were under way at the same time, and both have their answer now. */
const countOverlap = ({ findings }: JudgeContext, message: TrackedMessage, attempt: MsgAttempt): void => {
  const overlaps = (other: MsgAttempt) =>
    other !== attempt && other.answeredLine > attempt.line && other.line < attempt.answeredLine;
  if (message.attempts.length > 1 && message.attempts.some(overlaps)) findings.exercise('IM-4.2-4');
};

/** At the end: copies that were all answered `duplicate`, though none was ever accepted. */
const judgeNeverAccepted = (context: JudgeContext, explained: ReadonlySet<TrackedMessage>): void => {
  if (context.facts.forgetful) return;
  for (const message of context.facts.messages.unfolded()) {
    if (explained.has(message)) continue;
    const answers = new Set(message.attempts.map((attempt) => attempt.answer));
    if (!answers.has('duplicate') || answers.has('accepted') || answers.has('open') || answers.has('lost')) continue;
    const [first, second] = message.attempts;
    if (first === undefined || second === undefined) continue;
    const lines = message.attempts.slice(0, 8).map((attempt) => attempt.answeredLine);
    const expected = 'accepted for one of the copies';
    reportMsgAnswer(context, message, first, 'IM-4.2-1', expected, 'every copy answered duplicate', lines);
  }
};
