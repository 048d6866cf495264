import type { RequirementId } from '../../../../../schemas/index.js';
import { isAnotherStart } from '../../../facts/client/client-facts.js';
import { ms } from '../../../terms/text.js';
import { type ClientJudge, GRAIN_MS, LEAST, MAY_STAY_AWAY, MOST } from '../context.js';

const SLOW_CODES: ReadonlySet<number> = new Set([1002, 1003, 1007, 1008, 1009, 4400]);
const SLOW_STATUSES: ReadonlySet<number> = new Set([401, 403]);
const REPLACED = 4409;
/** How an end looks to who cannot see why. */
const UNSEEN = 1006;
/** The two ends may see the same connection so much longer or shorter than each other. */
const SEEN_OTHERWISE_MS = 300;
/** So many ends that the client made in a row say something together, and so much sooner it may have made the first one. */
const OWN_ENDS = 4;
const HEARD_LATE_MS = 500;

interface End {
  readonly at: number;
  readonly line: number;
  /** The close code, or the HTTP status. */
  readonly code: number;
  /** The client has a reason to stay away for its longest pause, and knows it. */
  readonly slow: boolean;
  /** The pause that is due by now: the shortest that the client may have, and the longest. */
  readonly leastMs: number;
  readonly mostMs: number;
  /** Perhaps it lasted long enough: then the next attempt may come at once. */
  readonly lasted: boolean;
  readonly retryAfterMs: number;
  /** The client could not notice it before this time has passed. */
  readonly unnoticedMs: number;
  /** The kit knows when it ended: of an end by the client it may have heard late. */
  readonly byKit: boolean;
}

/** What else the client may have seen of an end. */
interface Seen extends Partial<Pick<End, 'unnoticedMs'>> {
  readonly retryAfterMs?: number | undefined;
  /** It may take it for one after which it stays away for its longest pause. */
  readonly perhapsSlow?: boolean;
}

