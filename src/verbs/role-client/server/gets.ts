import { Type } from '@sinclair/typebox';
import { duration, messages, requirement } from '../../../../schemas/script-values.js';
import type { ServerStage } from '../../../play/server/index.js';
import { recordExpectation, recordUnreached } from '../../../play/step-outcome.js';
import { durationMs, labelsOf } from '../../../script/index.js';
import { allCome } from '../all-come.js';
import { defineVerb } from '../define.js';
import { isRefusedUnsent, refusedTooMany } from '../refused-unsent.js';

const WHAT = ['msg:R', 'ack:R', 'connection', 'attempt'] as const;
type What = (typeof WHAT)[number];

const DEFAULT_REQUIREMENT = {
  'msg:R': 'IM-4.1-5',
  'ack:R': 'IM-4.3-3',
  connection: 'IM-1-30',
  attempt: 'IM-1-30',
} as const;

/** Takes what has arrived and no step has taken, and tells how often it is still missing. */
const missingOf = (stage: ServerStage, what: What, labels: readonly string[], times: number): string[] => {
  const free = stage.arrivals.all.filter((one) => one.what === what && !one.taken);
  if (labels.length === 0) return free.length >= times ? [] : [what];
  const counts = new Map<string, number>();
  for (const { label = '' } of free) counts.set(label, (counts.get(label) ?? 0) + 1);
  return labels.filter((label) => (counts.get(label) ?? 0) < times);
};

const take = (stage: ServerStage, what: What, labels: readonly string[], times: number): void => {
  for (const label of labels.length === 0 ? [undefined] : labels) {
    const fitting = stage.arrivals.all.filter(
      (one) => one.what === what && !one.taken && (label === undefined || one.label === label),
    );
    for (const one of fitting.slice(0, times)) stage.arrivals.take(one);
  }
};

export const gets = defineVerb({
  name: 'gets',
  example: 'gets: msg:R',
  fields: {
    gets: Type.Union(WHAT.map((one) => Type.Literal(one))),
    of: Type.Optional(messages),
    times: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000, description: 'Of each message; default 1.' })),
    within: Type.Optional(duration),
    by: Type.Optional(requirement),
  },
  does: 'Waits for what no step has taken yet: a packet, a connection, or the attempt to make one. Default bound: resendAfterMs, of a connection reconnectMaxMs. Every bound has the jitter of the client and 1 s of slack; where more are waited for than the client has unanswered at a time, it begins anew with each that comes.',
  uses: ({ of }) => labelsOf(of),
  waitMs: ({ within = 0 }, timers) => durationMs(within, timers),
  perform: async (stage, action, place) => {
    const { gets: what, times = 1 } = action;
    const labels = labelsOf(action.of);
    const isPacket = what === 'msg:R' || what === 'ack:R';
    const within = action.within ?? (isPacket ? 'resendAfterMs' : 'reconnectMaxMs');
    const declaredMs = stage.bound(durationMs(within, stage.options.timers));
    // Nobody knows how often a start that goes on was cut before: its pause may be the longest already.
    const isGrown = !isPacket && stage.options.host.standing !== undefined;
    const boundMs = isGrown ? Math.max(declaredMs, times * stage.reconnectBoundMs) : declaredMs;
    const from = performance.now();
    // What the library refused at the hand-over is not waited for, if it has taken others.
    const missing = () => missingOf(stage, what, labels, times).filter((label) => !isRefusedUnsent(stage, label));
    // Where not all may be asked about at a time, each has its turn.
    const takeTurns = labels.length > (stage.options.hello.limits.maxUnanswered ?? 1);
    const wait = (isOver: () => boolean) => stage.waits.until(isOver, boundMs);
    const met = await stage.mustWait(takeTurns ? allCome(missing, wait) : wait(() => missing().length === 0));
    const refused = met ? refusedTooMany(stage, labels) : undefined;
    if (refused !== undefined) return recordUnreached(stage, place, refused.expected, refused.seen);
    const [message] = labels.length === 0 ? [] : missing();
    if (met) take(stage, what, labels, times);
    return recordExpectation(stage, place, {
      requirement: action.by ?? DEFAULT_REQUIREMENT[what],
      expected: `${what}${labels.length === 0 ? '' : ` of ${labels.join(', ')}`}${times === 1 ? '' : `, ${times} times`}, within ${Math.round(boundMs)} ms`,
      seen: met ? 'it came' : `${message === undefined ? '' : `of ${message}: `}nothing that no step has taken`,
      met,
      miss: 'nothing-came',
      waitedMs: performance.now() - from,
      late: true,
      ...(message === undefined ? {} : { message }),
    });
  },
});
