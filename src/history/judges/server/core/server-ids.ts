import type { ServerMsgIdNamed } from '../../../facts/listener.js';
import { aboutOf, nameOf, type TrackedMessage } from '../../../facts/message.js';
import type { JudgeContext } from '../../judge.js';

/** The serverMsgId of the first push of each message, where a server does not know a copy of its sender. */
export type FirstPushes = WeakMap<TrackedMessage, string>;

/**
 * Where a message has no id of its sender, a copy that is sent again is another message, with an id of its own. What was
 * sent once, and pushed under two ids, the server itself has doubled; where a protocol names devices, each may have its own.
 */
const isOfACopy = ({ facts }: JudgeContext, named: ServerMsgIdNamed, firstPushes: FirstPushes): boolean => {
  const { message, packet, serverMsgId } = named;
  if (facts.has('msg:R.msgId')) return false;
  if (packet !== 'msg:N' || facts.has('device')) return true;
  const first = firstPushes.get(message);
  if (first === undefined) firstPushes.set(message, serverMsgId);
  return message.attempts.length !== 1 || first === undefined || first === serverMsgId;
};

/**
 * A packet names the serverMsgId of a message: one for all its packets, and no other message has it.
 * `quiet`: another one is no news here.
 */
export const judgeServerMsgId = (
  context: JudgeContext,
  named: ServerMsgIdNamed,
  quiet: boolean,
  firstPushes: FirstPushes,
): void => {
  const { facts, findings } = context;
  const isCopy = isOfACopy(context, named, firstPushes);
  switch (named.outcome) {
    case 'first':
      findings.exercise('IM-2-7');
      if (facts.ends.length > 0) findings.exercise('IM-4.2-31');
      return;
    case 'same':
      findings.exercise('IM-2-8');
      return;
    case 'other':
      if (!quiet && !isCopy && !facts.forgetful) reportOther(context, named);
      return;
    case 'taken':
      if (!quiet) reportTaken(context, named);
  }
};

const reportOther = ({ facts, findings }: JudgeContext, { message, packet, serverMsgId }: ServerMsgIdNamed): void => {
  const since = message.evidenceLine;
  const restarted = packet === 'msg:A' && facts.endBetween(since, facts.line) !== undefined;
  findings.report({
    requirement: restarted ? 'IM-4.2-30' : 'IM-2-8',
    message: `a ${packet} of ${message.msgId} carries another serverMsgId than before`,
    expected: `serverMsgId ${message.serverMsgId ?? 'of before'}`,
    seen: `serverMsgId ${serverMsgId}`,
    events: [since, facts.line].filter(Number.isFinite),
    about: aboutOf(message),
  });
};

const reportTaken = (context: JudgeContext, { message, owner, packet, serverMsgId }: ServerMsgIdNamed): void => {
  const { facts, findings } = context;
  if (owner === undefined) return;
  const ended = facts.endBetween(owner.evidenceLine, facts.line) !== undefined;
  findings.report({
    // Two users with the same msgId: the server has taken the two messages for one.
    requirement: owner.msgId === message.msgId ? 'IM-2-5' : ended ? 'IM-4.2-31' : 'IM-2-7',
    message: `two messages have the serverMsgId ${serverMsgId}`,
    expected: 'a serverMsgId that no other message has',
    seen: `a ${packet} gives ${message.msgId} of ${message.from.name} the serverMsgId of ${nameOf(owner)} of ${owner.from.name}`,
    events: [owner.evidenceLine, facts.line].filter(Number.isFinite),
    about: aboutOf(message),
  });
};
