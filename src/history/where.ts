import type { Message } from './message.js';
import { ms } from './world.js';

/** How far a message is known to have come: the stages it reached, with their times. */
export const describeStages = (message: Message): string => {
  if (wasSettled(message)) return `accepted, handed over and reported as delivered, ${describeAck(message)}`;
  const stages: string[] = [];
  const first = message.tries[0];
  if (message.promisedAt >= 0) stages.push(`accepted at ${ms(message.promisedAt)}`);
  else if (first !== undefined) stages.push(`sent at ${ms(first.at)}`);
  const stored = message.receipts.find((mark) => mark.rank === 1);
  if (stored !== undefined) stages.push(`reported as stored at ${ms(stored.at)}`);
  const push = message.pushes[message.pushes.length - 1];
  if (push !== undefined) stages.push(`pushed to ${push.device.user.name} at ${ms(push.at)}`);
  const handed = message.handed[0];
  if (handed !== undefined) stages.push(`handed over at ${ms(handed.at)}`);
  const ack = message.acks[0];
  if (ack !== undefined) stages.push(`acked at ${ms(ack.at)}`);
  const acked = message.ackedBy[0];
  if (acked !== undefined) stages.push(`ack:A at ${ms(acked.at)}`);
  if (message.told !== undefined) stages.push(`reported as delivered at ${ms(message.told.at)}`);
  return stages.join(', ');
};

/** Of a message that was folded the exact times are gone; the line of its ack:A is left. */
const wasSettled = (message: Message): boolean => message.slot >= 0;

/** When the ack:A came: `ack:A at 12 ms`, or on which line of the history. */
export const describeAck = (message: Message, mark = message.ackedBy[0]): string => {
  if (mark === undefined) return 'no ack:A';
  return wasSettled(message) && mark === message.ackedBy[0] ? `ack:A on line ${mark.line}` : `ack:A at ${ms(mark.at)}`;
};

/** What should have followed the last stage, when it fell due and how long it was watched for. */
export interface Vanished {
  /** The packet that never came, as a verb: `never pushed to bob`. */
  missing: string;
  /** Who could have received it, since when. */
  watched: string;
  /** What fell due when. */
  due: string;
}

/** "accepted at 12 ms, never pushed to bob, who reconnected at 40 ms and was watched until 1,040 ms". */
export const describeWhere = (message: Message, vanished: Vanished): string =>
  `${describeStages(message)}, ${vanished.missing}, ${vanished.watched}${vanished.due === '' ? '' : ` (${vanished.due})`}`;
