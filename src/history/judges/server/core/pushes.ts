import type { MsgN, RequirementId } from '../../../../../schemas/index.js';
import type { Connection } from '../../../facts/connection.js';
import type { Facts } from '../../../facts/facts.js';
import { describeAck, describeStages } from '../../../facts/journey.js';
import { aboutOf, type Mark, mayBeStored, type TrackedMessage, variantsPushed } from '../../../facts/message.js';
import { ms, type Text, text } from '../../../terms/text.js';
import type { Judge, JudgeContext } from '../../judge.js';

/** Judges every msg:N: of a sent message, to its recipient, unchanged, and not after its ack:A. */
export const judgePushes = (context: JudgeContext): Judge => ({
  onPushedUnknown: (connection, packet) => judgeUnknown(context, connection, packet),
  onPushedAstray: (connection, message, packet) => {
    countKnown(context);
    const user = connection.device.user.name;
    report(context, message, 'IM-4.2-26', {
      message: `${message.msgId} was pushed to ${user}, who is not its recipient`,
      expected: `a push to ${message.variants[0]?.to} only`,
      seen: `msg:N to ${packet.to} on a connection of ${user}`,
    });
  },
  onPushContent: (connection, message, packet, fits) => {
    countKnown(context);
    context.findings.exercise('IM-4.2-26');
    judgeContent(context, connection, message, packet, fits);
    judgeRecord(context, message);
  },
  onPushed: (connection, message) => {
    judgeAfterAck(context, connection, message);
    countPush(context, connection, message);
  },
  onHanded: (connection, message, times) => judgeHanded(context, connection.client, message, times),
});

/** Somebody has sent it under that name. */
const countKnown = ({ findings }: JudgeContext): void => {
  findings.exercise('IM-4.2-27');
  findings.exercise('IM-1-9');
};

/** Nobody sent it under that name: a wrong `from`, or an invention. */
const judgeUnknown = ({ facts, findings }: JudgeContext, connection: Connection, packet: MsgN): void => {
  // A frame that cannot be read may have been this message.
  if (facts.forgetful || hasWildFrames(facts, packet.from)) return;
  const user = connection.device.user.name;
  const senders = facts.userList.filter((other) => {
    const candidate = facts.messages.find(other, packet.msgId);
    return candidate !== undefined && variantsPushed(candidate, user, packet.body).length > 0;
  });
  const [sender] = senders;
  findings.report({
    requirement: sender === undefined ? 'IM-4.2-27' : 'IM-1-9',
    message:
      sender === undefined
        ? `a message ${packet.msgId} was pushed to ${user} that ${packet.from} never sent`
        : `${packet.msgId} was pushed with a wrong from`,
    expected: sender === undefined ? 'only messages that were sent' : `from ${sender.name}`,
    seen: `msg:N ${packet.msgId} from ${packet.from} to ${packet.to}`,
    events: [facts.line],
    about: { from: sender?.name ?? packet.from, msgId: packet.msgId },
  });
};

const hasWildFrames = (facts: Facts, user: string): boolean => {
  for (const connection of facts.connections.values()) {
    if (connection.raw?.wild && connection.device.user.name === user) return true;
  }
  return false;
};

const judgeContent = (
  context: JudgeContext,
  connection: Connection,
  message: TrackedMessage,
  packet: MsgN,
  fits: readonly number[],
): void => {
  const user = connection.device.user.name;
  if (packet.to !== user) {
    report(context, message, 'IM-2-9', {
      message: `a msg:N of ${message.msgId} carries another to than its message`,
      expected: `to ${user}`,
      seen: `to ${packet.to}`,
    });
  }
  if (fits.length === 0) {
    report(context, message, 'IM-2-10', {
      message: `the body of ${message.msgId} was changed on its way`,
      expected: `the body as sent: ${quote(message.variants[0]?.body)}`,
      seen: `the body ${quote(packet.body)}`,
    });
  } else if (message.stored >= 0 && !fits.includes(message.stored)) {
    report(context, message, 'IM-4.2-3', {
      message: `${message.msgId} was pushed with the content of a msg:R that conflicts with it`,
      expected: `the content that was accepted: ${quote(message.variants[message.stored]?.body)}`,
      seen: quote(packet.body),
    });
  } else context.findings.exercise('IM-2-10');
  if (message.acceptedAt === packet.acceptedAt) context.findings.exercise('IM-2-9');
  else {
    report(context, message, 'IM-2-9', {
      message: `acceptedAt of ${message.msgId} differs between two pushes`,
      expected: `acceptedAt ${message.acceptedAt}`,
      seen: `acceptedAt ${packet.acceptedAt}`,
    });
  }
};

