import { setTimeout as sleep } from 'node:timers/promises';
import { type Packet, SERVER_PACKETS, WIRE } from '../../../../schemas/index.js';
import { KitError } from '../../../errors.js';
import { connectPatiently, type Dial, type Socket, type SocketHandlers } from '../../../play/index.js';
import { decodePacket, encodePacket } from '../../../wire/index.js';

/** A backlog that is not empty by then is no leftover of a test. */
const DRAIN_BOUND_MS = 60_000;
const LOOK_EVERY_MS = 20;

export interface Device {
  user: string;
  device: string;
}

export interface DrainTimes {
  /** After so long without a packet nothing more is to come. */
  quietMs: number;
  connectMs: number;
}

/** Told of each receipt: the account sent that message, whoever tested with it. */
export type OnReceipt = (user: string, msgId: string) => void;

/** Acks everything that arrives, and remembers when something last did. */
class Drainer {
  lastAt = performance.now();
  #socket: Socket | undefined;
  #rids = 0;
  #closed = false;

  readonly #onReceipt: (msgId: string) => void;

  constructor(onReceipt: (msgId: string) => void) {
    this.#onReceipt = onReceipt;
  }

  readonly handlers: SocketHandlers = {
    onOpen: (socket) => {
      this.#socket = socket;
    },
    onText: (text) => this.#onText(text),
    // Of a server that speaks another protocol.
    onPacket: (packet) => this.#onPacket(packet),
    onUnread: () => this.#hear(),
    onBinary: () => {},
    onPing: (data) => this.#socket?.pong(data),
    onPong: () => {},
    onClose: () => {
      this.#closed = true;
    },
  };

  #hear(): void {
    this.lastAt = performance.now();
  }

  #onText(text: string): void {
    const decoded = decodePacket(text, SERVER_PACKETS);
    if (decoded.ok) this.#onPacket(decoded.packet);
    else this.#hear();
  }

  #onPacket(packet: Packet): void {
    this.#hear();
    if (packet.type === 'ack:N') this.#onReceipt(packet.msgId);
    if (packet.type !== 'msg:N' || this.#closed) return;
    this.#rids += 1;
    const ack = { type: 'ack:R', rid: `drain-${this.#rids}`, serverMsgId: packet.serverMsgId } as const;
    // A protocol without acks cannot say it, and leaves nothing behind that was pushed.
    if (this.#socket?.sendPacket !== undefined) this.#socket.sendPacket(ack);
    else this.#socket?.sendText(encodePacket(ack));
  }

  leave(): void {
    if (!this.#closed) this.#socket?.closeCleanly();
  }
}

/**
 * Empties what waits for these devices: all of them connect, ack everything that comes, and leave when it is quiet. They do so
 * together, so that the receipts of one for another are over, too. Rejects when a device cannot connect or is never quiet.
 */
export const drain = async (
  dial: Dial,
  devices: readonly Device[],
  { onReceipt, ...times }: DrainTimes & { onReceipt: OnReceipt },
): Promise<void> => {
  const drainers: Drainer[] = [];
  try {
    for (const { user, device } of devices) {
      const drainer = new Drainer((msgId) => onReceipt(user, msgId));
      const request = { user, device, subprotocol: WIRE.subprotocol, timeoutMs: times.connectMs };
      const outcome = await connectPatiently(() => dial(request, drainer.handlers), sleep);
      if (!outcome.ok) {
        throw new KitError(
          'usage',
          `the account ${user} of --users cannot connect: ${outcome.error}`,
          'Correct the file; each line is a user that the server knows, with its token if the kit cannot make one.',
          { field: 'users' },
        );
      }
      drainer.lastAt = performance.now();
      drainers.push(drainer);
    }
    const from = performance.now();
    const noisy = () => drainers.some(({ lastAt }) => performance.now() - lastAt < times.quietMs);
    while (noisy()) {
      if (performance.now() - from > DRAIN_BOUND_MS) {
        const users = [...new Set(devices.map(({ user }) => user))].join(', ');
        throw new KitError(
          'usage',
          `the accounts of --users are never quiet (${users})`,
          'Use accounts that nobody else writes to while the kit runs.',
          { field: 'users' },
        );
      }
      await sleep(LOOK_EVERY_MS);
    }
  } finally {
    for (const drainer of drainers) drainer.leave();
  }
};
