import { MAX_NUMBER } from '../record/compact-store.js';
import type { Facts } from './facts.js';
import { type Mark, newestOf, recipientOf, type TrackedMessage, type Variant } from './message.js';

/** The compact store keeps 32 bits of a time: a server whose clock jumps further keeps its messages as objects. */
const FOLDED_WITHIN_MS = 0x4000_0000;
/** Nor does it know to the millisecond when a message was acked, on which the window of a server that forgets soon depends. */
const SHORT_WINDOW_MS = 3_600_000;

/** Folds a message of which nothing is open any more; what is unusual about it keeps it as an object. */
export const foldIfDone = (facts: Facts, message: TrackedMessage): void => {
  if (!isDone(facts, message)) return;
  noteOutcome(facts, message);
  facts.messages.fold(message);
};

const isDone = (facts: Facts, message: TrackedMessage): boolean => {
  const { told, open, promisedLine, ackedBy, variants, handed, acceptedAt } = message;
  if (told === undefined || open > 0 || promisedLine < 0 || !message.hasServerMsgId || acceptedAt === undefined)
    return false;
  if (facts.timers.dedupWindowMs < SHORT_WINDOW_MS) return false;
  if (ackedBy.length !== 1 || variants.length !== 1 || handed.length !== 1 || message.spoiled) return false;
  const ack = ackedBy[0] as Mark;
  if ((variants[0] as Variant).wild || handed[0]?.device !== ack.device || handed[0].times !== 1) return false;
  if (!isNewest(ack) || !isNewest(told)) return false;
  if (message.attempts.some((attempt) => attempt.raw)) return false;
  if (Math.abs(acceptedAt - (facts.serverTime ?? acceptedAt)) > FOLDED_WITHIN_MS) return false;
  if (isOwedElsewhere(facts, message, ack)) return false;
  return Math.max(ack.device.number, told.device.number) <= MAX_NUMBER;
};

/** Whether another device can still be owed the message: then more of it may be seen. */
const isOwedElsewhere = ({ users, policies }: Facts, message: TrackedMessage, ack: Mark): boolean => {
  const { devices } = users.get(recipientOf(message)) ?? { devices: [] };
  return devices.some((device) => !policies.sharesQueue(device, ack.device) && policies.owes(message, device));
};

/** The compact store keeps of a connection only that it was the newest of its device. */
const isNewest = (mark: Mark): boolean => newestOf(mark.device, mark.openings) === mark.serial;

/** Tells, once a message, that it has reached its receiver. */
export const noteOutcome = (facts: Facts, message: TrackedMessage): void => {
  const isAcked = message.acks.length > 0 || !facts.has('ack:R');
  if (message.counted || message.promisedLine < 0 || message.handed.length === 0 || !isAcked) return;
  message.counted = true;
  facts.tell.onArrived(message);
};
