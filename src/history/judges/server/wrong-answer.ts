import type { MsgA, RequirementId } from '../../../../schemas/index.js';
import { describeJourney } from '../../facts/journey.js';
import { aboutOf, type MsgAttempt, type TrackedMessage } from '../../facts/message.js';
import { ms, text } from '../../terms/text.js';
import type { JudgeContext } from '../judge.js';

/** The words for a rejection. */
export const rejectionSeen = ({ error }: MsgA): string => {
  const { code, message } = error ?? { code: 'internal', message: '' };
  return `msg:A rejected ${code}${message === '' ? '' : ` (${message})`}`;
};

/** A msg:R got the wrong answer: the words that every class has for it. */
export const reportMsgAnswer = (
  { facts, findings }: JudgeContext,
  message: TrackedMessage,
  attempt: MsgAttempt,
  requirement: RequirementId,
  expected: string,
  seen: string,
  events: readonly number[],
): void => {
  const about = aboutOf(message);
  const finding = {
    requirement,
    message: `msg:R ${message.msgId} of ${message.from.name} got the wrong answer`,
    expected,
    seen,
    where: text`${describeJourney(facts, aboutOf(message))}; this msg:R sent at ${ms(attempt.at)}, answered at ${ms(facts.at)}`,
    events: [...new Set([...events, facts.line])].sort((a, b) => a - b),
    about,
  };
  // A push of the copy may have come before the answer that shows what the server took it for.
  findings.report(finding, findings.placeBefore(about, attempt.line));
};
