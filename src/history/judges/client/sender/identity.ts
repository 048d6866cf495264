import { isAnotherStart } from '../../../facts/client/client-facts.js';
import { ms } from '../../../terms/text.js';
import { type ClientJudge, reportEntry } from '../context.js';

const cut = (text: string): string => (text.length > 60 ? `${text.slice(0, 57)}…` : text);

/** One msgId and one content for each message, in the order of hand-over. */
export const judgeIdentity: ClientJudge = (context) => {
  const { facts, findings } = context;
  /** The highest place in the order of hand-over that has been sent. */
  let last: { order: number; at: number; line: number } | undefined;
  return {
    onStranger: (entry, { at, line }, twin) => {
      const other = twin?.entry;
      if (other === undefined) {
        reportEntry(context, 'IM-4.1-12', entry, {
          message: 'the client sent what nobody handed over',
          expected: 'the recipients and the bodies that were handed over',
          seen: `msg:R to ${entry.to} with the body ${JSON.stringify(cut(entry.body))}`,
          lines: [line],
        });
        return;
      }
      reportEntry(context, 'IM-4.1-2', entry, {
        message: 'a message was sent under a second msgId',
        expected: `the msgId ${other.msgId}, under which it was first sent at ${ms(other.sendings[0]?.at ?? 0)}`,
        seen: `msg:R ${entry.msgId} with the same content at ${ms(at)}`,
        lines: [...other.sendings.slice(0, 1).map((one) => one.line), line],
      });
    },
    onContentChanged: (entry, { line }) =>
      reportEntry(context, 'IM-4.1-12', entry, {
        message: 'a message was sent with another content than before',
        expected: 'the to, body and ttlMs that were handed over, in every msg:R',
        seen: `msg:R ${entry.msgId} differs`,
        lines: [line],
      }),
    onIdTaken: (msgId) =>
      findings.report({
        requirement: 'IM-4.1-12',
        message: 'two messages were sent under one msgId',
        expected: 'a msgId of its own for each message, also after a restart',
        seen: `the msgId ${msgId}, which another message has had`,
        where: 'a word of the bot is a message of its library like any other',
        events: [facts.line],
        about: { from: 'subject', msgId },
      }),
    onSending: (entry, { at, line }) => {
      const { handed, sendings } = entry;
      if (handed === undefined || sendings.length > 1) return;
      if (last !== undefined && handed.order < last.order) {
        reportEntry(context, 'IM-4.1-15', entry, {
          message: 'a message was first sent after one that was handed over later',
          expected: 'first sendings in the order of hand-over',
          seen: `number ${handed.order + 1} was sent at ${ms(at)}, number ${last.order + 1} at ${ms(last.at)}`,
          lines: [last.line, line],
        });
        return;
      }
      if (last !== undefined) findings.exercise('IM-4.1-15');
      last = { order: handed.order, at, line };
    },
    onSubject: ({ event }) => {
      // The words of a client that lives in memory are counted anew.
      if (isAnotherStart(event) && !facts.isDurable) last = undefined;
    },
  };
};
