import { boundsBegin, type Connection, isReachable, type User } from '../../../facts/connection.js';
import type { Facts } from '../../../facts/facts.js';
import { describeDevice, describeVanishing } from '../../../facts/journey.js';
import { aboutOf, recipientOf, type TrackedMessage } from '../../../facts/message.js';
import { ms } from '../../../terms/text.js';
import type { Judge, JudgeContext } from '../../judge.js';

/** Judges, when settling has ended, that every message that was promised has reached its receiver, and its sender knows. */
export const judgeLoss = (context: JudgeContext): Judge => ({
  onArrived: (message) => countArrived(context, message),
  onSettling: () => {
    for (const message of context.facts.messages.unfolded()) judgeUntold(context, message);
  },
  onSettled: (complete) => {
    const { facts, findings } = context;
    const openBefore = findings.undecided.length;
    for (const message of facts.messages.unfolded()) judgeMessage(context, message, complete);
    countKeptAcks(context);
    const explained = findings.list.length > 0 || findings.undecided.length > openBefore;
    if (!complete && !explained) {
      findings.leaveOpen('not-settled', 'settling did not complete, and no message explains why');
    }
  },
});

/** What a message has shown by reaching its receiver. */
const countArrived = ({ facts, findings }: JudgeContext, message: TrackedMessage): void => {
  findings.exercise('IM-3-1');
  if (message.ackedBy.length > 0) findings.exercise('IM-3-5');
  const handedLine = message.handed[0]?.line ?? -1;
  for (const end of facts.ends) {
    if (end.after < message.promisedLine || end.line > handedLine) continue;
    if (end.kind === 'killed') findings.exercise('IM-3-2');
    else if (end.kind === 'stopped') findings.exercise('IM-4.2-29');
  }
};

const judgeMessage = (context: JudgeContext, message: TrackedMessage, complete: boolean): void => {
  const { facts, findings } = context;
  if (message.promisedLine < 0 || message.spoiled || facts.forgetful) return;
  if (message.told !== undefined && message.acks.length === 0) return;
  if (message.expired || isPastItsEnd(facts, message)) return;
  const recipient = facts.users.get(recipientOf(message));
  if (recipient === undefined) return;
  const open = [...recipient.connections].filter((one) => isReachable(one) && isOwed(facts, message, one));
  // Whoever never came back could not be reached: nothing is said of messages for it.
  if (open.length === 0) return;
  let watchedTooShort = false;
  for (const connection of open) {
    const due = dueSince(facts, message, connection);
    if (due === undefined) continue;
    const quiet = Math.max(due.at, connection.lastNewPushAt);
    if (facts.awakeBetween(quiet, facts.at) >= facts.timers.answerWithinMs + facts.patienceMs / 2 + facts.networkMs) {
      reportLoss(context, message, recipient, connection, due);
      return;
    }
    watchedTooShort = true;
  }
  if (watchedTooShort) {
    findings.leaveOpen(
      'watched-too-short',
      `${message.msgId} did not reach ${recipient.name}, who was not watched for long enough`,
    );
  } else if (!complete) {
    findings.leaveOpen('never-acked', `${message.msgId} was pushed to ${recipient.name} and never acked by the kit`);
  }
};

/** Its lifetime may have ended: then nothing is owed any more. */
const isPastItsEnd = ({ at, faults, policies }: Facts, message: TrackedMessage): boolean => {
  const lifetime = policies.lifetimeOf(message);
  return lifetime !== undefined && (faults.clockMoved || at >= lifetime.from);
};

/** Each device with a queue of its own is owed the message for itself. */
const isOwed = (facts: Facts, message: TrackedMessage, { device }: Connection): boolean => {
  const { policies } = facts;
  // Where nobody acks, a server has done what it can with one push.
  if (!facts.has('ack:R') && message.pushes.length > 0) return false;
  return policies.owes(message, device) && !message.acks.some((ack) => policies.sharesQueue(ack.device, device));
};

interface Due {
  at: number;
  line: number;
  why: string;
}

/** Since when a push on this connection is due that has not come; undefined if none is. */
const dueSince = (facts: Facts, message: TrackedMessage, connection: Connection): Due | undefined => {
  const push = message.pushes.find((mark) => mark.serial === connection.serial);
  if (push === undefined) {
    const accepted = message.promisedAt >= connection.openedAt;
    return accepted
      ? { at: message.promisedAt, line: message.promisedLine, why: 'accepted while the receiver was connected' }
      : { at: connection.openedAt, line: connection.openedLine, why: 'the receiver connected' };
  }
  // Once another device has acked, a re-sending need not bring a push.
  if (message.acks.length > 0 || !facts.has('push-on-resend')) return undefined;
  const asked = message.attempts.find(
    (attempt) => attempt.line > push.line && (attempt.answer === 'duplicate' || attempt.answer === 'accepted'),
  );
  return asked === undefined
    ? undefined
    : { at: asked.answeredAt, line: asked.answeredLine, why: 'the msg:R was sent again' };
};

