import { randomFillSync } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';

/** Randomness of one id. */
const BYTES = 16;
/** A call of the operating system for each id would be a fiftieth of what the kit does for a message. */
const pool = new Uint8Array(256 * BYTES);
let used = pool.length;
/** Later ids are greater, also within one millisecond. */
let seq = Math.floor(Math.random() * 2 ** 31);

/** A fresh UUID of version 7. */
export const freshMsgId = (): string => {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const random = pool.subarray(used, used + BYTES);
  used += BYTES;
  seq = (seq + 1) | 0;
  return uuidv7({ random, seq });
};
