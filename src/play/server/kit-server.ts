import {
  type AckA,
  type AckN,
  type AckR,
  CONDUCTOR,
  type MsgA,
  type MsgR,
  type Packet,
  type PacketError,
} from '../../../schemas/index.js';
import { PacketFaults } from './packet-faults.js';
import { type Push, Pushes } from './pushes.js';
import type { ServerLink } from './server-link.js';
import type { ServerStage } from './server-stage.js';

/** A message that the subject sent. */
export interface Stored {
  readonly packet: MsgR;
  readonly serverMsgId: string;
  readonly label: string;
  receipt: AckN['status'] | undefined;
}

/** The honest server pushes again what nobody acked. */
const REDELIVER_AFTER_MS = 1_000;

/** The server that the kit plays. Without a script it is honest: it answers, pushes, tells. */
export class KitServer {
  readonly #stage: ServerStage;
  readonly stored = new Map<string, Stored>();
  readonly pushes: Pushes;
  readonly faults: PacketFaults;
  /** Labels of which it tells nothing by itself. */
  readonly quietAbout = new Set<string>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #redelivery: NodeJS.Timeout;
  #ids = 0;

  constructor(stage: ServerStage) {
    this.#stage = stage;
    this.pushes = new Pushes(stage.user, () => this.nextId('P'));
    this.faults = new PacketFaults(stage);
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
    for (const push of this.pushes.dueFor(this.#stage.start)) this.push(push, link);
  }

  #redeliver(): void {
    const { link, start } = this.#stage;
    if (link === undefined) return;
    for (const push of this.pushes.dueFor(start)) if (push.attempt > 0) this.push(push, link);
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
    this.faults.receive(link, packet, label, {
      handle: () => this.#acceptMsg(link, packet, label),
      reject: (error) => this.#reject(link, packet, label, error),
    });
  }

  /** Does that after so many milliseconds, unless the scenario is over by then. */
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
    const push = packet.type === 'ack:R' && error.code === 'unknown-message' ? this.pushes.of(packet) : undefined;
    if (push) this.pushes.drop(push);
    const answer =
      packet.type === 'msg:R'
        ? { type: 'msg:A', rid, msgId: packet.msgId, status: 'rejected', error }
        : { type: 'ack:A', rid, serverMsgId: packet.serverMsgId, status: 'rejected', error };
    this.write(link, answer as Packet, label);
  }

  #onAck(link: ServerLink, packet: AckR): void {
    const push = this.pushes.of(packet);
    if (push?.label === undefined) {
      this.#answerAck(link, packet, push, undefined);
      return;
    }
    const { label } = push;
    this.#stage.arrived({ what: 'ack:R', label, link });
    this.faults.receive(link, packet, label, {
      handle: () => this.#answerAck(link, packet, push, label),
      reject: (error) => this.#reject(link, packet, label, error),
    });
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
    if (label !== undefined && this.faults.strikes(link, packet, label)) return;
    if (packet.type === 'ack:A') this.pushes.noteAnswered(packet);
    link.send(packet, label);
  }

  push(push: Push, link: ServerLink): void {
    if (push.fragments === undefined) this.write(link, this.pushes.nextPacket(push), push.label);
    else link.send(this.pushes.nextPacket(push), push.label, push.fragments);
  }
}
