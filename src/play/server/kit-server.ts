import {
  type AckA,
  type AckN,
  type AckR,
  CONDUCTOR,
  type MsgA,
  type MsgN,
  type MsgR,
  type Packet,
  type PacketError,
} from '../../../schemas/index.js';
import { freshMsgId } from '../msg-ids.js';
import type { Rule } from './rules.js';
import type { ServerLink } from './server-link.js';
import type { ServerStage } from './server-stage.js';

/** A message that the subject sent. */
export interface Stored {
  readonly packet: MsgR;
  readonly serverMsgId: string;
  readonly label: string;
  receipt: AckN['status'] | undefined;
}

/** A message to the subject. */
export interface Push {
  /** undefined: a word, which no fault ever touches. */
  readonly label: string | undefined;
  readonly from: string;
  readonly msgId: string;
  readonly serverMsgId: string;
  readonly body: string;
  readonly acceptedAt: number;
  readonly fields: Record<string, unknown>;
  attempt: number;
  /** Its frame comes in so many. */
  readonly fragments?: number;
  /** An ack:R has come, so it is not pushed again. */
  acked: boolean;
  /** Its ack:A was written: the client may have forgotten the message. */
  answered?: true;
  /** The start of the bot that a word is for: no other gets it. */
  readonly start?: string | undefined;
}

/** The honest server pushes again what nobody acked. */
const REDELIVER_AFTER_MS = 1_000;

/** The server that the kit plays. Without a script it is honest: it answers, pushes, tells. */
export class KitServer {
  readonly #stage: ServerStage;
  readonly stored = new Map<string, Stored>();
  readonly pushes: Push[] = [];
  /** Labels of which it tells nothing by itself. */
  readonly quietAbout = new Set<string>();
  readonly #held = new Map<string, () => void>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #redelivery: NodeJS.Timeout;
  #ids = 0;
  #acceptedAt = 0;

  constructor(stage: ServerStage) {
    this.#stage = stage;
    this.#redelivery = setInterval(() => this.#redeliver(), REDELIVER_AFTER_MS);
    this.#redelivery.unref();
  }