const reportLoss = (
  context: JudgeContext,
  message: TrackedMessage,
  recipient: User,
  connection: Connection,
  due: Due,
): void => {
  const { facts, findings, attribution } = context;
  const end = facts.ends.findLast((candidate) => candidate.after > message.promisedLine);
  const promise =
    end === undefined || end.kind === 'exited' ? 'IM-3-1' : end.kind === 'killed' ? 'IM-3-2' : 'IM-4.2-29';
  const requirement = attribution.ruleOfLoss(message, connection) ?? promise;
  const receiver = describeDevice(connection.device);
  const pushed = message.pushes.some((push) => push.device === connection.device);
  const again = connection.device.serials.length > 1 ? 'reconnected' : 'was connected';
  const after = end === undefined ? '' : ` after the server was ${end.kind} at ${ms(end.at)}`;
  findings.report({
    requirement,
    message: `${message.msgId} from ${message.from.name} to ${recipient.name} was accepted and lost`,
    expected: `msg:N on the connection of ${connection.client} by ${ms(due.at + facts.timers.answerWithinMs)}`,
    seen: `no msg:N there until ${ms(facts.at)}${after}`,
    where: describeVanishing(message, {
      missing: pushed ? `not pushed again to ${receiver}` : `never pushed to ${receiver}`,
      watched: `who ${again} at ${ms(connection.openedAt)} and was watched until ${ms(facts.at)}`,
      due: `due since ${ms(due.at)}: ${due.why}${after === '' ? '' : `;${after}`}`,
    }),
    events: [...new Set([message.promisedLine, ...(end === undefined ? [] : [end.line]), due.line, facts.line])].sort(
      (a, b) => a - b,
    ),
    lost: true,
    about: aboutOf(message),
  });
};

/** An acked message of which the sender was told nothing, on a connection that has sent it and stayed open. */
const judgeUntold = (context: JudgeContext, message: TrackedMessage): void => {
  const { facts, findings } = context;
  const ack = message.ackedBy[0];
  if (ack === undefined || message.told !== undefined || message.spoiled || message.promisedLine < 0) return;
  // Where every device is told, this is a debt to each of them.
  if (facts.policies.receiptsGoTo === 'every-device') return;
  for (const attempt of message.attempts) {
    const { connection } = attempt;
    if (connection === undefined || attempt.raw || attempt.line > ack.line) continue;
    if (attempt.answer !== 'accepted' && attempt.answer !== 'duplicate') continue;
    if (!isReachable(connection) || connection.excused) continue;
    const since = Math.max(ack.at, boundsBegin(connection));
    const waited = facts.awakeBetween(since, facts.at);
    const bound = facts.boundSince(since);
    if (waited <= bound) continue;
    findings.report({
      requirement: message.expired ? 'IM-4.2-43' : 'IM-4.2-16',
      message: `${message.from.name} was never told that ${message.msgId} was delivered`,
      expected: `ack:N delivered within ${ms(bound)} of the ack`,
      seen: `no ack:N delivered for ${ms(waited)} on the connection that sent the msg:R`,
      where: describeVanishing(message, {
        missing: 'never reported as delivered',
        watched: `${connection.client} was watched until ${ms(facts.at)}`,
        due: `due by ${ms(since + bound)}`,
      }),
      late: true,
      events: [ack.line],
      about: aboutOf(message),
    });
    return;
  }
};

/** Acks that were answered before the server ended, of devices that came back after it: none was forgotten. */
const countKeptAcks = ({ facts, findings }: JudgeContext): void => {
  for (const end of facts.ends) {
    if (end.kind === 'exited' || facts.forgetful) continue;
    const returned = facts.devices.map((device) => (device.serials.at(-1) ?? 0) > end.openings);
    let kept = 0;
    for (let slot = 0; slot < facts.messages.store.size; slot += 1) {
      const entry = facts.messages.store.read(slot);
      if (entry.openingsAtAck <= end.openings && returned[entry.ackDevice] === true) kept += 1;
    }
    for (const message of facts.messages.unfolded()) {
      const mark = message.slot < 0 ? message.ackedBy[0] : undefined;
      if (mark !== undefined && mark.line < end.after && returned[mark.device.number] === true) kept += 1;
    }
    if (kept > 0) findings.exercise(end.kind === 'killed' ? 'IM-3-6' : 'IM-4.2-29', kept);
  }
};
