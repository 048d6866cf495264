import type { RequirementId } from '../../../../schemas/index.js';
import type { ClientFacts } from '../../facts/client/client-facts.js';
import type { Entry, PushOf } from '../../facts/client/entry.js';
import type { ClientHears } from '../../facts/client/listener.js';
import { ms } from '../../terms/text.js';
import type { Findings } from '../findings.js';

export interface ClientContext {
  readonly facts: ClientFacts;
  readonly findings: Findings;
}

export type ClientJudge = (context: ClientContext) => ClientHears;

interface Broken {
  message: string;
  expected: string;
  seen: string;
  lines?: readonly number[];
  late?: true;
}

/** How far a message of the client is known to have come. */
export const journeyOf = ({ sendings, answers, receipts, outcomes }: Entry): string => {
  const [first] = sendings;
  const last = sendings.at(-1);
  const parts = [
    first === undefined ? 'never sent' : `first sent at ${ms(first.at)}`,
    ...(last !== undefined && sendings.length > 1 ? [`sent ${sendings.length} times, last at ${ms(last.at)}`] : []),
    ...answers.slice(-1).map(({ status, at }) => `answered ${status} at ${ms(at)}`),
    ...receipts.slice(-1).map(({ status, at }) => `told ${status} at ${ms(at)}`),
    ...outcomes.slice(-1).map(({ status, at }) => `reported ${status} at ${ms(at)}`),
  ];
  return parts.join(', ');
};

/** How far a push is known to have come. */
export const journeyOfPush = ({ pushed, acks, settled }: PushOf): string => {
  const [first] = pushed;
  const parts = [
    first === undefined ? 'never pushed' : `pushed at ${ms(first.at)}`,
    ...(pushed.length > 1 ? [`pushed ${pushed.length} times`] : []),
    ...acks.slice(0, 1).map(({ at }) => `acked at ${ms(at)}`),
    ...(settled === undefined ? [] : [`its ack answered at ${ms(settled.at)}`]),
  ];
  return parts.join(', ');
};

/** Tells of a broken rule about a message that the client sent. */
export const reportEntry = (
  { facts, findings }: ClientContext,
  id: RequirementId,
  entry: Entry,
  broken: Broken,
): void => {
  const { lines = [facts.line], late, ...rest } = broken;
  findings.report({
    requirement: id,
    ...rest,
    where: journeyOf(entry),
    events: [...lines],
    about: { from: 'subject', msgId: entry.msgId },
    ...(late === undefined ? {} : { late }),
  });
};

/** Tells of a broken rule about a message that was pushed to the client. */
export const reportPush = (
  { facts, findings }: ClientContext,
  id: RequirementId,
  push: PushOf,
  broken: Broken,
): void => {
  const { lines = [facts.line], late, ...rest } = broken;
  findings.report({
    requirement: id,
    ...rest,
    where: journeyOfPush(push),
    events: [...lines],
    about: { from: push.from, msgId: push.msgId },
    ...(late === undefined ? {} : { late }),
  });
};

/** The sum of the first `count` pauses of a timer that doubles. */
export const pausesMs = (firstMs: number, maxMs: number, count: number): number => {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += Math.min(firstMs * 2 ** Math.min(i, 40), maxMs);
  return sum;
};

/** After these close codes and HTTP statuses a client may stay away for good (1.5). */
export const MAY_STAY_AWAY: ReadonlySet<number> = new Set([401, 403, 1008]);
/** Jitter of every pause. */
export const LEAST = 0.8;
export const MOST = 1.2;
/** Clocks and timers have a grain; nothing is early because of it. */
export const GRAIN_MS = 15;
