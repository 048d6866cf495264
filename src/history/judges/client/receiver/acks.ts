import { isRetryable } from '../../../facts/client/client-facts.js';
import type { PushOf } from '../../../facts/client/entry.js';
import { ms } from '../../../terms/text.js';
import { type ClientJudge, GRAIN_MS, MOST, pausesMs, reportPush } from '../context.js';

/** An ack may cross the rejection of the one before it: the client had not read it yet. */
const CROSSING_MS = 200;
/** An ack:A is not read at once. */
const READ_MS = 500;

/** Each copy may be answered, and a client that stood still reads them late: as many acks as copies are no repeats. */
const mayAnswerCopy = ({ pushed, acks }: PushOf, conn: number, line: number): boolean => {
  const copies = pushed.filter((copy) => copy.conn === conn).length;
  const before = acks.filter((ack) => ack.conn === conn && ack.line < line).length;
  return before < copies;
};

/** Acks of one push on one connection, one after another. */
interface Run {
  readonly conn: number;
  readonly from: number;
  count: number;
  /** A rejection named this time. */
  notBefore: number;
  /** It was retryable: without a push nothing may come before. */
  binds: boolean;
  rejectedAt: number;
  /** One ack has crossed that rejection: the next one has read it. */
  crossed: boolean;
}

