import { type Packet, SERVER_PACKETS } from '../../../../schemas/index.js';
import type { Socket, SocketHandlers } from '../../../play/index.js';
import { decodePacket, encodePacket } from '../../../wire/index.js';

/** As much of a text that is no packet as a sentence about it shows. */
const SHOWN_CHARACTERS = 120;

type Answer = 'msg:A' | 'ack:A' | 'msg:N';

export interface Heard<T extends Answer> {
  packet: Extract<Packet, { type: T }>;
  at: number;
}

const keyOf = (packet: Packet): string | undefined => {
  if (packet.type === 'msg:A' || packet.type === 'ack:A') return `${packet.type} ${packet.rid}`;
  return packet.type === 'msg:N' ? `${packet.type} ${packet.msgId}` : undefined;
};

/** One user on one connection. It keeps what it expects and nothing else, for a server may send without end. */
export class Guest {
  /** The first text that is no packet of the protocol. */
  foreign: string | undefined;
  /** Whether anything came that only a server of the protocol sends, be it as wrong as it may. */
  speaks = false;
  pongs = 0;
  closed = false;
  readonly #expected = new Map<string, Heard<Answer> | undefined>();
  #socket: Socket | undefined;
  #wake = () => {};

  readonly handlers: SocketHandlers = {
    onOpen: (socket) => {
      this.#socket = socket;
    },
    onText: (text) => this.#onText(text),
    onBinary: () => {
      this.speaks = true;
    },
    onPing: (data) => this.#socket?.pong(data),
    onPong: () => {
      this.pongs += 1;
      this.#wake();
    },
    onClose: () => {
      this.closed = true;
      this.#wake();
    },
  };

  #onText(text: string): void {
    const decoded = decodePacket(text, SERVER_PACKETS);
    // A packet with a fault is for the scenarios to judge.
    if (decoded.ok || [...SERVER_PACKETS].some((type) => text.includes(type))) this.speaks = true;
    else this.foreign ??= text.slice(0, SHOWN_CHARACTERS);
    if (!decoded.ok) return;
    const key = keyOf(decoded.packet);
    if (key === undefined || !this.#expected.has(key) || this.#expected.get(key) !== undefined) return;
    this.#expected.set(key, { packet: decoded.packet as Heard<Answer>['packet'], at: performance.now() });
    this.#wake();
  }

  /** Says beforehand what is to come: an answer by its `rid`, a push by its `msgId`. Returns a look at whether it came. */
  expect<T extends Answer>(type: T, id: string): () => Heard<T> | undefined {
    const key = `${type} ${id}`;
    this.#expected.set(key, undefined);
    return () => this.#expected.get(key) as Heard<T> | undefined;
  }

  send(packet: Packet): void {
    if (!this.closed) this.#socket?.sendText(encodePacket(packet));
  }

  ping(): void {
    if (!this.closed) this.#socket?.ping();
  }

  /** Waits for it. Undefined: the bound passed, or the connection ended. */
  async until<T>(look: () => T | undefined, boundMs: number): Promise<T | undefined> {
    const end = performance.now() + boundMs;
    while (look() === undefined && !this.closed) {
      const left = end - performance.now();
      if (left <= 0) return undefined;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return look();
  }

  leave(): void {
    if (!this.closed) this.#socket?.closeCleanly();
  }
}
