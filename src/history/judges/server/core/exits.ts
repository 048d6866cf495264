import type { HistoryEventOf } from '../../../../../schemas/index.js';
import { describeSent } from '../../../record/describe-event.js';
import type { NewFinding } from '../../findings.js';
import type { Judge, JudgeContext } from '../../judge.js';
import type { Closes } from './closes.js';

/** Judges that the server does not exit by itself. */
export const judgeExits = (context: JudgeContext, closes: Closes): Judge => ({
  onSubjectEnded: (event) => {
    // Who cannot write may end, and be started again.
    if (event.event === 'exited' && !context.facts.short) reportExit(context, event, closes.placeOfExit());
  },
});

const reportExit = ({ facts, findings }: JudgeContext, event: HistoryEventOf<'subject'>, seenAt: number): void => {
  const raw = [...facts.connections.values()].some((connection) => connection.raw !== undefined);
  const cause = event.signal === undefined ? `code ${event.code ?? 'unknown'}` : `signal ${event.signal}`;
  const last = facts.lastSent;
  const finding: NewFinding = {
    requirement: raw ? 'IM-1-7' : 'IM-3-1',
    message: `the server exited by itself with ${cause}`,
    expected: 'the server goes on running',
    seen: `its process ended at ${Math.round(facts.at)} ms with ${cause}${raw ? ', after a bad frame' : ''}`,
    where: last === undefined ? 'before anything was sent to it' : `after ${describeSent(last.event)}`,
    events: [...(last === undefined ? [] : [last.line]), facts.line],
    about: undefined,
  };
  findings.report(finding, seenAt);
};