/** Every push is answered; the ack is sent again until its answer, and not after. */
export const judgeAcks: ClientJudge = (context) => {
  const { facts, findings } = context;
  /** Pushes that no ack has followed: since when. */
  const owed = new Map<PushOf, { at: number; line: number; conn: number }>();
  /** The connection that was opened last. */
  let newest: number | undefined;
  /** Acks without an answer: their timer on this connection. */
  const runs = new Map<PushOf, Run>();

  /** When the newest first ack of each connection was read: until then the client had not read what came after its push. */
  const reachedAt = new Map<number, number>();
  /** When something was last sent or answered while more waited than may be asked about at a time: turns go on. */
  let crowdedAt = Number.NEGATIVE_INFINITY;

  /** More asks are open on the connection than the client has at a time: an ack waits for its turn. */
  const isCrowd = (conn: number): boolean => {
    const asking = [...facts.entries.values()].filter(({ sendings, answers, end }) => {
      const last = sendings.at(-1);
      return end === undefined && last?.conn === conn && (answers.at(-1)?.line ?? -1) < last.line;
    });
    const acking = [...owed.values(), ...runs.values()].filter((one) => one.conn === conn);
    return asking.length + acking.length > facts.maxUnanswered;
  };
  const noteCrowd = (conn: number): void => {
    if (isCrowd(conn)) crowdedAt = facts.at;
  };
  /** Until when an ack that was due must have come: it may have had to wait for its turn. */
  const turnBy = (dueAt: number): number =>
    Math.max(dueAt, crowdedAt + facts.timers.resendMaxMs * MOST + facts.graceMs);

  const judgeOwed = (push: PushOf): void => {
    const since = owed.get(push);
    if (since === undefined || facts.frozen || !facts.connections.open.has(since.conn)) return;
    const from = Math.max(since.at, facts.awakeSince);
    if (facts.at <= turnBy(from + facts.graceMs)) return;
    owed.delete(push);
    reportPush(context, 'IM-4.3-3', push, {
      message: 'a push was not answered',
      expected: `an ack:R for ${push.serverMsgId} by ${ms(from + facts.graceMs)}`,
      seen: `none until ${ms(facts.at)}`,
      lines: [since.line],
      late: true,
    });
  };
  const judgeRun = (push: PushOf): void => {
    const run = runs.get(push);
    if (run === undefined || push.settled !== undefined || facts.frozen || !facts.connections.open.has(run.conn))
      return;
    const { resendAfterMs, resendMaxMs } = facts.timers;
    const from = Math.max(run.from, facts.awakeSince, run.notBefore);
    const count = run.notBefore > 0 ? run.count + 1 : run.count;
    const dueAt = turnBy(from + pausesMs(resendAfterMs, resendMaxMs, count) * MOST + facts.graceMs);
    if (facts.at <= dueAt) return;
    runs.delete(push);
    reportPush(context, push.strayed ? 'IM-1-40' : 'IM-4.3-4', push, {
      message: 'an ack without an answer was not sent again in time',
      expected: `an ack:R for ${push.serverMsgId} by ${ms(dueAt)}`,
      seen: `none until ${ms(facts.at)}`,
      lines: push.acks.slice(-1).map(({ line }) => line),
      late: true,
    });
  };
  const judgeEarly = (push: PushOf, run: Run, line: number): void => {
    if (run.notBefore === 0 || !run.binds) return;
    if (facts.at >= run.notBefore - GRAIN_MS) {
      findings.exercise('IM-4.3-10');
      return;
    }
    const crosses = facts.at <= Math.max(run.rejectedAt, facts.awakeSince) + CROSSING_MS;
    if (crosses && !run.crossed) {
      run.crossed = true;
      return;
    }
    reportPush(context, 'IM-4.3-10', push, {
      message: 'an ack was sent again before the time that its rejection named',
      expected: `no ack:R before ${ms(run.notBefore)}, unless the message is pushed again`,
      seen: `ack:R at ${ms(facts.at)}`,
      lines: [line],
      late: true,
    });
  };
  /** Packets are read one after another: the answer not before the pushes that came before it, however many these are. */
  const readBy = ({ at }: { at: number }, conn: number): number =>
    Math.max(at, facts.awakeSince, reachedAt.get(conn) ?? 0, crowdedAt >= at ? turnBy(at) : 0) + READ_MS;
  const judgeAll = (conn: number): void => {
    for (const [push, since] of owed) if (since.conn === conn) judgeOwed(push);
    for (const [push, run] of runs) if (run.conn === conn) judgeRun(push);
  };
  const forget = (conn: number): void => {
    judgeAll(conn);
    for (const [push, since] of owed) if (since.conn === conn) owed.delete(push);
    for (const [push, run] of runs) if (run.conn === conn) runs.delete(push);
  };

  return {
    onOpen: ({ conn }) => {
      newest = conn;
      // What the older connection brought is ignored from now on (IM-4.3-7), and pushed again on the newer one.
      for (const one of facts.connections.open) if (one !== conn) forget(one);
    },
    onPush: (push) => {
      const pushed = push.pushed.at(-1);
      if (pushed === undefined || owed.has(push)) return;
      if (newest === undefined || pushed.conn === newest) owed.set(push, pushed);
    },
    onAck: (push, { at, conn, line }) => {
      const isAnswer = owed.has(push);
      noteCrowd(conn);
      judgeOwed(push);
      owed.delete(push);
      if (isAnswer && !push.isWord) findings.exercise('IM-4.3-3');
      if (isAnswer) reachedAt.set(conn, at);
      const run = runs.get(push);
      if (run?.conn === conn) {
        if (!isAnswer && !mayAnswerCopy(push, conn, line)) judgeEarly(push, run, line);
        judgeRun(push);
        run.count += 1;
        run.notBefore = 0;
        if (!isAnswer) findings.exercise('IM-4.3-4');
        if (!isAnswer && push.strayed && push.settled === undefined) findings.exercise('IM-1-40');
      } else runs.set(push, { conn, from: at, count: 1, notBefore: 0, binds: false, rejectedAt: 0, crossed: false });
      const { settled } = push;
      if (settled === undefined || isAnswer || at <= readBy(settled, conn)) return;
      // What came before its answer is not read yet.
      if ([...owed.values()].some((one) => one.conn === conn && one.line < settled.line)) return;
      if (mayAnswerCopy(push, conn, line) || facts.connections.isCutShort(settled)) return;
      // A kill may come before the answer is noted. Who is told to end has read it, and keeps what is durable.
      const endings = facts.kills.filter((end) => end.at > settled.at);
      if (endings.some(({ wasTold }) => !wasTold)) return;
      reportPush(context, 'IM-4.3-4', push, {
        message: 'an ack was sent again after its answer',
        expected: `no ack:R after the ack:A at ${ms(settled.at)}`,
        seen: `ack:R at ${ms(at)}`,
        lines: [settled.line, line],
        ...(endings.length > 0 ? {} : { late: true }),
      });
    },
    onAckAnswer: (push, { status, error }) => {
      const run = runs.get(push);
      if (status === 'rejected' && error?.code !== 'unknown-message') {
        const notBefore = facts.at + (error?.retryAfterMs ?? 0);
        if (run) Object.assign(run, { notBefore, binds: isRetryable(error), rejectedAt: facts.at });
        return;
      }
      // Late was late, also if the answer comes at last.
      if (push.settled?.line === facts.line) {
        const { settled } = push;
        push.settled = undefined;
        judgeRun(push);
        push.settled = settled;
      }
      runs.delete(push);
    },
    onClosed: ({ conn }) => forget(conn),
    onSilent: ({ conn }) => forget(conn),
    onSettling: () => {
      for (const conn of facts.connections.open) judgeAll(conn);
    },
    onSettled: () => {
      for (const conn of facts.connections.open) judgeAll(conn);
    },
  };
};
