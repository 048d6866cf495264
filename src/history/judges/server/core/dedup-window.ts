import type { Facts } from '../../../facts/facts.js';
import type { TrackedMessage } from '../../../facts/message.js';

/** The record of a delivered message may be gone after the declared window. */
const windowHasPassed = (facts: Facts, message: TrackedMessage): boolean => {
  const { at, timers, policies } = facts;
  const lifetime = message.acks.length > 0 ? undefined : policies.lifetimeOf(message);
  if (lifetime !== undefined && at - lifetime.from >= timers.dedupWindowMs) return true;
  const change = message.acks.find((ack) => ack.answer === 'ok' || ack.answer === 'duplicate')?.at ?? message.told?.at;
  return change !== undefined && at - change >= timers.dedupWindowMs;
};

/** The server may know nothing of the message any more: whatever it answers is right. */
export const isForgivable = (facts: Facts, message: TrackedMessage): boolean =>
  facts.forgetful || windowHasPassed(facts, message);
