import type { Device } from '../../../facts/connection.js';
import type { Facts } from '../../../facts/facts.js';
import type { TrackedMessage } from '../../../facts/message.js';
import type { JudgedClass } from '../../judge.js';
import { DebtJudge } from './debts.js';

/** Whether the message is surely owed to the device: it existed before anybody can have acked. */
const owes = ({ line, at, timers }: Facts, message: TrackedMessage, device: Device): boolean => {
  if (device.firstOpenLine >= (message.acks[0]?.line ?? line)) return false;
  const acked = message.ackedBy[0];
  // For the other devices it ends when the window has passed.
  return acked === undefined || at - acked.at < timers.dedupWindowMs;
};

/** Class `multi-device`: each device has a queue of its own, and receipts reach every device of the sender. */
export const multiDevice: JudgedClass = {
  policies: (facts) => ({
    receiptsGoTo: 'every-device',
    sharesQueue: (one, other) => one === other,
    owes: (message, device) => owes(facts, message, device),
  }),
  judges: (context) => [new DebtJudge(context)],
};
