import { CompactStore } from '../record/compact-store.js';
import { hash32, hash64, hashed } from '../record/hash.js';
import type { Device, User } from './connection.js';
import type { Facts } from './facts.js';
import { isStandIn, type Mark, newestOf, newMessage, type TrackedMessage, type Variant } from './message.js';

/** How many labels of the script are remembered: only scripts written by people use labels. */
const MAX_LABELS = 4096;
/** How many acks of unknown ids are remembered. */
const MAX_UNKNOWN = 4096;

/** All messages of a history: those that are done are folded into the compact store, the others are objects. */
export class MessageStore {
  readonly store = new CompactStore((device) => this.#facts.devices[device]?.user.number ?? -1);
  /** Messages that are not folded, by msgId; those of several users are chained. */
  readonly live = new Map<string, TrackedMessage>();
  readonly #byServerMsgId = new Map<string, TrackedMessage>();
  readonly #bySlot = new Map<number, TrackedMessage>();
  readonly labels = new Map<string, { from: string; msgId: string }>();
  /** `user id` of ack:R packets for ids that no message had at that time. */
  readonly unknownAcks = new Set<string>();
  readonly #facts: Facts;

  constructor(facts: Facts) {
    this.#facts = facts;
  }

  find(from: User, msgId: string): TrackedMessage | undefined {
    for (let m = this.live.get(msgId); m !== undefined; m = m.next) if (m.from === from) return m;
    if (this.store.size === 0) return undefined;
    hash64(msgId);
    const slot = this.store.findMessage(from.number, hashed.low, hashed.high);
    return slot < 0 ? undefined : this.#unfold(slot, from, msgId, undefined);
  }

  #create(from: User, msgId: string): TrackedMessage {
    const message = newMessage(from, msgId);
    this.#enlist(message);
    return message;
  }

  findOrCreate(from: User, msgId: string): TrackedMessage {
    return this.find(from, msgId) ?? this.#create(from, msgId);
  }

  /** Whether a message of another user has the same msgId. */
  sharesId(message: TrackedMessage): boolean {
    const first = this.live.get(message.msgId);
    if (first !== undefined && (first !== message || first.next !== undefined)) return true;
    if (this.store.size === 0) return false;
    hash64(message.msgId);
    return this.store.hasOfAnother(message.from.number, hashed.low, hashed.high);
  }

  byServerMsgId(serverMsgId: string): TrackedMessage | undefined {
    const known = this.#byServerMsgId.get(serverMsgId);
    if (known !== undefined) return known;
    if (this.store.size === 0) return undefined;
    hash64(serverMsgId);
    const slot = this.store.findServerMsgId(hashed.low, hashed.high);
    if (slot < 0) return undefined;
    const unfolded = this.#bySlot.get(slot);
    if (unfolded !== undefined) {
      this.setServerMsgId(unfolded, serverMsgId);
      return unfolded;
    }
    return this.#unfold(slot, undefined, undefined, serverMsgId);
  }

  /** Notes the serverMsgId of a message. */
  setServerMsgId(message: TrackedMessage, serverMsgId: string): void {
    message.serverMsgId = serverMsgId;
    message.hasServerMsgId = true;
    this.#byServerMsgId.set(serverMsgId, message);
  }

