/**
 * The keys of the database. `!` is in none of the alphabets, so no id can reach into another; numbers have a fixed width,
 * so that keys sort as numbers do.
 *
 *   u!USER          the user exists; the devices
 *   q!TO!SEQ        MessageRecord, until the first ack or the expiry
 *   d!FROM!MSGID    DedupRecord
 *   a!TO!SEQ        AckRecord, after the first ack or the expiry
 *   b!TO!SEQ        MessageRecord, after the first ack, while a device misses it
 *   n!TO!SEQ        the devices that miss it
 *   r!TO!DEVICE!SEQ one of these devices, so that its messages can be read in order
 *   e!AT!SEQ        a message that ends at a time: { to }
 *   x!AT!SEQ        what may be forgotten once its first ack, or expiry, is `dedupWindowMs` old: { to, from, msgId }
 *   s               the last acceptance number
 *   w               how many messages wait
 */
const SEQ_WIDTH = 11;
const TIME_WIDTH = 16;
const seqText = (seq: number): string => seq.toString(36).padStart(SEQ_WIDTH, '0');
const timeText = (at: number): string => Math.max(0, at).toString().padStart(TIME_WIDTH, '0');

export const userKey = (user: string): string => `u!${user}`;
export const queueKey = (user: string, seq: number): string => `q!${user}!${seqText(seq)}`;
export const queueEnd = (user: string): string => `q!${user}"`;
export const ackKey = (user: string, seq: number): string => `a!${user}!${seqText(seq)}`;
export const bodyKey = (user: string, seq: number): string => `b!${user}!${seqText(seq)}`;
export const missingKey = (user: string, seq: number): string => `n!${user}!${seqText(seq)}`;
export const restKey = (user: string, device: string, seq: number): string => `r!${user}!${device}!${seqText(seq)}`;
export const restEnd = (user: string, device: string): string => `r!${user}!${device}"`;
export const dedupKey = (from: string, msgId: string): string => `d!${from}!${msgId}`;
export const dueKey = (at: number, seq: number): string => `e!${timeText(at)}!${seqText(seq)}`;
export const settledKey = (at: number, seq: number): string => `x!${timeText(at)}!${seqText(seq)}`;
/** Everything whose time is at or before `at`. */
export const dueEnd = (at: number): string => `e!${timeText(at + 1)}`;
/** Everything whose time is before `at`. */
export const settledEnd = (at: number): string => `x!${timeText(at)}`;

/** The acceptance number at the end of a key. */
export const seqOfKey = (key: string): number => Number.parseInt(key.slice(-SEQ_WIDTH), 36);
/** The time in a key that begins with one. */
export const timeOfKey = (key: string): number => Number.parseInt(key.slice(2, 2 + TIME_WIDTH), 10);

/** Value of `x`: where the records of that message are. */
export interface Settled {
  to: string;
  from: string;
  msgId: string;
}
/** Value of `e`. */
export interface Due {
  to: string;
}