/** A push of a message of which every msg:R was refused. */
const judgeRecord = (context: JudgeContext, message: TrackedMessage): void => {
  if (message.attempts.some(mayBeStored) || context.facts.forgetful) return;
  report(context, message, context.attribution.ruleOfRecord(message) ?? 'IM-4.2-5', {
    message: `${message.msgId} was refused and is pushed nevertheless`,
    expected: 'no push of a message that was refused',
    seen: 'msg:N',
  });
};

/** After ack:A nothing may be pushed: on that connection, and on those that began after it was received. */
const judgeAfterAck = (context: JudgeContext, connection: Connection, message: TrackedMessage): void => {
  const { facts } = context;
  const mark = message.ackedBy.find((ack) => isAfter(connection, ack));
  if (mark === undefined || facts.forgetful) return;
  const end = facts.endBetween(mark.line, facts.line);
  report(context, message, end === undefined ? 'IM-3-5' : end.kind === 'killed' ? 'IM-3-6' : 'IM-4.2-29', {
    message: `${message.msgId} was pushed again after its ack:A`,
    expected: text`no msg:N to ${connection.client} after its ${describeAck(message, mark)}`,
    seen: `msg:N at ${ms(facts.at)}${end === undefined ? '' : `, after the server was ${end.kind}`}`,
    where: text`${describeStages(message)}, pushed again at ${ms(facts.at)}`,
    events: [mark.line, facts.line],
  });
};

const isAfter = (connection: Connection, mark: Mark): boolean =>
  mark.device === connection.device && (connection.serial === mark.serial || connection.serial > mark.openings);

/** Counts what brought the push. */
const countPush = ({ facts, findings }: JudgeContext, connection: Connection, message: TrackedMessage): void => {
  const last = message.attempts[message.attempts.length - 1];
  const first = message.attempts[0];
  const mark = message.pushes.find((push) => push.serial === connection.serial);
  if (message.from === connection.device.user) findings.exercise('IM-2-18');
  if (mark !== undefined) {
    const resent = last !== undefined && last.line > mark.line;
    findings.exercise(resent ? 'IM-4.2-9' : 'IM-4.2-10');
    if (!resent && mark.unasked > 0) findings.exercise('IM-4.2-11');
    return;
  }
  if (first === undefined || last === undefined) return;
  const promised = message.promisedLine >= 0 ? message.promisedLine : facts.line;
  if (promised < connection.openingLine) findings.exercise('IM-4.2-8');
  else if (connection.openedLine < first.line) findings.exercise('IM-4.2-7');
  else findings.exercise('IM-4.2-19');
  if (last.line > promised && last.line > connection.openedLine) findings.exercise('IM-4.2-9');
};

/** The application gets a message once for each device. */
const judgeHanded = (
  { facts, findings }: JudgeContext,
  client: string,
  message: TrackedMessage,
  times: number,
): void => {
  if (times < 2) return;
  const doubled = `the application of ${client} got it ${times} times`;
  if (findings.addConsequence({ from: message.from.name, msgId: message.msgId }, doubled, facts.line)) return;
  findings.leaveOpen(
    'handed-over-unexplained',
    `${doubled} (${message.msgId}), and no packet of the server explains it`,
  );
};

const report = (
  context: JudgeContext,
  message: TrackedMessage,
  requirement: RequirementId,
  finding: { message: string; expected: Text; seen: string; where?: Text; events?: number[] },
): void => {
  context.findings.report({
    requirement,
    events: [message.attempts[0]?.line, context.facts.line].filter((line) => line !== undefined),
    ...finding,
    about: aboutOf(message),
  });
};

/** A body for people: short, with what cannot be seen written as escapes. */
const quote = (body: string | undefined): string => {
  if (body === undefined) return '(known by its hash only)';
  const text = JSON.stringify(body.slice(0, 60)).replace(
    /[^\x20-\x7e]/gu,
    (character) => `\\u{${(character.codePointAt(0) as number).toString(16)}}`,
  );
  return body.length > 60 ? `${text}… (${body.length} UTF-16 units)` : text;
};
