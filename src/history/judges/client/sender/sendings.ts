import type { RequirementId } from '../../../../../schemas/index.js';
import type { Entry, Sending } from '../../../facts/client/entry.js';
import { ms } from '../../../terms/text.js';
import { type ClientContext, type ClientJudge, GRAIN_MS, LEAST, MOST, pausesMs, reportEntry } from '../context.js';

/** A final answer is not read at once: so much later a repetition is one. */
const READ_MS = 500;

/** So much later than it came a packet may be read, where a sum of pauses is judged. */
const READ_LATE_MS = 200;
/** A sending may cross the rejection of the one before it, or its connection end then: the client had not read it yet. */
const CROSSING_MS = 200;
/** Pauses that say something together. */
const ENOUGH_PAUSES = 3;

/** The sendings of one message on one connection, one after another. */
interface Run {
  readonly conn: number;
  /** When it began; after a freeze it begins anew. */
  from: number;
  count: number;
  /** Nothing before that: a rejection named a time. */
  notBefore: number;
  /** When that rejection was written. */
  rejectedAt: number;
  /** One sending has crossed it: the next one has read it. */
  crossed: boolean;
}

/** What the client owes of a message: nothing any more, an answer to its question, or a receipt. */
const ruleOf = ({ answers, strayed }: Entry): RequirementId => {
  const last = answers.at(-1);
  if (last === undefined) return strayed ? 'IM-1-40' : 'IM-4.1-5';
  if (last.status === 'rejected') return last.unknownCode ? 'IM-4.1-16' : 'IM-4.1-10';
  return 'IM-4.1-8';
};

const isOver = ({ end, receipts, outcomes }: Entry): boolean =>
  end !== undefined || receipts.length > 0 || outcomes.some(({ status }) => status === 'unknown');

const judgeSameness = (context: ClientContext, entry: Entry): void => {
  const { findings } = context;
  if (entry.sendings.length < 2) return;
  for (const id of ['IM-4.1-2', 'IM-4.1-12'] as const) findings.exercise(id);
};

/** An end binds a later start only if its outcome was seen before the kill. */
const bindsAfterKills = (
  { outcomes }: Entry,
  end: NonNullable<Entry['end']>,
  kills: readonly { at: number }[],
): boolean =>
  kills.every((kill) => kill.at < end.at || outcomes.some(({ status, at }) => status === end.status && at < kill.at));

/** Sent after the client was told its end, or after the retry window. */
const judgeEnd = (context: ClientContext, entry: Entry, { at, line, conn }: Sending): void => {
  const { facts } = context;
  const { end, sendings } = entry;
  const opened = facts.connections.openedAt.get(conn) ?? 0;
  const told = entry.outcomes.find(({ status }) => status === end?.status);
  const isKnown = end !== undefined && (told !== undefined || !facts.connections.isCutShort(end));
  // A client that was stopped reads what waited for it after that. What it reported before it was killed it has read.
  const isKnownFromTheStart = told !== undefined && facts.kills.some((kill) => kill.at > told.at && opened > kill.at);
  const readBy = isKnownFromTheStart ? 0 : Math.max(end?.at ?? 0, facts.awakeSince) + READ_MS;
  if (end !== undefined && isKnown && at > readBy && bindsAfterKills(entry, end, facts.kills)) {
    reportEntry(context, 'IM-4.1-7', entry, {
      message: 'a message was sent again after its final answer',
      expected: `no msg:R after it was ${end.status} at ${ms(end.at)}`,
      seen: `msg:R at ${ms(at)}`,
      lines: [end.line, line],
      ...(isKnownFromTheStart ? {} : { late: true }),
    });
  }
  const [first] = sendings;
  const until = (first?.at ?? at) + facts.timers.retryWindowMs + facts.graceMs;
  if (at > until) {
    reportEntry(context, 'IM-4.1-9', entry, {
      message: 'a message was sent again after its retry window',
      expected: `no msg:R later than ${facts.timers.retryWindowMs} ms after the first one`,
      seen: `msg:R at ${ms(at)}`,
      lines: [first?.line ?? line, line],
    });
  }
};

