import type { Entry } from '../../../facts/client/entry.js';
import { ms } from '../../../terms/text.js';
import { type ClientJudge, LEAST, MOST, reportEntry } from '../context.js';

/** So many reconnects say something together. */
const ENOUGH = 3;

/** A client may take so long to begin on a new connection, whatever its timer is. */
const BEGINS_WITHIN_MS = 150;

/** The retry window of the client began so much earlier than its first sending was seen. */
const SEEN_LATE_MS = 1_000;

/** Nothing final was told to the client, and it has not given up: whether that was too early is judged elsewhere. */
const isAsked = ({ end, receipts, outcomes }: Entry): boolean =>
  end === undefined && receipts.length === 0 && !outcomes.some(({ status }) => status === 'unknown');

const isOpen = (entry: Entry, at: number, windowMs: number): boolean => {
  const { sendings, answers } = entry;
  const [first] = sendings;
  if (!isAsked(entry) || first === undefined) return false;
  if (at > first.at + windowMs - SEEN_LATE_MS) return false;
  const last = answers.at(-1);
  return last?.status !== 'rejected' || last.at + (last.retryAfterMs ?? 0) < at;
};

/** It has been sent, and the server has not said anything of it that arrived. */
const isUnheard = ({ answers, receipts, handed }: Entry): boolean =>
  handed !== undefined && answers.length === 0 && receipts.length === 0;
const orderOf = ({ handed }: Entry): number => handed?.order ?? 0;

/** What must be sent on a connection, because it was open when that began. */
interface Waiting {
  readonly conn: number;
  readonly at: number;
  readonly line: number;
  /** Not sent on it yet. */
  readonly entries: Set<Entry>;
  /** More were open than may be asked about at a time: each waits for its turn. */
  readonly isCrowd: boolean;
  /** When anything of a message was last heard or said on it: turns go on. */
  movedAt: number;
}

/** What has no final answer is sent again at once after a reconnect, each message of them. */
export const judgeReconnects: ClientJudge = (context) => {
  const { facts, findings } = context;
  const delays: { ms: number; line: number }[] = [];
  let waiting: Waiting | undefined;
  const missed = (): void => {
    if (waiting === undefined || facts.frozen || facts.awakeSince > waiting.at) return;
    const { resendAfterMs, resendMaxMs } = facts.timers;
    const [since, pause] = waiting.isCrowd ? [waiting.movedAt, resendMaxMs * MOST] : [waiting.at, resendAfterMs];
    const open = [...waiting.entries].filter(isAsked);
    const [first] = open;
    if (facts.at - since <= pause + facts.graceMs || first === undefined) return;
    findings.report({
      requirement: facts.kills.length > 0 && facts.isDurable ? 'IM-4.1-1' : 'IM-4.1-4',
      message: 'what had no final answer was not sent again after a reconnect',
      expected: `a msg:R of each at once after the connection opened at ${ms(waiting.at)}`,
      seen: `none of ${first.msgId} until ${ms(facts.at)}`,
      where: `${open.length} messages were open`,
      events: [waiting.line],
      about: { from: 'subject', msgId: first.msgId },
    });
  };
  /** One that waits for a timer waits each time; one on a busy machine is late now and then. */
  const waited = (): void => {
    if (delays.length < ENOUGH) return;
    const sorted = delays.map((one) => one.ms).sort((a, b) => a - b);
    const quarter = sorted[Math.floor(sorted.length / 4)] ?? 0;
    if (quarter <= Math.max(facts.timers.resendAfterMs * LEAST, BEGINS_WITHIN_MS)) return;
    findings.report({
      requirement: 'IM-4.1-4',
      message: 'after reconnects the client waited before it sent again what had no final answer',
      expected: `at once, and not after the pause of a timer (${facts.timers.resendAfterMs} ms)`,
      seen: `${Math.round(quarter)} ms or more in three quarters of ${delays.length} reconnects`,
      where: 'between the opening of a connection and the first msg:R on it',
      events: delays.map(({ line }) => line),
      about: undefined,
    });
  };
  /** Of what nobody has answered yet, the later message may not overtake the earlier one. */
  const overtaken = (entry: Entry, { entries }: Waiting): Entry | undefined => {
    const { at, timers } = facts;
    const mustCome = (one: Entry): boolean => isUnheard(one) && isOpen(one, at, timers.retryWindowMs);
    return isUnheard(entry) ? [...entries].find((one) => mustCome(one) && orderOf(one) < orderOf(entry)) : undefined;
  };
  const tellOvertaken = (entry: Entry, earlier: Entry): void =>
    reportEntry(context, 'IM-4.1-4', entry, {
      message: 'after a reconnect a message was sent again before one that was handed over earlier',
      expected: `${earlier.msgId} first, which nobody had answered either`,
      seen: `msg:R ${entry.msgId} at ${ms(facts.at)}`,
      lines: [...(waiting === undefined ? [] : [waiting.line]), facts.line],
    });
  const moved = ({ sendings }: Entry): void => {
    if (waiting !== undefined && sendings.at(-1)?.conn === waiting.conn) waiting.movedAt = facts.at;
  };
  return {
    onOpen: ({ conn, at }) => {
      const entries = new Set([...facts.entries.values()].filter((one) => isOpen(one, at, facts.timers.retryWindowMs)));
      const isCrowd = entries.size > facts.maxUnanswered;
      waiting = entries.size === 0 ? undefined : { conn, at, line: facts.line, entries, isCrowd, movedAt: at };
    },
    onSending: (entry, { conn, at }) => {
      moved(entry);
      if (waiting?.conn !== conn || !waiting.entries.delete(entry)) return;
      findings.exercise('IM-4.1-4');
      const earlier = overtaken(entry, waiting);
      if (earlier !== undefined) tellOvertaken(entry, earlier);
      if (facts.kills.length > 0 && facts.isDurable) findings.exercise('IM-4.1-1');
      // It had to wait for its turn while others took all the places.
      if (facts.connections.requestsOn(conn) > facts.maxUnanswered || delays.at(-1)?.line === waiting.line) return;
      delays.push({ ms: at - waiting.at, line: waiting.line });
    },
    onAnswer: moved,
    onReceipt: moved,
    onClosed: ({ conn }) => {
      if (waiting?.conn !== conn) return;
      missed();
      waiting = undefined;
    },
    onSubject: ({ event }) => {
      if (event !== 'clock') waiting = undefined;
    },
    onSettled: () => {
      missed();
      waited();
    },
  };
};
