import type { MsgR } from '../../../schemas/index.js';
import { isWindowOver, receiptEvent, type SenderEvent, stepSender } from '../../protocol/sender.js';
import {
  asMessage,
  ENDS,
  type Entry,
  IDLE,
  isDue,
  isRemembered,
  isRetryable,
  newEntry,
  OVERRULED,
  readEntry,
  storedEntry,
} from './entry.js';
import { type Moment, numberKey, type Outlet } from './outlet.js';
import type { ReadError, ReadPacket } from './read-packet.js';
import { Requests } from './requests.js';
import type { ClientLimits, ClientTimers, MessageStatus, NewMessage, OutgoingMessage, StatusChange } from './types.js';

/** Ends that storage has forgotten, and that a late receipt may still overrule. */
const MAX_REMEMBERED = 1_000;

export interface OutgoingOptions {
  readonly outlet: Outlet;
  readonly timers: ClientTimers;
  readonly limits: ClientLimits;
  readonly nextRid: () => string;
  /** Whether an end stays in storage until the application says that it knows. */
  readonly keepsEnds: boolean;
}

/** The queue of a sender (section 4.1): each entry has a machine; a window lets a few of them ask at a time. */
export class Outgoing {
  readonly #options: OutgoingOptions;
  /** In order of hand-over. */
  readonly #entries = new Map<string, Entry>();
  readonly #requests = new Requests<Entry>();
  #ready: Entry[] = [];
  #places = 0;
  #nextNumber = 0;
  #connection: number | undefined;
  /** How many entries have not come to their end. */
  size = 0;
  /** When to call `tick` next; it may be too early, never too late. */
  wakeAt = Number.POSITIVE_INFINITY;

  constructor(options: OutgoingOptions) {
    this.#options = options;
  }

  /** Whether a request of this connection waits for its answer. */
  get isWaiting(): boolean {
    return this.#requests.size > 0;
  }

  load(records: readonly (readonly [string, unknown])[], moment: Moment): void {
    for (const [key, value] of records) {
      const entry = readEntry(key, value, moment);
      this.#entries.set(entry.msgId, entry);
      if (!ENDS.has(entry.machine.state)) this.size += 1;
      this.#nextNumber = Math.max(this.#nextNumber, Number(key.slice(2)) + 1);
    }
    this.wakeAt = moment.now;
  }

