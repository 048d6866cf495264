import type { Entry } from '../../../facts/client/entry.js';
import { ms } from '../../../terms/text.js';
import { type ClientJudge, LEAST } from '../context.js';

/** So many reconnects make a median. */
const ENOUGH = 3;

/** The retry window of the client began so much earlier than its first sending was seen. */
const SEEN_LATE_MS = 1_000;

const isOpen = ({ end, receipts, sendings, answers }: Entry, at: number, windowMs: number): boolean => {
  const [first] = sendings;
  if (end !== undefined || receipts.length > 0 || first === undefined) return false;
  if (at > first.at + windowMs - SEEN_LATE_MS) return false;
  const last = answers.at(-1);
  return last?.status !== 'rejected' || last.at + (last.retryAfterMs ?? 0) < at;
};

/** What has no final answer is sent again at once after a reconnect. */
export const judgeReconnects: ClientJudge = ({ facts, findings }) => {
  const delays: { ms: number; line: number }[] = [];
  let waiting: { conn: number; at: number; line: number; entries: Entry[] } | undefined;
  const missed = (): void => {
    if (waiting === undefined || facts.frozen || facts.awakeSince > waiting.at) return;
    const bound = facts.timers.resendAfterMs + facts.graceMs;
    const open = waiting.entries.find((entry) => entry.end === undefined && entry.receipts.length === 0);
    if (facts.at - waiting.at <= bound || open === undefined) return;
    findings.report({
      requirement: facts.kills.length > 0 && facts.isDurable ? 'IM-4.1-1' : 'IM-4.1-4',
      message: 'what had no final answer was not sent again after a reconnect',
      expected: `a msg:R at once after the connection opened at ${ms(waiting.at)}`,
      seen: `none until ${ms(facts.at)}`,
      where: `${waiting.entries.length} messages were open`,
      events: [waiting.line],
      about: { from: 'subject', msgId: open.msgId },
    });
  };
  const median = (): void => {
    if (delays.length < ENOUGH) return;
    const sorted = delays.map((one) => one.ms).sort((a, b) => a - b);
    const middle = sorted[Math.floor(sorted.length / 2)] ?? 0;
    if (middle <= facts.timers.resendAfterMs * LEAST) return;
    findings.report({
      requirement: 'IM-4.1-4',
      message: 'after reconnects the client waited before it sent again what had no final answer',
      expected: `at once, and not after the pause of a timer (${facts.timers.resendAfterMs} ms)`,
      seen: `${Math.round(middle)} ms in the median of ${delays.length} reconnects`,
      where: 'between the opening of a connection and the first msg:R on it',
      events: delays.map(({ line }) => line),
      about: undefined,
    });
  };
  return {
    onOpen: ({ conn, at }) => {
      const entries = [...facts.entries.values()].filter((entry) => isOpen(entry, at, facts.timers.retryWindowMs));
      waiting = entries.length === 0 ? undefined : { conn, at, line: facts.line, entries };
    },
    onSending: (entry, { conn, at }) => {
      if (waiting?.conn !== conn || !waiting.entries.includes(entry)) return;
      findings.exercise('IM-4.1-4');
      if (facts.kills.length > 0 && facts.isDurable) findings.exercise('IM-4.1-1');
      delays.push({ ms: at - waiting.at, line: facts.line });
      waiting = undefined;
    },
    onClosed: ({ conn }) => {
      if (waiting?.conn !== conn) return;
      missed();
      waiting = undefined;
    },
    onSubject: () => {
      waiting = undefined;
    },
    onSettled: () => {
      missed();
      median();
    },
  };
};
