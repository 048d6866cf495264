import type { RequirementId } from '../../../../../schemas/index.js';
import type { Entry, Outcome } from '../../../facts/client/entry.js';
import { ms } from '../../../terms/text.js';
import { type ClientContext, type ClientJudge, journeyOf, LEAST, reportEntry } from '../context.js';

const RANK: Readonly<Record<string, number>> = { stored: 1, refused: 2, unknown: 2, expired: 3, delivered: 4 };

/** Why an outcome is not true; undefined: it is. */
const untruth = (entry: Entry, { status, at }: Outcome, windowMs: number): RequirementId | undefined => {
  const { receipts, end, answers, notBefore } = entry;
  switch (status) {
    case 'stored':
      return receipts.length > 0 ? undefined : 'IM-4.1-8';
    case 'delivered':
    case 'expired':
      if (receipts.some((receipt) => receipt.status === status)) return undefined;
      return answers.some((answer) => answer.status !== 'rejected') && receipts.length === 0 ? 'IM-4.1-8' : 'IM-4.1-7';
    case 'refused':
      if (end?.status === 'refused') return undefined;
      if (entry.strayed) return 'IM-1-40';
      return answers.at(-1)?.unknownCode ? 'IM-4.1-16' : answers.at(-1)?.retryable ? 'IM-4.1-10' : 'IM-4.1-7';
    case 'unknown':
      return at - notBefore < windowMs * LEAST ? 'IM-4.1-9' : undefined;
  }
};

/**
 * Over a kill an outcome may be told again: once by each start that knew it. What a start had only stored is heard when
 * the next one sends it, so both may come in one life.
 */
const mayRepeat = ({ facts }: ClientContext, { outcomes, receipts, sendings }: Entry, { status }: Outcome): boolean => {
  const told = receipts.find((receipt) => receipt.status === status) ?? sendings[0];
  const starts = 1 + facts.kills.filter(({ at }) => told !== undefined && at >= told.at).length;
  return outcomes.filter((one) => one.status === status).length < starts;
};

const judgeOutcome = (context: ClientContext, entry: Entry, outcome: Outcome): void => {
  const { facts, findings } = context;
  const rule = untruth(entry, outcome, facts.timers.retryWindowMs);
  if (rule !== undefined) {
    reportEntry(context, rule, entry, {
      message: `the client reported ${outcome.status}, which nobody had told it`,
      expected: 'an outcome that the packets of the server say',
      seen: `the outcome ${outcome.status} at ${ms(outcome.at)}`,
    });
    return;
  }
  const before = entry.outcomes.at(-1);
  if (before === undefined) {
    findings.exercise(outcome.status === 'unknown' ? 'IM-4.1-9' : 'IM-4.1-7');
    if (outcome.status === 'refused' && entry.answers.at(-1)?.unknownCode) findings.exercise('IM-4.1-16');
    return;
  }
  if (before.status === outcome.status && mayRepeat(context, entry, outcome)) return;
  if (before.status === outcome.status) {
    reportEntry(context, 'IM-4.1-7', entry, {
      message: 'the client reported an outcome twice',
      expected: 'each outcome once',
      seen: `${outcome.status} at ${ms(before.at)} and at ${ms(outcome.at)}`,
      lines: [before.line, facts.line],
    });
    return;
  }
  if ((RANK[outcome.status] ?? 0) > (RANK[before.status] ?? 0)) return;
  reportEntry(context, 'IM-4.1-14', entry, {
    message: 'the status of a message went backwards',
    expected: `nothing earlier than ${before.status}, which was reported at ${ms(before.at)}`,
    seen: `${outcome.status} at ${ms(outcome.at)}`,
    lines: [before.line, facts.line],
  });
};

/** What was told to the client after something greater puts the order to the test. */
const wentBackwards = ({ receipts }: Entry): boolean =>
  receipts.some(({ status }, i) => receipts.slice(0, i).some((one) => (RANK[one.status] ?? 0) > (RANK[status] ?? 0)));

const missingOutcome = (context: ClientContext, entry: Entry): void => {
  const { end, outcomes, answers, sendings } = entry;
  if (end === undefined || outcomes.some(({ status }) => status === end.status || status === 'delivered')) return;
  // After a reported `stored` or `unknown` the client may have let it go.
  if (outcomes.some(({ status }) => status === 'stored' || status === 'unknown')) return;
  const rule = end.status === 'refused' && answers.at(-1)?.unknownCode ? 'IM-4.1-16' : 'IM-4.1-7';
  reportEntry(context, rule, entry, {
    message: 'the end of a message was never reported',
    expected: `the outcome ${end.status}, which the client was told at ${ms(end.at)}`,
    seen: outcomes.length === 0 ? 'no outcome' : `only ${outcomes.map(({ status }) => status).join(', ')}`,
    lines: [...sendings.slice(-1).map(({ line }) => line), end.line],
  });
};

/** Outcomes are true, once each, and never go backwards; each end is reported; nothing that was handed over is lost. */
export const judgeOutcomes: ClientJudge = (context) => {
  const { facts, findings } = context;
  return {
    onSending: (entry, { at, line }) => {
      if (!entry.wasGivenUp || entry.sendings.length > 1) return;
      reportEntry(context, 'IM-4.1-7', entry, {
        message: 'a message was sent although its end had been reported',
        expected: 'no msg:R of what the client has said to be over',
        seen: `the first msg:R at ${ms(at)}`,
        lines: [line],
      });
    },
    onOutcome: (entry, outcome) => judgeOutcome(context, entry, outcome),
    onUnsentOutcome: ({ status, at, line }, { msgId, body = '' }) =>
      findings.report({
        requirement: 'IM-4.1-7',
        message: `the client reported ${status} of a message that it had never sent`,
        expected: 'an outcome that the packets of the server say',
        seen: `the outcome ${status} at ${ms(at)}, of ${msgId ?? JSON.stringify(body)}`,
        where: 'no msg:R of it had come',
        events: [line],
        about: undefined,
      }),
    onSettled: () => {
      for (const entry of facts.entries.values()) {
        if (facts.connections.open.size > 0 && wentBackwards(entry) && entry.outcomes.length > 0)
          findings.exercise('IM-4.1-14');
      }
      // A client that stayed away by right, or has just come back, could not tell.
      if (!facts.hadTimeToTell) return;
      // One that says what is no word may have told it so.
      if (facts.words.fault !== undefined) return;
      for (const entry of facts.entries.values()) missingOutcome(context, entry);
      for (const [i, handed] of facts.words.handed.entries()) {
        if (handed.entry !== undefined || handed.isOver) continue;
        // It is known to be in the library only when it, or a later one of the same word, was seen.
        const later = facts.words.handed.slice(i).find((one) => one.word === handed.word && one.entry !== undefined);
        if (later?.entry === undefined) continue;
        findings.report({
          requirement: facts.kills.length > 0 ? 'IM-4.1-1' : 'IM-4.1-5',
          message: 'a message that was handed over was never sent',
          expected: 'a msg:R for every message that was handed over',
          seen: `none with the body ${JSON.stringify(handed.body.slice(0, 60))}`,
          where: `handed over before one that was ${journeyOf(later.entry)}`,
          events: [facts.line],
          about: undefined,
        });
      }
    },
  };
};