/** A client comes back, with growing pauses, and not to where it was sent away from. */
export const judgeConnections: ClientJudge = ({ facts, findings }) => {
  let end: End | undefined;
  /** How far the pauses have grown: where the kit cannot know, as little and as much as they may have. */
  let grown = { least: 0, most: 0 };
  /** Its start is in this history: else nobody knows how far its pauses have grown. */
  let isCounted = false;
  let offline = false;
  let openedAt = 0;
  let live: number | undefined;
  /** It tries to connect, and no answer has come: what ends meanwhile is no reason for another attempt. */
  let isTrying = false;
  let silentAt: { at: number; line: number } | undefined;
  /** Until then the kit did not listen: what the client tried meanwhile is in no history. */
  let absentUntil = 0;
  /** Ends that the client made by itself, one soon after another: when, and on which line. */
  let ownEnds: { at: number; line: number }[] = [];
  /** What asked on the newest connection and has no answer. */
  const unanswered = new Set<object>();

  const report = (requirement: RequirementId, one: End, message: string, expected: string, missing = false): void =>
    findings.report({
      requirement,
      message,
      expected,
      seen: missing ? `no attempt until ${ms(facts.at)}` : `an attempt at ${ms(facts.at)}`,
      where: `after the end with ${one.code} at ${ms(one.at)}`,
      events: [one.line, facts.line],
      about: undefined,
      // Too early or too late: a busy machine may show either, and a second look tells.
      ...(one.code === REPLACED ? {} : { late: true as const }),
    });

  const pauseMs = (attempts: number): number => {
    const { reconnectAfterMs, reconnectMaxMs } = facts.timers;
    return Math.min(reconnectAfterMs * 2 ** Math.min(attempts, 40), reconnectMaxMs);
  };

  /** How much longer or shorter a connection may have lasted for the client. */
  const otherwise = (): number => Math.min(SEEN_OTHERWISE_MS, facts.timers.reconnectMaxMs / 4);

  const noteEnd = (code: number, byKit: boolean, seen: Seen = {}): void => {
    const { retryAfterMs = 0, unnoticedMs = 0, perhapsSlow = false } = seen;
    const { reconnectMaxMs } = facts.timers;
    const lastedMs = live === undefined ? 0 : facts.at - openedAt;
    const lasted = live !== undefined && lastedMs >= reconnectMaxMs - otherwise();
    if (lasted) grown.least = 0;
    if (lastedMs >= reconnectMaxMs + otherwise()) {
      grown.most = 0;
      isCounted = true;
    }
    const slow = SLOW_CODES.has(code) || SLOW_STATUSES.has(code);
    const leastMs = slow ? reconnectMaxMs : pauseMs(grown.least);
    const mostMs = slow || perhapsSlow ? reconnectMaxMs : pauseMs(grown.most);
    // A client that goes offline by itself begins anew.
    // Whether the longest pause in between lets the usual ones grow is not said.
    grown = offline
      ? { least: 0, most: 0 }
      : { least: grown.least + (slow || perhapsSlow ? 0 : 1), most: grown.most + 1 };
    end = { at: facts.at, line: facts.line, code, slow, leastMs, mostMs, lasted, retryAfterMs, unnoticedMs, byKit };
  };

  const judgeEarly = (one: End): void => {
    const gap = facts.at - one.at;
    const { slow, leastMs } = one;
    if (one.code === REPLACED) {
      report('IM-1-31', one, 'the client came back after a newer connection had replaced it', 'no attempt by itself');
    } else if (gap < one.retryAfterMs - GRAIN_MS) {
      report('IM-1-33', one, 'the client came back before Retry-After', `no attempt for ${one.retryAfterMs} ms`);
    } else if (slow && gap < leastMs * LEAST - GRAIN_MS) {
      report('IM-1-34', one, 'the client came back at once', `a pause of ${leastMs} ms`);
    } else if (!slow && one.byKit && !one.lasted && !offline && gap < leastMs * LEAST - GRAIN_MS) {
      report('IM-1-32', one, 'the client came back sooner than its pause allows', `a pause of ${leastMs} ms`);
    } else {
      findings.exercise('IM-1-30');
      if (one.retryAfterMs > 0) findings.exercise('IM-1-33');
      if (slow) findings.exercise('IM-1-34');
      else if (one.byKit && !one.lasted && !offline) findings.exercise('IM-1-32');
    }
  };

  /** The kit may hear late of an end that the client made: only several of them together are judged. */
  const judgeOwnEnds = (): void => {
    const [first] = ownEnds;
    if (first === undefined || ownEnds.length < OWN_ENDS) return;
    const pauses = ownEnds.reduce((sum, _, attempts) => sum + pauseMs(attempts), 0);
    if (facts.at >= first.at + pauses * LEAST - HEARD_LATE_MS) return;
    findings.report({
      requirement: 'IM-1-32',
      message: 'the client ended its connections and came back, sooner than its pauses allow',
      expected: `${ownEnds.length} pauses of ${ms(pauses)} in all`,
      seen: `${ownEnds.length} connections in ${ms(facts.at - first.at)}`,
      where: 'the kit had ended none of them',
      events: [...ownEnds.map(({ line }) => line), facts.line],
      about: undefined,
      late: true,
    });
    ownEnds = [];
  };

  /** A client that leaves a connection which is well: at its end, or by a newer one. */
  const noteOwnEnd = (): void => {
    if (offline || facts.frozen) ownEnds = [];
    else if (end === undefined && live !== undefined && facts.at - openedAt < facts.timers.reconnectMaxMs - otherwise())
      ownEnds.push({ at: facts.at, line: facts.line });
    else if (end !== undefined && !end.byKit && !end.lasted) ownEnds.push({ at: end.at, line: end.line });
    else ownEnds = [];
    judgeOwnEnds();
  };

  const judgeLate = (one: End): void => {
    if (one.code === REPLACED || MAY_STAY_AWAY.has(one.code) || offline || facts.frozen) return;
    const from = Math.max(one.at, facts.awakeSince, absentUntil);
    const longestMs = isCounted && absentUntil <= one.at ? one.mostMs : facts.timers.reconnectMaxMs;
    const dueAt = from + Math.max(longestMs * MOST, one.retryAfterMs) + one.unnoticedMs + facts.graceMs;
    if (facts.at <= dueAt) return;
    report('IM-1-30', one, 'the client did not come back', `an attempt by ${ms(dueAt)}`, true);
  };

  const judgeSilence = (cameBack: boolean): void => {
    if (silentAt === undefined || facts.frozen) return;
    // Who cannot ping notices it only while a request is unanswered.
    if (!facts.can.includes('ping') && unanswered.size === 0) {
      silentAt = undefined;
      return;
    }
    const { deadAfterMs, reconnectMaxMs } = facts.timers;
    const from = Math.max(silentAt.at, facts.awakeSince);
    const dueAt = from + deadAfterMs * MOST + reconnectMaxMs * MOST + facts.graceMs;
    if (facts.at <= dueAt) {
      if (cameBack) findings.exercise('IM-1-37');
    } else {
      findings.report({
        requirement: 'IM-1-37',
        message: 'the client kept a connection on which nothing came',
        expected: `a new connection by ${ms(dueAt)}`,
        seen: `none until ${ms(facts.at)}`,
        where: `the server fell silent at ${ms(silentAt.at)}`,
        events: [silentAt.line, facts.line],
        about: undefined,
        late: true,
      });
    }
    silentAt = undefined;
  };

  return {
    onOpening: () => {
      isTrying = true;
      if (silentAt === undefined) noteOwnEnd();
      else ownEnds = [];
      judgeSilence(true);
      if (end === undefined) return;
      judgeLate(end);
      judgeEarly(end);
      end = undefined;
    },
    onOpen: ({ conn, at }) => {
      isTrying = false;
      live = conn;
      openedAt = at;
      offline = false;
      unanswered.clear();
    },
    onRefused: ({ status, refusal, retryAfterMs }) => {
      isTrying = false;
      // It opens a newer connection before it ends the older one, and has that one still.
      if (live !== undefined && facts.connections.open.has(live)) return;
      live = undefined;
      // A page in a browser sees neither the status nor a header of a refused upgrade.
      if (status !== undefined && !facts.can.includes('status')) noteEnd(UNSEEN, true);
      else
        noteEnd(status ?? 0, true, { retryAfterMs, unnoticedMs: refusal === 'timeout' ? facts.timers.deadAfterMs : 0 });
    },
    onSilent: () => {
      silentAt = { at: facts.at, line: facts.line };
    },
    onClosed: ({ conn, by, code }) => {
      if (conn !== live || silentAt !== undefined) return;
      // To a client that closes with a code of a fault, its own code is what it sees.
      if (!isTrying)
        noteEnd(by === 'subject' ? 1000 : (code ?? 1006), by === 'kit', { perhapsSlow: SLOW_CODES.has(code ?? 0) });
      live = undefined;
    },
    onSending: (entry) => void unanswered.add(entry),
    onAnswer: (entry) => void unanswered.delete(entry),
    onReceipt: (entry) => void unanswered.delete(entry),
    onAck: (push) => void unanswered.add(push),
    onAckAnswer: (push) => void unanswered.delete(push),
    onPush: (push) => {
      // The client was told to go offline for a while: it comes back when that is over.
      if (push.isWord && push.body.includes('"disconnect"')) offline = true;
    },
    onFault: ({ fault, fired }) => {
      // Only who does not listen cuts without a code; other faults of that name end a connection that the kit goes on to offer.
      if (fault !== 'disconnect' || !fired || end?.code !== UNSEEN) return;
      absentUntil = facts.at;
      isCounted = false;
    },
    onSubject: ({ event }) => {
      if (!isAnotherStart(event)) return;
      end = undefined;
      isTrying = false;
      silentAt = undefined;
      live = undefined;
      grown = { least: 0, most: 0 };
      isCounted = true;
      ownEnds = [];
    },
    onSettled: () => {
      judgeSilence(false);
      if (end?.code === REPLACED) findings.exercise('IM-1-31');
      if (end !== undefined) judgeLate(end);
    },
  };
};