  stop(): void {
    clearInterval(this.#redelivery);
    for (const timer of this.#timers) clearTimeout(timer);
  }

  nextId(prefix: string): string {
    this.#ids += 1;
    // A start that goes on still knows the ids of earlier scenarios.
    const { host, userSuffix } = this.#stage.options;
    return host.standing === undefined ? `${prefix}-${this.#ids}` : `${prefix}-${userSuffix}-${this.#ids}`;
  }

  onOpen(link: ServerLink): void {
    for (const push of this.pushes) if (this.#isDue(push)) this.push(push, link);
  }

  #isDue({ acked, label, start }: Push): boolean {
    return !acked && (label !== undefined || start === this.#stage.start);
  }

  #redeliver(): void {
    const { link } = this.#stage;
    if (link === undefined) return;
    for (const push of this.pushes) if (this.#isDue(push) && push.attempt > 0) this.push(push, link);
  }

  onPacket(link: ServerLink, packet: Packet): void {
    if (packet.type === 'msg:R') this.#onMsg(link, packet);
    else if (packet.type === 'ack:R') this.#onAck(link, packet);
  }

  #onMsg(link: ServerLink, packet: MsgR): void {
    if (packet.to === CONDUCTOR) {
      this.#onWord(link, packet);
      return;
    }
    const label = this.#stage.handed.labelOf(packet);
    this.#stage.arrived({ what: 'msg:R', label, link });
    this.#apply(link, packet, label, () => this.#acceptMsg(link, packet, label));
  }

  /** What a fault makes of a packet of the subject. */
  #apply(link: ServerLink, packet: MsgR | AckR, label: string, handle: () => void): void {
    const rule = this.#stage.rules.take(packet.type, label);
    if (rule === undefined) {
      handle();
      return;
    }
    this.#stage.fired(rule, label);
    const { act } = rule;
    if (act.do === 'delay') this.later(act.ms, handle);
    else if (act.do === 'hold') this.#held.set(label, handle);
    else if (act.do === 'reject') this.#reject(link, packet, label, act.error);
    else if (act.do === 'end') {
      link.end(act.how);
      if (act.when === 'after') handle();
    } else if (act.do !== 'drop') handle();
  }

  later(ms: number, work: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      work();
    }, ms);
    this.#timers.add(timer);
  }

  #onWord(link: ServerLink, packet: MsgR): void {
    const known = this.stored.get(packet.msgId);
    const entry = known ?? this.#store(packet, CONDUCTOR);
    const { serverMsgId } = entry;
    link.send({
      type: 'msg:A',
      rid: packet.rid,
      msgId: packet.msgId,
      status: known ? 'duplicate' : 'accepted',
      serverMsgId,
    } as MsgA);
    link.send(this.#receipt(entry, 'delivered'));
    this.#stage.words.hear(packet);
    this.#stage.notify();
  }

  #store(packet: MsgR, label: string): Stored {
    const entry: Stored = {
      packet,
      label,
      serverMsgId: this.nextId('S'),
      receipt: undefined,
    };
    this.stored.set(packet.msgId, entry);
    return entry;
  }

  #acceptMsg(link: ServerLink, packet: MsgR, label: string): void {
    const known = this.stored.get(packet.msgId);
    const entry = known ?? this.#store(packet, label);
    this.write(
      link,
      {
        type: 'msg:A',
        rid: packet.rid,
        msgId: packet.msgId,
        status: known ? 'duplicate' : 'accepted',
        serverMsgId: entry.serverMsgId,
      } as MsgA,
      label,
    );
    if (!this.quietAbout.has(label)) entry.receipt ??= 'delivered';
    if (entry.receipt !== undefined) this.tell(link, entry, entry.receipt);
  }

  #receipt({ packet: { msgId, to }, serverMsgId }: Stored, status: AckN['status']): AckN {
    return { type: 'ack:N', msgId, serverMsgId, to, status, at: Date.now() };
  }

  /** In the end every recipient comes: who asks what became of a stored message is told so. */
  deliverStored(): void {
    for (const entry of this.stored.values()) if (entry.receipt === 'stored') entry.receipt = 'delivered';
  }

  /** Tells the sender what became of a message. */
  tell(link: ServerLink, entry: Stored, status: AckN['status']): void {
    this.write(link, this.#receipt(entry, status), entry.label);
  }

  #reject(link: ServerLink, packet: MsgR | AckR, label: string, error: PacketError): void {
    const { rid } = packet;
    // Who is told that nobody pushed it may forget it.
    const push = packet.type === 'ack:R' && error.code === 'unknown-message' ? this.#pushOf(packet) : undefined;
    if (push) for (const one of this.#pushesOfMessage(push)) one.acked = true;
    const answer =
      packet.type === 'msg:R'
        ? { type: 'msg:A', rid, msgId: packet.msgId, status: 'rejected', error }
        : { type: 'ack:A', rid, serverMsgId: packet.serverMsgId, status: 'rejected', error };
    this.write(link, answer as Packet, label);
  }

  #pushOf({ serverMsgId }: Pick<AckR, 'serverMsgId'>): Push | undefined {
    return this.pushes.find((one) => one.serverMsgId === serverMsgId);
  }

  /** One message may be pushed under several serverMsgIds. */
  #pushesOfMessage({ from, msgId }: Push): Push[] {
    return this.pushes.filter((one) => one.from === from && one.msgId === msgId);
  }

  /** Whether the client may have forgotten it, and the other pushes of the same message. */
  isAnswered(push: Push): boolean {
    return this.#pushesOfMessage(push).some(({ answered }) => answered);
  }

  #onAck(link: ServerLink, packet: AckR): void {
    const push = this.#pushOf(packet);
    if (push?.label === undefined) {
      this.#answerAck(link, packet, push, undefined);
      return;
    }
    const { label } = push;
    this.#stage.arrived({ what: 'ack:R', label, link });
    this.#apply(link, packet, label, () => this.#answerAck(link, packet, push, label));
  }

  #answerAck(link: ServerLink, { rid, serverMsgId }: AckR, push: Push | undefined, label: string | undefined): void {
    const status = push === undefined ? 'rejected' : push.acked ? 'duplicate' : 'ok';
    if (push) push.acked = true;
    const error = { code: 'unknown-message', message: 'nobody pushed that' };
    const answer = { type: 'ack:A', rid, serverMsgId, status, ...(push === undefined ? { error } : {}) };
    this.write(link, answer as AckA, label);
    this.#stage.notify();
  }

  /** Writes a packet of a message, or what a fault makes of it. */
  write(link: ServerLink, packet: Packet, label: string | undefined): void {
    const rule = label === undefined ? undefined : this.#stage.rules.take(packet.type, label);
    if (rule === undefined || label === undefined) {
      if (packet.type === 'ack:A') this.#noteAnswered(packet);
      link.send(packet, label);
    } else this.#writeWrongly(link, packet, label, rule);
  }

  #noteAnswered({ serverMsgId }: AckA): void {
    const push = this.pushes.find((one) => one.serverMsgId === serverMsgId);
    if (push) push.answered = true;
  }

  #writeWrongly(link: ServerLink, packet: Packet, label: string, rule: Rule): void {
    this.#stage.fired(rule, label);
    const { act } = rule;
    // A copy of what was acked meanwhile is pushed no more: the client may have forgotten it.
    const sendLater = (): void => {
      if (packet.type !== 'msg:N' || !this.#pushOf(packet)?.acked) link.send(packet, label);
    };
    switch (act.do) {
      case 'delay':
        this.later(act.ms, sendLater);
        return;
      case 'hold':
        this.#held.set(label, sendLater);
        return;
      case 'double':
        if (act.together) link.sendTogether([packet, packet], label);
        else for (const _ of [1, 2]) link.send(packet, label);
        return;
      case 'change':
        link.send({ ...packet, ...act.fields } as Packet, label);
        return;
      case 'end':
        if (act.when === 'after') link.send(packet, label);
        link.end(act.how);
        return;
      default:
        return;
    }
  }

  /** Lets a packet go that was held back. False: there is none. */
  release(label: string): boolean {
    const write = this.#held.get(label);
    this.#held.delete(label);
    write?.();
    return write !== undefined;
  }

  newPush(push: Pick<Push, 'label' | 'from' | 'body'> & Partial<Push>): Push {
    const made: Push = {
      msgId: freshMsgId(),
      serverMsgId: this.nextId('P'),
      acceptedAt: this.#acceptedNow(),
      fields: {},
      attempt: 0,
      acked: false,
      ...push,
    };
    this.pushes.push(made);
    return made;
  }

  /** No two messages were accepted at the same time, unless a script says so: then a client can tell their order. */
  #acceptedNow(): number {
    this.#acceptedAt = Math.max(Date.now(), this.#acceptedAt + 1);
    return this.#acceptedAt;
  }

  pushPacket(push: Push): MsgN {
    push.attempt += 1;
    const { from, msgId, serverMsgId, body, acceptedAt, attempt, fields } = push;
    const to = this.#stage.user;
    // Servers need not count: of every second message the kit's does not say it.
    const counted = this.pushes.indexOf(push) % 2 === 0 ? {} : { attempt };
    const packet = { type: 'msg:N', from, to, msgId, serverMsgId, body, acceptedAt, ...counted, ...fields };
    return packet as unknown as MsgN;
  }

  push(push: Push, link: ServerLink): void {
    if (push.fragments === undefined) this.write(link, this.pushPacket(push), push.label);
    else link.send(this.pushPacket(push), push.label, push.fragments);
  }
}
