import type { ServerMsgIdNamed } from '../../../facts/listener.js';
import { aboutOf, nameOf } from '../../../facts/message.js';
import type { JudgeContext } from '../../judge.js';

/**
 * A packet names the serverMsgId of a message: one for all its packets, and no other message has it.
 * `quiet`: another one is no news here.
 */
export const judgeServerMsgId = (context: JudgeContext, named: ServerMsgIdNamed, quiet: boolean): void => {
  const { facts, findings } = context;
  switch (named.outcome) {
    case 'first':
      findings.exercise('IM-2-7');
      if (facts.ends.length > 0) findings.exercise('IM-4.2-31');
      return;
    case 'same':
      findings.exercise('IM-2-8');
      return;
    case 'other':
      if (!quiet && !facts.forgetful) reportOther(context, named);
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