/** The timer of a message: not too early, not too late, and not before the time that a rejection named. */
export const judgeSendings: ClientJudge = (context) => {
  const { facts, findings } = context;
  const runs = new Map<Entry, Run>();
  /** The last sending at which more messages were open than may be asked about at a time: each waits for its turn. */
  let crowdedAt = Number.NEGATIVE_INFINITY;

  const noteCrowd = (at: number): void => {
    let open = 0;
    for (const entry of runs.keys()) if (!isOver(entry)) open += 1;
    if (open > facts.maxUnanswered) crowdedAt = at;
  };

  const lateFor = (entry: Entry, run: Run, until: number): void => {
    if (isOver(entry) || facts.frozen) return;
    const { resendAfterMs, resendMaxMs } = facts.timers;
    const from = Math.max(run.from, facts.awakeSince);
    const due = from + pausesMs(resendAfterMs, resendMaxMs, run.count) * MOST + facts.graceMs;
    const held = run.notBefore + resendMaxMs * MOST + facts.graceMs;
    const turn = crowdedAt + resendMaxMs * MOST + facts.graceMs;
    const dueAt = Math.max(due, turn, run.notBefore > 0 ? held : 0);
    if (until <= dueAt) return;
    const last = entry.sendings.at(-1);
    reportEntry(context, ruleOf(entry), entry, {
      message: 'a message without an end was not sent again in time',
      expected: `a msg:R by ${ms(dueAt)}, for none of its sendings since ${ms(run.from)} brought a receipt`,
      seen: `none until ${ms(until)}`,
      lines: last === undefined ? [] : [last.line],
      late: true,
    });
  };

  const judgePause = (entry: Entry, run: Run, sending: Sending): void => {
    const { resendAfterMs, resendMaxMs } = facts.timers;
    const earliest = run.from + pausesMs(resendAfterMs, resendMaxMs, run.count) * LEAST - READ_LATE_MS;
    if (run.notBefore > 0 && sending.at < run.notBefore - GRAIN_MS) {
      if (!run.crossed && sending.at <= run.rejectedAt + CROSSING_MS) {
        run.crossed = true;
        return;
      }
      reportEntry(context, 'IM-4.1-10', entry, {
        message: 'a message was sent again before the time that its rejection named',
        expected: `no msg:R before ${ms(run.notBefore)}`,
        seen: `msg:R at ${ms(sending.at)}`,
        lines: [sending.line],
        late: true,
      });
      return;
    }
    run.crossed = false;
    if (run.notBefore > 0) findings.exercise(entry.answers.at(-1)?.unknownCode ? 'IM-4.1-16' : 'IM-4.1-10');
    findings.exercise('IM-4.1-5');
    if (entry.strayed && entry.answers.length === 0) findings.exercise('IM-1-40');
    if (entry.answers.some(({ status }) => status !== 'rejected')) findings.exercise('IM-4.1-8');
    // The first sending may have been read late: one pause alone says nothing.
    if (run.count < ENOUGH_PAUSES || sending.at >= earliest) {
      findings.exercise('IM-4.1-6');
      return;
    }
    reportEntry(context, 'IM-4.1-6', entry, {
      message: 'a message was sent again sooner than its pause allows',
      expected: `sending ${run.count + 1} on the connection not before ${ms(earliest)}`,
      seen: `msg:R at ${ms(sending.at)}`,
      lines: [sending.line],
    });
  };

  const closeRuns = (conn: number): void => {
    for (const [entry, run] of runs) {
      if (run.conn !== conn) continue;
      if (facts.connections.open.has(conn)) lateFor(entry, run, facts.at);
      runs.delete(entry);
    }
  };

  return {
    onSending: (entry, sending) => {
      judgeSameness(context, entry);
      judgeEnd(context, entry, sending);
      const run = runs.get(entry);
      if (run === undefined || run.conn !== sending.conn || run.from < facts.awakeSince) {
        const rejection = entry.answers.findLast(({ retryable }) => retryable);
        const isRead = rejection !== undefined && !facts.connections.isCutShort(rejection, CROSSING_MS);
        const held = isRead ? rejection.at + (rejection.retryAfterMs ?? 0) : 0;
        const notBefore = held > sending.at ? held : 0;
        const { at: from, conn } = sending;
        // On a newer connection nothing crosses what came on the older one.
        const fresh = { conn, from, count: 1, notBefore, rejectedAt: 0, crossed: notBefore > 0 };
        if (run === undefined && notBefore > 0 && !isOver(entry)) judgePause(entry, { ...fresh, count: 0 }, sending);
        runs.set(entry, fresh);
        noteCrowd(sending.at);
        return;
      }
      if (!isOver(entry)) {
        lateFor(entry, run, sending.at);
        judgePause(entry, run, sending);
      }
      noteCrowd(sending.at);
      run.count += 1;
      if (!run.crossed) run.notBefore = 0;
    },
    onAnswer: (entry, { at, status, retryable, retryAfterMs = 0 }) => {
      const run = runs.get(entry);
      if (run === undefined || status !== 'rejected' || !retryable) return;
      lateFor(entry, run, at);
      // The newest rejection is the one that the client obeys.
      run.notBefore = at + retryAfterMs;
      run.rejectedAt = at;
    },
    onReceipt: (entry, { at }) => {
      const run = runs.get(entry);
      runs.delete(entry);
      // Only the first one ends the timer.
      if (run !== undefined && entry.receipts.length === 1 && entry.end === undefined) {
        lateFor({ ...entry, receipts: [], end: undefined }, run, at);
      }
    },
    onClosed: ({ conn }) => closeRuns(conn),
    onSilent: ({ conn }) => closeRuns(conn),
    onSubject: ({ event }) => {
      if (event === 'frozen') for (const [entry, run] of runs) lateFor(entry, run, facts.at);
    },
    onSettling: () => {
      for (const conn of facts.connections.open) closeRuns(conn);
    },
  };
};
