import { RETRYABLE_CODES } from '../../../schemas/wire.js';
import { newSenderEntry, type SenderEntry } from '../../protocol/sender.js';
import { type Hold, holdEnds, type Moment } from './outlet.js';
import type { ReadError } from './read-packet.js';
import type { MessageStatus, NewMessage, OutgoingMessage } from './types.js';

/** How an entry looks in storage. `told` is the last status of which the application knows. */
interface StoredEntry extends OutgoingMessage {
  readonly told: MessageStatus;
  readonly firstSentWall?: number;
  readonly hold?: Hold;
}

/** One message in the queue of a sender. */
export interface Entry extends NewMessage {
  readonly key: string;
  readonly msgId: string;
  machine: SenderEntry;
  told: MessageStatus;
  firstSentWall: number | undefined;
  hold: Hold | undefined;
  /** Not sent before, whatever happens to the connection: the server asked for it. */
  notBefore: number;
  /** What the next sending is to the machine, while the entry waits for a place in the window or for `notBefore`. */
  waitsAs: 'connect' | 'due' | 'ask' | undefined;
  /** Stands in line for a place in the window. */
  inLine: boolean;
  /** Holds a place in the window until then, or until its answer comes. */
  placeUntil: number | undefined;
}

/** Nothing of an entry is under way: there is no connection, or it is new. */
export const IDLE = { waitsAs: undefined, inLine: false, placeUntil: undefined } as const;

export const ENDS: ReadonlySet<MessageStatus> = new Set(['delivered', 'expired', 'refused', 'unknown']);
/** Ends that a late receipt may still overrule. */
export const OVERRULED: ReadonlySet<MessageStatus> = new Set(['expired', 'unknown']);
/** Statuses that the application must hear of, also after a crash. */
export const isDue = (status: MessageStatus): boolean => status === 'stored' || ENDS.has(status);

export const newEntry = (key: string, message: NewMessage, msgId: string): Entry => ({
  ...message,
  key,
  msgId,
  machine: newSenderEntry(),
  told: 'pending',
  firstSentWall: undefined,
  hold: undefined,
  notBefore: 0,
  ...IDLE,
});

/** An entry that an earlier process left. Of its times only the time of day is left. */
export const readEntry = (key: string, value: unknown, moment: Moment): Entry => {
  const { msgId, to, body, ttlMs, status, told, firstSentWall, hold } = value as StoredEntry;
  const entry = newEntry(key, ttlMs === undefined ? { to, body } : { to, body, ttlMs }, msgId);
  const firstSentAt = firstSentWall === undefined ? undefined : moment.now - Math.max(moment.wall - firstSentWall, 0);
  const machine = { ...entry.machine, state: status, firstSentAt };
  return { ...entry, machine, told, firstSentWall, hold, notBefore: holdEnds(hold, moment) };
};

export const storedEntry = (entry: Entry): StoredEntry => {
  const { told, firstSentWall, hold } = entry;
  return {
    ...asMessage(entry),
    told,
    ...(firstSentWall === undefined ? {} : { firstSentWall }),
    ...(hold === undefined ? {} : { hold }),
  };
};

/** It has ended, the application knows, and a late receipt may still come. */
export const isRemembered = ({ machine, told }: Entry): boolean =>
  OVERRULED.has(machine.state) && told === machine.state;

export const asMessage = ({ msgId, to, body, ttlMs, machine }: Entry): OutgoingMessage => ({
  msgId,
  to,
  body,
  ...(ttlMs === undefined ? {} : { ttlMs }),
  status: machine.state,
});

const FINAL_CODES: ReadonlySet<string> = new Set([
  'invalid-packet',
  'body-too-large',
  'unknown-recipient',
  'not-allowed',
  'id-conflict',
  'unknown-message',
]);

/** A code that this text does not know may be tried again if the server says when. */
export const isRetryable = ({ code, retryAfterMs }: ReadError): boolean =>
  (RETRYABLE_CODES as ReadonlySet<string>).has(code) || (!FINAL_CODES.has(code) && retryAfterMs !== undefined);
