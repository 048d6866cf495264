import type { RequirementId } from '../../../../../schemas/index.js';
import { boundsBegin, type Connection, type Pending } from '../../../facts/connection.js';
import { describeJourney, describePlace, describeStages } from '../../../facts/journey.js';
import type { Answer } from '../../../facts/listener.js';
import { aboutOf, type MsgAttempt, type TrackedMessage } from '../../../facts/message.js';
import { ms, text } from '../../../terms/text.js';
import type { NewFinding } from '../../findings.js';
import type { Judge, JudgeContext } from '../../judge.js';

/** Judges that there is exactly one A for each R, with its rid, its id and in time. */
export const judgeAnswers = (context: JudgeContext): Judge => ({
  onAnswer: (answer) => judgeAnswer(context, answer),
  onExcusing: (connection) => {
    for (const pending of connection.pending.values()) judgeTime(context, connection, pending, false);
    judgeQueries(context, connection);
  },
});

const judgeAnswer = (context: JudgeContext, answer: Answer): void => {
  const { connection, request, cause } = answer;
  if (cause === 'stray') reportStray(context, answer);
  if (cause === 'asked' || cause === 'raw') context.findings.exercise('IM-2-2');
  if (request !== undefined) judgeTime(context, connection, request, true);
  judgeId(context, answer);
};

const judgeId = ({ facts, findings }: JudgeContext, { connection, packet, request, cause, named }: Answer): void => {
  const wanted = request?.id ?? (cause === 'raw' ? named : undefined);
  if (wanted === undefined) return;
  const field = packet.type === 'msg:A' ? 'msgId' : 'serverMsgId';
  const id = packet.type === 'msg:A' ? packet.msgId : packet.serverMsgId;
  if (id === wanted) {
    findings.exercise('IM-2-4');
    return;
  }
  findings.report({
    requirement: 'IM-2-4',
    message: `the ${packet.type} of ${packet.rid} carries another ${field} than its R`,
    expected: `${field} ${wanted}`,
    seen: id === undefined ? `no ${field}` : `${field} ${id}`,
    ...(request === undefined ? { where: describePlace(connection) } : {}),
    events: request === undefined ? [facts.line] : [request.line, facts.line],
    about: request?.message === undefined ? undefined : aboutOf(request.message),
  });
};

/** An A that no open R of this connection asked for. */
const reportStray = ({ facts, findings }: JudgeContext, { connection, packet }: Answer): void => {
  findings.report({
    requirement: 'IM-2-2',
    message: `a ${packet.type} on connection ${connection.number} of ${connection.client} answers no open R`,
    expected: 'one A for each R, with its rid',
    seen: `${packet.type} ${packet.status} with rid ${packet.rid}, which no unanswered R of this connection has`,
    events: [facts.line],
    about:
      packet.type === 'msg:A' && packet.msgId !== undefined
        ? { from: connection.device.user.name, msgId: packet.msgId }
        : undefined,
  });
};

/** Judges whether an R was answered in time. Without an answer it counts only if the time had passed by now. */
const judgeTime = (context: JudgeContext, connection: Connection, pending: Pending, answered: boolean): void => {
  if (connection.excused) return;
  const { facts, findings } = context;
  const since = Math.max(pending.at, boundsBegin(connection));
  const waited = facts.awakeBetween(since, facts.at);
  const bound = facts.boundSince(since);
  if (waited <= bound) {
    if (answered) findings.exercise('IM-2-3');
    return;
  }
  const packet = `${pending.type} ${pending.id}`;
  const about = pending.message === undefined ? undefined : aboutOf(pending.message);
  const reached = pending.message === undefined ? describePlace(connection) : describeJourney(facts, about);
  const watched = answered
    ? `answered at ${ms(facts.at)}`
    : `never answered, due by ${ms(since + bound)}, watched until ${ms(facts.at)}`;
  findings.report({
    requirement: 'IM-2-3',
    message: answered ? `${packet} was answered late` : `${packet} was not answered`,
    expected: `an A within ${ms(bound)} (answerWithinMs plus patience)`,
    seen: answered ? `an A after ${ms(waited)}` : `no A for ${ms(waited)}, on an open connection`,
    where: text`${reached}; this ${pending.type} sent at ${ms(pending.at)}, ${watched}`,
    late: true,
    events: answered ? [pending.line, facts.line] : [pending.line],
    about,
  });
};

/** Re-sent msg:R of messages that were delivered: each must have brought its receipt on the connection that asked. */
const judgeQueries = (context: JudgeContext, connection: Connection): void => {
  const { facts, findings } = context;
  if (!facts.has('ack:N.delivered')) return;
  for (const [query, message] of connection.queries) {
    if (query.query !== 'delivered') continue;
    const killed = facts.endBetween(message.ackedBy[0]?.line ?? message.told?.line ?? 0, query.line);
    const requirement = killed?.kind === 'killed' ? 'IM-3-6' : killed === undefined ? 'IM-3-7' : 'IM-4.2-29';
    const finding = overdueQuery(context, connection, query, message, requirement);
    if (finding !== undefined) findings.report(finding);
  }
};

/** What to report of a re-sent msg:R that did not bring its receipt in time; undefined: nothing yet. */
export const overdueQuery = (
  { facts }: JudgeContext,
  connection: Connection,
  query: MsgAttempt,
  message: TrackedMessage,
  requirement: RequirementId,
): NewFinding | undefined => {
  const since = Math.max(query.answeredAt, boundsBegin(connection));
  const waited = facts.awakeBetween(since, facts.at);
  const bound = facts.boundSince(since);
  if (waited <= bound) return undefined;
  const receipt = `ack:N ${query.query}`;
  return {
    requirement,
    message: `${message.msgId} ${query.query === 'expired' ? 'had expired' : 'was delivered'}, and a re-sent msg:R did not bring ${receipt}`,
    expected: `${receipt} on the connection that asked, within ${ms(bound)} of msg:A duplicate`,
    seen: `no ${receipt} there for ${ms(waited)}`,
    where: text`${describeStages(message)}; re-sent at ${ms(query.at)}, answered at ${ms(query.answeredAt)}, watched until ${ms(facts.at)}`,
    late: true,
    events: [query.line, query.answeredLine],
    about: aboutOf(message),
  };
};
