import { isAnotherStart } from '../../../facts/client/client-facts.js';
import type { Entry } from '../../../facts/client/entry.js';
import { ms } from '../../../terms/text.js';
import { type ClientJudge, MOST, reportEntry } from '../context.js';

/** A receipt is not read at once. */
const READ_MS = 500;
/** One question is due on each connection, and a user may want to know once more; what goes on after that is a timer. */
const ENOUGH_QUESTIONS = 3;

/** The server holds it, and the client knows no more than that. */
const isStored = ({ end, receipts, outcomes }: Entry): boolean =>
  end === undefined && receipts.length > 0 && !outcomes.some(({ status }) => status === 'unknown');

/** It was let go: the application knows that the server has it, and hears no more. */
const isLetGo = ({ outcomes }: Entry): boolean => outcomes.some(({ status }) => status === 'stored');

/** A question that was due on a connection. */
interface Question {
  readonly at: number;
  /** For how long all places had been taken by then, in ms. */
  readonly fullMs: number;
  readonly line: number;
  readonly conn: number;
}

/** `stored` ends the timer. Who does not let the message go then asks again on each new connection. */
export const judgeStored: ClientJudge = (context) => {
  const { facts, findings } = context;
  const due = new Map<Entry, Question>();
  const missed = new Map<Entry, Question>();
  /** Sendings of a stored message, one after another on one connection. */
  const asked = new Map<Entry, { conn: number; lines: number[] }>();

  /** What asked on the newest connection and has no answer: a question waits for its turn. */
  const unanswered = new Set<object>();
  let fullSince: number | undefined;
  let pastFullMs = 0;
  const fullMs = (): number => pastFullMs + (fullSince === undefined ? 0 : facts.at - fullSince);
  const noteFull = (): void => {
    pastFullMs = fullMs();
    fullSince = unanswered.size >= facts.maxUnanswered ? facts.at : undefined;
  };
  const asks = (one: object): void => {
    unanswered.add(one);
    noteFull();
  };
  const isAnswered = (one: object): void => {
    unanswered.delete(one);
    noteFull();
  };

  const close = (conn: number): void => {
    const { resendMaxMs, retryWindowMs } = facts.timers;
    // Questions take turns, and none is owed after the retry window.
    const dueMs = resendMaxMs * MOST + facts.graceMs;
    for (const [entry, question] of due) {
      if (question.conn !== conn) continue;
      due.delete(entry);
      const over = (entry.sendings[0]?.at ?? 0) + retryWindowMs;
      if (!isStored(entry) || facts.frozen || facts.awakeSince > question.at || facts.at > over) continue;
      if (facts.at > question.at + dueMs + fullMs() - question.fullMs) missed.set(entry, question);
    }
  };
  const reportMissed = (): void => {
    for (const [entry, { at, line }] of missed) {
      if (isLetGo(entry)) continue;
      reportEntry(context, 'IM-4.1-4', entry, {
        message: 'a message that was only stored was neither asked for again nor let go',
        expected: `a msg:R on the connection that opened at ${ms(at)}, or the outcome stored`,
        seen: 'neither',
        lines: [...entry.receipts.slice(-1).map((receipt) => receipt.line), line],
        late: true,
      });
    }
  };

  return {
    onOpen: ({ conn, at }) => {
      unanswered.clear();
      noteFull();
      for (const entry of facts.entries.values())
        if (isStored(entry) && !isLetGo(entry)) due.set(entry, { at, line: facts.line, conn, fullMs: fullMs() });
    },
    onSending: (entry, { conn, at, line }) => {
      asks(entry);
      if (due.delete(entry)) findings.exercise('IM-4.1-4');
      const [receipt] = entry.receipts;
      if (receipt === undefined || !isStored(entry) || at <= Math.max(receipt.at, facts.awakeSince) + READ_MS) return;
      const before = asked.get(entry);
      const lines = before?.conn === conn ? [...before.lines, line] : [line];
      asked.set(entry, { conn, lines });
      if (lines.length !== ENOUGH_QUESTIONS) return;
      reportEntry(context, 'IM-4.1-5', entry, {
        message: 'a message went on being sent after the receipt stored',
        expected: 'no timer after an ack:N: one question on each new connection',
        seen: `${lines.length} times msg:R on one connection, last at ${ms(at)}`,
        lines: [receipt.line, ...lines],
      });
    },
    // A question that was refused for now may be asked again.
    onAnswer: (entry, { status }) => {
      isAnswered(entry);
      if (status === 'rejected') asked.delete(entry);
    },
    onAck: asks,
    onAckAnswer: isAnswered,
    onClosed: ({ conn }) => close(conn),
    onSilent: ({ conn }) => close(conn),
    onSubject: ({ event }) => {
      if (isAnotherStart(event)) due.clear();
    },
    onSettled: () => {
      for (const conn of facts.connections.open) close(conn);
      reportMissed();
    },
  };
};