  /** Notes one more serverMsgId that a server used for a message, so that what follows finds it. */
  addAlias(message: TrackedMessage, serverMsgId: string): void {
    if (!this.#byServerMsgId.has(serverMsgId)) this.#byServerMsgId.set(serverMsgId, message);
  }

  label(label: string, from: string, msgId: string): void {
    if (this.labels.size < MAX_LABELS) this.labels.set(label, { from, msgId });
  }

  noteUnknownAck(user: string, serverMsgId: string): void {
    if (this.unknownAcks.size < MAX_UNKNOWN) this.unknownAcks.add(`${user} ${serverMsgId}`);
  }

  /** Folds a message. The caller has checked that nothing about it is open. */
  fold(message: TrackedMessage): void {
    const ack = message.ackedBy[0] as Mark;
    const told = message.told as Mark;
    const variant = message.variants[0] as Variant;
    hash64(message.msgId);
    let { low: msgLow, high: msgHigh } = hashed;
    if (isStandIn(message.msgId)) {
      const before = this.store.read(message.slot);
      msgLow = before.msgLow;
      msgHigh = before.msgHigh;
    }
    if (message.serverMsgId !== undefined) hash64(message.serverMsgId);
    const entry = {
      msgLow,
      msgHigh,
      serverMsgIdLow: message.serverMsgId === undefined ? message.serverMsgIdLow : hashed.low,
      serverMsgIdHigh: message.serverMsgId === undefined ? message.serverMsgIdHigh : hashed.high,
      bodyHash: variant.body === undefined ? variant.bodyHash : hash32(variant.body),
      acceptedAt: (message.acceptedAt as number) % 0x1_0000_0000,
      openingsAtAck: ack.openings,
      openingsAtTold: told.openings,
      line: ack.line,
      ackDevice: ack.device.number,
      toldDevice: told.device.number,
      ttlTag: variant.ttl,
    };
    if (message.slot < 0) message.slot = this.store.add(entry, this.#facts.at);
    else this.store.write(message.slot, entry);
    this.#delist(message);
  }

  *unfolded(): Generator<TrackedMessage> {
    for (const first of this.live.values())
      for (let m: TrackedMessage | undefined = first; m !== undefined; m = m.next) yield m;
  }

  #enlist(message: TrackedMessage): void {
    message.next = this.live.get(message.msgId);
    this.live.set(message.msgId, message);
    if (message.slot >= 0) this.#bySlot.set(message.slot, message);
  }

  #delist(message: TrackedMessage): void {
    const first = this.live.get(message.msgId);
    if (first === message) {
      if (message.next === undefined) this.live.delete(message.msgId);
      else this.live.set(message.msgId, message.next);
    } else {
      for (let m = first; m !== undefined; m = m.next) if (m.next === message) m.next = message.next;
    }
    if (message.serverMsgId !== undefined) this.#byServerMsgId.delete(message.serverMsgId);
    this.#bySlot.delete(message.slot);
  }

  /** The msgId of a message that was found by its serverMsgId is known at last. */
  #rename(message: TrackedMessage, msgId: string): void {
    if (message.msgId === msgId) return;
    const serverMsgId = message.serverMsgId;
    this.#delist(message);
    message.msgId = msgId;
    this.#enlist(message);
    if (serverMsgId !== undefined) this.setServerMsgId(message, serverMsgId);
  }

  /** Makes an object of a folded message again. By its serverMsgId alone its msgId stays unknown: a stand-in is used. */
  #unfold(
    slot: number,
    from: User | undefined,
    msgId: string | undefined,
    serverMsgId: string | undefined,
  ): TrackedMessage {
    const unfolded = this.#bySlot.get(slot);
    if (unfolded !== undefined) {
      if (msgId !== undefined) this.#rename(unfolded, msgId);
      return unfolded;
    }
    const facts = this.#facts;
    const entry = this.store.read(slot);
    const ackDevice = facts.devices[entry.ackDevice] as Device;
    const toldDevice = facts.devices[entry.toldDevice] as Device;
    const at = this.store.notAfter(slot);
    const mark = (device: Device, openings: number): Mark => ({
      device,
      serial: newestOf(device, openings),
      openings,
      at,
      line: entry.line,
    });
    const message = newMessage(from ?? toldDevice.user, msgId ?? `#${slot}`);
    message.slot = slot;
    message.serverMsgIdLow = entry.serverMsgIdLow;
    message.serverMsgIdHigh = entry.serverMsgIdHigh;
    message.hasServerMsgId = true;
    message.counted = true;
    message.variants.push({
      to: ackDevice.user.name,
      body: undefined,
      bodyHash: entry.bodyHash,
      ttl: entry.ttlTag,
      ttlMs: undefined,
      wild: false,
    });
    message.stored = 0;
    message.evidenceLine = entry.line;
    message.promisedAt = at;
    message.promisedLine = entry.line;
    message.acceptedAt = fullTime(entry.acceptedAt, facts.serverTime as number);
    const past = { at, line: entry.line, answeredLine: entry.line };
    message.attempts.push({
      ...past,
      connection: undefined,
      variant: 0,
      answer: 'accepted',
      answeredAt: at,
      raw: false,
      extra: false,
      query: undefined,
    });
    message.acks.push({ ...past, device: ackDevice, answer: 'ok' });
    message.ackedBy.push(mark(ackDevice, entry.openingsAtAck));
    message.handed.push({ device: ackDevice, at, line: entry.line, times: 1 });
    message.told = mark(toldDevice, entry.openingsAtTold);
    message.receipts.push({ ...message.told, rank: 3 });
    this.#enlist(message);
    if (serverMsgId !== undefined) this.setServerMsgId(message, serverMsgId);
    return message;
  }
}

/** The time nearest to another one that has these low 32 bits. */
const fullTime = (low: number, near: number): number => {
  const span = 0x1_0000_0000;
  const time = near - (near % span) + low;
  if (time - near > span / 2) return time - span;
  if (near - time > span / 2) return time + span;
  return time;
};
