import type { Device } from './connection.js';
import type { TrackedMessage } from './message.js';

/** Between these two times, by the clock of the kit, the lifetime of a message ends. */
export interface Lifetime {
  readonly ttlMs: number;
  readonly from: number;
  readonly to: number;
}

/** What a class that the subject claims changes for everybody. */
export interface Policies {
  /** Whether what was promised outlives the process. */
  readonly survivesRestart: boolean;
  /** Whether the server may end a connection whose client shows no sign of life. */
  readonly detectsDeadPeers: boolean;
  /** To whom receipts go: to the connections that asked, or to every device of the sender. */
  readonly receiptsGoTo: 'asker' | 'every-device';
  /** Whether an ack of one device of a user takes the message out of the queue of the other, too. */
  sharesQueue(one: Device, other: Device): boolean;
  /** Whether the message is surely owed to the device. */
  owes(message: TrackedMessage, device: Device): boolean;
  /** The lifetime of a message of which it is known. */
  lifetimeOf(message: TrackedMessage): Lifetime | undefined;
}

/** What holds for a server that claims nothing: one queue for each user, and messages that never end. */
export const CORE_POLICIES: Policies = {
  survivesRestart: false,
  detectsDeadPeers: false,
  receiptsGoTo: 'asker',
  sharesQueue: () => true,
  owes: () => true,
  lifetimeOf: () => undefined,
};
