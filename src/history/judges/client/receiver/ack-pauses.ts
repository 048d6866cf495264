import type { Ack, PushOf } from '../../../facts/client/entry.js';
import { ms } from '../../../terms/text.js';
import { type ClientJudge, LEAST, pausesMs, reportPush } from '../context.js';

/** So much later than it was sent an ack may be read, where a sum of pauses is judged. */
const READ_LATE_MS = 200;
/** Pauses that say something together. */
const ENOUGH_PAUSES = 3;

/** Acks of one push on one connection, one after another, without an answer. */
interface Pace {
  readonly conn: number;
  readonly from: number;
  count: number;
}

/**
 * The pauses between the acks of one push (IM-4.3-11). What the timer of a client does with a second push on the same
 * connection, with a rejection, with a freeze, or while more waits than it may ask at a time, is left to its author:
 * the ack after that says nothing, and the one after it begins anew.
 */
export const judgeAckPauses: ClientJudge = (context) => {
  const { facts, findings } = context;
  const paces = new Map<PushOf, Pace>();
  /** Their next ack may have another cause than a timer. */
  const unclear = new Set<PushOf>();

  const isCrowd = (): boolean => {
    const asking = [...facts.entries.values()].filter(
      ({ end, receipts }) => end === undefined && receipts.length === 0,
    );
    const acking = [...facts.pushes.values()].filter(({ settled }) => settled === undefined);
    return asking.length + acking.length > facts.maxUnanswered;
  };
  const beginAnew = (push: PushOf): void => {
    paces.delete(push);
    unclear.add(push);
  };
  const judgePause = (push: PushOf, { from, count }: Pace, { at, line }: Ack): void => {
    if (count < ENOUGH_PAUSES) return;
    const { resendAfterMs, resendMaxMs } = facts.timers;
    const earliest = from + pausesMs(resendAfterMs, resendMaxMs, count) * LEAST - READ_LATE_MS;
    if (at >= earliest) {
      findings.exercise('IM-4.3-11');
      return;
    }
    reportPush(context, 'IM-4.3-11', push, {
      message: 'an ack was sent again sooner than its pause allows',
      expected: `ack ${count + 1} on the connection not before ${ms(earliest)}`,
      seen: `ack:R at ${ms(at)}`,
      lines: [line],
      late: true,
    });
  };
  const forget = (conn: number): void => {
    for (const [push, pace] of paces) if (pace.conn === conn) paces.delete(push);
    unclear.clear();
  };

  return {
    onAck: (push, ack) => {
      const { at, conn } = ack;
      if (push.settled !== undefined || unclear.delete(push)) return;
      const pace = paces.get(push);
      if (pace?.conn !== conn) {
        paces.set(push, { conn, from: at, count: 1 });
        return;
      }
      // Each copy is answered, perhaps late.
      const isPushedAgain = push.pushed.filter((copy) => copy.conn === conn).length > 1;
      if (isPushedAgain || isCrowd()) {
        beginAnew(push);
        return;
      }
      judgePause(push, pace, ack);
      pace.count += 1;
    },
    onAckAnswer: beginAnew,
    onClosed: ({ conn }) => forget(conn),
    onSilent: ({ conn }) => forget(conn),
    onSubject: ({ event }) => {
      if (event === 'continued') for (const push of [...paces.keys()]) beginAnew(push);
    },
  };
};
