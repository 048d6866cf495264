import { CHUNK, CHUNK_BITS, SlotIndex } from './slot-index.js';

/** What is kept of a message that is settled: accepted, acked with ack:A, and told to its sender as delivered. */
export interface FoldedMessage {
  msgLow: number;
  msgHigh: number;
  serverMsgIdLow: number;
  serverMsgIdHigh: number;
  bodyHash: number;
  /** The low 32 bits of acceptedAt. */
  acceptedAt: number;
  /** How many connections had begun when ack:A came, and when `delivered` came. */
  openingsAtAck: number;
  openingsAtTold: number;
  /** Line of the ack:A. */
  line: number;
  /** Numbers of the device that acked and of the device that was told: one of the sender. */
  ackDevice: number;
  toldDevice: number;
  ttlTag: number;
}

const WORDS = [
  'msgLow',
  'msgHigh',
  'serverMsgIdLow',
  'serverMsgIdHigh',
  'bodyHash',
  'acceptedAt',
  'openingsAtAck',
  'openingsAtTold',
  'line',
] as const satisfies (keyof FoldedMessage)[];
const HALVES = ['ackDevice', 'toldDevice', 'ttlTag'] as const satisfies (keyof FoldedMessage)[];
const MASK = CHUNK - 1;

/** The largest number that fits a half: users and devices beyond it are not folded. */
export const MAX_NUMBER = 0xffff;

/** FoldedMessage messages at 42 bytes each, plus two indexes: by hash of the msgId and by hash of the serverMsgId. */
export class CompactStore {
  #size = 0;
  readonly #words: Uint32Array[] = [];
  readonly #halves: Uint16Array[] = [];
  readonly #since: number[] = [];
  readonly #userOf: (device: number) => number;
  readonly #byMessage = new SlotIndex(this.#words, WORDS.length, 0);
  readonly #byServerMsgId = new SlotIndex(this.#words, WORDS.length, 2);

  /** The function tells the number of the user of a device. */
  constructor(userOf: (device: number) => number) {
    this.#userOf = userOf;
  }

  get size(): number {
    return this.#size;
  }

  /** Adds an entry and returns its slot. `at` is the time of the history. */
  add(entry: FoldedMessage, at: number): number {
    const slot = this.#size;
    if ((slot & MASK) === 0) {
      this.#words.push(new Uint32Array(CHUNK * WORDS.length));
      this.#halves.push(new Uint16Array(CHUNK * HALVES.length));
      this.#since.push(at);
    }
    this.#size += 1;
    this.write(slot, entry);
    this.#byMessage.add(entry.msgLow, entry.msgHigh);
    this.#byServerMsgId.add(entry.serverMsgIdLow, entry.serverMsgIdHigh);
    return slot;
  }

  /** Overwrites an entry; its ids stay. */
  write(slot: number, entry: FoldedMessage): void {
    const words = this.#words[slot >>> CHUNK_BITS] as Uint32Array;
    const halves = this.#halves[slot >>> CHUNK_BITS] as Uint16Array;
    const word = (slot & MASK) * WORDS.length;
    const half = (slot & MASK) * HALVES.length;
    for (let i = 0; i < WORDS.length; i += 1) words[word + i] = entry[WORDS[i] as keyof FoldedMessage];
    for (let i = 0; i < HALVES.length; i += 1) halves[half + i] = entry[HALVES[i] as keyof FoldedMessage];
  }

  read(slot: number): FoldedMessage {
    const word = (i: number) => this.#word(slot, i);
    const half = (i: number) => this.#half(slot, i);
    return {
      msgLow: word(0),
      msgHigh: word(1),
      serverMsgIdLow: word(2),
      serverMsgIdHigh: word(3),
      bodyHash: word(4),
      acceptedAt: word(5),
      openingsAtAck: word(6),
      openingsAtTold: word(7),
      line: word(8),
      ackDevice: half(0),
      toldDevice: half(1),
      ttlTag: half(2),
    };
  }

  /** A time at or before the one at which the entry was added. */
  notAfter(slot: number): number {
    return this.#since[slot >>> CHUNK_BITS] as number;
  }

  /** Slot of the message of that user, or -1. */
  findMessage(from: number, low: number, high: number): number {
    return this.#byMessage.find(low, high, (slot) => this.#userOf(this.#half(slot, 1)) === from);
  }

  /** Whether another user has a settled message of the same msgId. */
  hasOfAnother(from: number, low: number, high: number): boolean {
    return this.#byMessage.find(low, high, (slot) => this.#userOf(this.#half(slot, 1)) !== from) >= 0;
  }

  findServerMsgId(low: number, high: number): number {
    return this.#byServerMsgId.find(low, high, always);
  }

  #word(slot: number, i: number): number {
    return (this.#words[slot >>> CHUNK_BITS] as Uint32Array)[(slot & MASK) * WORDS.length + i] as number;
  }

  #half(slot: number, i: number): number {
    return (this.#halves[slot >>> CHUNK_BITS] as Uint16Array)[(slot & MASK) * HALVES.length + i] as number;
  }
}

const always = () => true;