  /** What was not told before the last end of the process: told now. */
  tellOpen(): void {
    for (const entry of [...this.#entries.values()]) {
      if (entry.told === entry.machine.state || !isDue(entry.machine.state)) continue;
      this.#tell(entry);
      if (!this.#options.keepsEnds) this.told(entry.msgId, entry.machine.state);
    }
  }

  list(): OutgoingMessage[] {
    return [...this.#entries.values()].filter((entry) => !isRemembered(entry)).map(asMessage);
  }

  has(msgId: string): boolean {
    return this.#entries.has(msgId);
  }

  add(message: NewMessage, msgId: string, moment: Moment): void {
    const entry = newEntry(numberKey('o', this.#nextNumber), message, msgId);
    this.#nextNumber += 1;
    this.size += 1;
    this.#entries.set(msgId, entry);
    this.#options.outlet.tell('queued', asMessage(entry));
    if (this.#connection === undefined) this.#store(entry);
    else this.#want(entry, 'connect', moment);
    // An entry that has to wait for a place is stored here; one that was sent at once is stored with its sending.
    if (entry.firstSentWall === undefined && this.#connection !== undefined) this.#store(entry);
  }

  /** Takes back a message that was never sent. */
  cancel(msgId: string): boolean {
    const entry = this.#entries.get(msgId);
    if (!entry || entry.machine.firstSentAt !== undefined || ENDS.has(entry.machine.state)) return false;
    this.size -= 1;
    this.#forget(entry);
    return true;
  }

  /** The user wants to know what became of a message that the server holds. */
  ask(msgId: string, moment: Moment): void {
    const entry = this.#entries.get(msgId);
    if (entry?.machine.state === 'stored' && this.#connection !== undefined) this.#want(entry, 'ask', moment);
  }

  opened(connection: number, moment: Moment): void {
    this.#connection = connection;
    for (const entry of this.#entries.values())
      if (!ENDS.has(entry.machine.state)) this.#want(entry, 'connect', moment);
  }

  ended(moment: Moment): void {
    this.#connection = undefined;
    this.#requests.clear();
    this.#ready = [];
    this.#places = 0;
    for (const entry of this.#entries.values()) {
      Object.assign(entry, IDLE);
      this.#step(entry, 'disconnect', moment);
    }
  }

  /** A msg:A counts only for a request of this connection that has no answer yet. */
  answered(packet: Extract<ReadPacket, { type: 'msg:A' }>, moment: Moment): void {
    const entry = this.#requests.answered(packet.rid);
    // An answer that names another message answers nothing; the timer asks again.
    if (!entry || (packet.msgId !== undefined && packet.msgId !== entry.msgId)) return;
    this.#leavePlace(entry);
    if (packet.status === 'rejected') this.#rejected(entry, packet.error as ReadError, moment);
    else this.#step(entry, 'answered', moment);
    this.#pump(moment);
  }

  #rejected(entry: Entry, error: ReadError, moment: Moment): void {
    const { code, retryAfterMs = 0 } = error;
    if (!isRetryable(error)) {
      this.#step(entry, 'refused', moment, { reason: code });
      return;
    }
    entry.notBefore = Math.max(entry.notBefore, moment.now + retryAfterMs);
    this.#step(entry, 'retry-later', moment, { retryAfterMs });
    if (retryAfterMs === 0 || ENDS.has(entry.machine.state)) return;
    entry.hold = { wall: moment.wall, ms: retryAfterMs };
    this.#store(entry);
  }

  receipt(packet: Extract<ReadPacket, { type: 'ack:N' }>, moment: Moment): void {
    const entry = this.#entries.get(packet.msgId);
    // A receipt for what was never sent, or for somebody else, is none of ours.
    if (!entry || entry.to !== packet.to || entry.machine.firstSentAt === undefined) return;
    this.#step(entry, receiptEvent(packet.status), moment);
    this.#pump(moment);
  }

  /** The application knows of this status. */
  told(msgId: string, status: MessageStatus): void {
    const entry = this.#entries.get(msgId);
    if (!entry || !isDue(status)) return;
    entry.told = status;
    if (entry.machine.state !== status) return;
    if (!ENDS.has(status)) this.#store(entry);
    else if (OVERRULED.has(status)) this.#rememberEnd(entry);
    else this.#forget(entry);
  }

  tick(moment: Moment): void {
    this.wakeAt = Number.POSITIVE_INFINITY;
    for (const entry of this.#entries.values()) {
      const { state } = entry.machine;
      if (ENDS.has(state)) continue;
      if (isWindowOver(entry.machine, moment.now, this.#timings)) this.#step(entry, 'window-over', moment);
      else this.#wake(entry, moment);
      this.#noteWake(entry);
    }
    this.#pump(moment);
  }

  #wake(entry: Entry, moment: Moment): void {
    if (entry.placeUntil !== undefined && entry.placeUntil <= moment.now) this.#leavePlace(entry);
    if (this.#connection === undefined || entry.inLine) return;
    const { dueAt } = entry.machine;
    if (entry.waitsAs !== undefined && entry.notBefore <= moment.now) this.#want(entry, entry.waitsAs, moment);
    else if (dueAt !== undefined && dueAt <= moment.now) this.#want(entry, 'due', moment);
  }

  #noteWake(entry: Entry): void {
    if (ENDS.has(entry.machine.state)) return;
    const { firstSentAt, dueAt } = entry.machine;
    const times = [dueAt, entry.placeUntil];
    if (firstSentAt !== undefined) times.push(firstSentAt + this.#options.timers.retryWindowMs);
    if (entry.waitsAs !== undefined && this.#connection !== undefined && entry.notBefore > 0)
      times.push(entry.notBefore);
    for (const time of times) if (time !== undefined) this.wakeAt = Math.min(this.wakeAt, time);
  }

  /** Sends when there is room, or as soon as there is. Who holds a place already sends at once. */
  #want(entry: Entry, event: 'connect' | 'due' | 'ask', moment: Moment): void {
    entry.waitsAs = event;
    if (entry.notBefore > moment.now) this.#noteWake(entry);
    else if (entry.placeUntil !== undefined) this.#send(entry, moment);
    else {
      if (!entry.inLine) this.#ready.push(entry);
      entry.inLine = true;
      // The clock of the machine has done its work; the place in the window decides now.
      entry.machine = { ...entry.machine, dueAt: undefined };
      this.#pump(moment);
    }
  }

  #pump(moment: Moment): void {
    while (this.#places < this.#options.limits.maxUnanswered) {
      const entry = this.#ready.shift();
      if (!entry) return;
      entry.inLine = false;
      if (entry.waitsAs !== undefined && this.#entries.has(entry.msgId)) this.#send(entry, moment);
    }
  }

  #send(entry: Entry, moment: Moment): void {
    const event = entry.waitsAs ?? 'due';
    entry.waitsAs = undefined;
    this.#step(entry, event, moment);
  }

  #transmit(entry: Entry, moment: Moment): void {
    const rid = this.#options.nextRid();
    this.#requests.sent(rid, entry);
    if (entry.placeUntil === undefined) this.#places += 1;
    // A question about a stored message has no timer that would repeat it, so its place is not held for ever.
    const isQuestion = entry.machine.state === 'stored';
    entry.placeUntil = isQuestion ? moment.now + this.#options.timers.resendAfterMs : Number.POSITIVE_INFINITY;
    if (entry.firstSentWall === undefined) {
      entry.firstSentWall = moment.wall;
      this.#store(entry);
    }
    const { msgId, to, body, ttlMs } = entry;
    const packet: MsgR = { type: 'msg:R', rid, msgId, to, body, ...(ttlMs === undefined ? {} : { ttlMs }) };
    const connection = this.#connection as number;
    this.#options.outlet.act({ do: 'frame', connection, text: JSON.stringify(packet) });
  }

  #step(
    entry: Entry,
    event: SenderEvent,
    moment: Moment,
    { retryAfterMs = 0, reason }: { retryAfterMs?: number; reason?: string } = {},
  ): void {
    const before = entry.machine.state;
    const step = stepSender(entry.machine, event, {
      now: moment.now,
      random: moment.random(),
      retryAfterMs,
      timings: this.#timings,
    });
    entry.machine = step.entry;
    if (step.effects.includes('send')) this.#transmit(entry, moment);
    this.#noteWake(entry);
    if (step.entry.state !== before) this.#changed(entry, before, reason);
  }

  #changed(entry: Entry, before: MessageStatus, reason: string | undefined): void {
    const { state } = entry.machine;
    if (state === 'stored' || ENDS.has(state)) this.#leavePlace(entry);
    if (ENDS.has(state)) {
      entry.waitsAs = undefined;
      this.#requests.drop(entry);
      if (!ENDS.has(before)) this.size -= 1;
    }
    this.#store(entry);
    this.#tell(entry, reason);
    if (!this.#options.keepsEnds) this.told(entry.msgId, state);
  }

  #tell(entry: Entry, reason?: string): void {
    const { msgId, to } = entry;
    const change: StatusChange = { msgId, to, status: entry.machine.state };
    this.#options.outlet.tell('status', reason === undefined ? change : { ...change, reason });
  }

  #leavePlace(entry: Entry): void {
    if (entry.placeUntil === undefined) return;
    entry.placeUntil = undefined;
    this.#places -= 1;
  }

  #store(entry: Entry): void {
    this.#options.outlet.store(entry.key, storedEntry(entry));
  }

  #forget(entry: Entry): void {
    this.#leavePlace(entry);
    this.#entries.delete(entry.msgId);
    this.#options.outlet.remove(entry.key);
    this.#options.outlet.tell('forgotten', { msgId: entry.msgId });
  }

  /** A late receipt may still overrule this end, so it stays in memory for a while. */
  #rememberEnd(entry: Entry): void {
    this.#options.outlet.remove(entry.key);
    this.#options.outlet.tell('forgotten', { msgId: entry.msgId });
    const remembered = [...this.#entries.values()].filter(isRemembered);
    if (remembered.length > MAX_REMEMBERED) this.#entries.delete((remembered[0] as Entry).msgId);
  }

  get #timings() {
    const { resendAfterMs, resendMaxMs, retryWindowMs } = this.#options.timers;
    return { firstPauseMs: resendAfterMs, maxPauseMs: resendMaxMs, jitter: 0.2, windowMs: retryWindowMs };
  }
}
