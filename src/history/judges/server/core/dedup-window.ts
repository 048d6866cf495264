import type { Device } from '../../../facts/connection.js';
import type { Facts } from '../../../facts/facts.js';
import { type MsgAttempt, recipientOf, type TrackedMessage } from '../../../facts/message.js';
import type { Undecided } from '../../../terms/judgement.js';
import { ms } from '../../../terms/text.js';

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

/**
 * What may follow when a server forgets in time: the message was asked about after the window that the server declares,
 * so the copy may be a new message, an ack of it one of an id that never was, and a further device is owed nothing.
 * undefined: the server must know it still.
 */
export const whyForgotten = (facts: Facts, message: TrackedMessage): Undecided | undefined => {
  const { at, timers, policies } = facts;
  const [first] = message.acks;
  // Whatever became of the first ack: it may have been stored, although its answer got lost.
  const change = Math.min(first?.at ?? at, policies.lifetimeOf(message)?.from ?? at);
  const forgottenAt = change + timers.dedupWindowMs;
  if (at < forgottenAt) return undefined;
  const isAskedBy = ({ answeredLine, answeredAt }: MsgAttempt): boolean =>
    answeredLine < 0 || answeredAt >= forgottenAt;
  const acksAfterThat = message.acks.filter((ack) => ack !== first || ack.at > change);
  const isAsked = acksAfterThat.length > 0 || message.attempts.some(isAskedBy);
  const isForOthers = first !== undefined && hasQueueBeside(facts, message, first.device);
  return isAsked || isForOthers ? windowPassed(timers.dedupWindowMs) : undefined;
};

const hasQueueBeside = ({ users, policies }: Facts, message: TrackedMessage, acking: Device): boolean =>
  users.get(recipientOf(message))?.devices.some((device) => !policies.sharesQueue(device, acking)) ?? false;

const windowPassed = (dedupWindowMs: number): Undecided => ({
  code: 'dedup-window-passed',
  text: `a message was asked about more than ${ms(dedupWindowMs)} after its ack or its end, when the server, which declares that as its dedupWindowMs, may have forgotten it: test it with a longer one`,
});
