import { type AckA, type AckR, type MsgN, RETRYABLE_CODES } from '../../../schemas/index.js';
import { UNKNOWN_LABEL } from '../../script/labels.js';
import type { ActorWorld } from './actor.js';
import type { Received } from './inbox.js';
import type { Link } from './link.js';
import { keyOf, type SentMessage } from './sent-messages.js';

type World = Pick<ActorWorld, 'messages' | 'has' | 'record'>;
type Who = { readonly name: string; readonly device: string };

/** An ack that is owed until the server has answered it. */
interface Owed {
  label: string;
  tries: number;
}

/** How often an ack, or a request that the server could not take, is sent at most: a repeat of a hundred needs many. */
export const MAX_TRIES = 500;

/**
 * The receiving half of a client, the strictest that is legal. It hands a message to its application once, forgets the
 * id at ack:A, and not later: only so can a second push after ack:A be seen as the duplicate that it is.
 */
export class Receiver {
  readonly #world: World;
  readonly #who: Who;
  readonly #known = new Set<string>();
  readonly #owed = new Map<string, Owed>();
  /** Pushes that no step has looked at yet, by message. */
  readonly #unhandled = new Map<string, (Received & { kind: 'packet' })[]>();

  constructor(world: World, who: Who) {
    this.#world = world;
    this.#who = who;
  }

  /** A push has arrived: it is new to the steps until one looks at it, or the ack:A comes. */
  awaitStep(entry: Received & { kind: 'packet' }, { from, msgId }: MsgN): void {
    const same = this.#unhandled.get(keyOf(from, msgId));
    if (same) same.push(entry);
    else this.#unhandled.set(keyOf(from, msgId), [entry]);
  }

  /** A push reaches the application, if it is new, and is acked at once. */
  takePush(link: Link, entry: Received & { kind: 'packet' }): void {
    if (entry.handled || entry.packet.type !== 'msg:N') return;
    this.handOver(link, entry);
    this.ack(link, entry.packet.serverMsgId, undefined, true);
  }

  /** The application gets the message, unless it has it already. */
  handOver(link: Link, entry: Received & { kind: 'packet' }): void {
    if (entry.handled || entry.packet.type !== 'msg:N') return;
    entry.handled = true;
    const { from, msgId, serverMsgId } = entry.packet as MsgN;
    const key = keyOf(from, msgId);
    if (this.#known.has(key)) return;
    this.#known.add(key);
    this.#world.record({ kind: 'handed', client: this.#who.name, conn: link.conn, from, msgId, serverMsgId });
    // Where nobody acks, the server has done what it can.
    if (!this.#world.has('ack:R'))
      for (const message of this.#world.messages.ofKey(from, msgId)) this.#noteAcked(message);
  }

  /** The ack:R for a serverMsgId; owed until it is answered, if there is an answer. `unasked`: no step wants it. */
  ack(
    link: Link,
    serverMsgId: string,
    label = this.#world.messages.ofServerMsgId(serverMsgId)?.label ?? UNKNOWN_LABEL,
    unasked = false,
  ): void {
    if (!this.#world.has('ack:R')) return;
    const packet = this.#prepareAck(link, serverMsgId, label);
    link.send(packet, label, unasked);
    if (this.#world.has('ack:A')) return;
    this.#owed.delete(serverMsgId);
    const message = this.#world.messages.find(label);
    if (message && link.state === 'open') this.#noteAcked(message);
  }

  #noteAcked(message: SentMessage): void {
    message.acked = true;
    if (!message.ackedBy.includes(this.#who.device)) message.ackedBy.push(this.#who.device);
  }

  #prepareAck(link: Link, serverMsgId: string, label: string): AckR {
    const rid = link.nextRid();
    this.#world.messages.noteRid(link.conn, rid, label);
    const owed = this.#owed.get(serverMsgId);
    this.#owed.set(serverMsgId, { label, tries: (owed?.tries ?? 0) + 1 });
    return { type: 'ack:R', rid, serverMsgId };
  }

  resendOwedAcks(link: Link | undefined): void {
    if (link?.state !== 'open') return;
    for (const [serverMsgId, owed] of [...this.#owed]) {
      if (owed.tries < MAX_TRIES) this.ack(link, serverMsgId, owed.label, true);
    }
  }

  owes(serverMsgId: string): boolean {
    return this.#owed.has(serverMsgId);
  }

  /** Acks what the application got on that connection while nobody acked: no server has to push it again for that. */
  ackHandedOver(link: Link): void {
    for (const { packet } of link.inbox.entries.filter((entry) => entry.kind === 'packet')) {
      if (packet.type !== 'msg:N' || this.#owed.has(packet.serverMsgId)) continue;
      if (this.#known.has(keyOf(packet.from, packet.msgId))) this.ack(link, packet.serverMsgId);
    }
  }

  get owesAcks(): boolean {
    return this.#owed.size > 0;
  }

  /** The server has answered an ack:R. */
  onAckAnswer(link: Link, packet: AckA): void {
    const { messages } = this.#world;
    const label = messages.labelOfRid(link.conn, packet.rid);
    const message = label === undefined ? undefined : messages.find(label);
    const serverMsgId = packet.serverMsgId ?? message?.serverMsgId;
    if (serverMsgId === undefined) return;
    const code = packet.error?.code;
    if (packet.status === 'rejected' && code !== undefined && RETRYABLE_CODES.has(code)) return;
    this.#owed.delete(serverMsgId);
    if (!message) return;
    this.#known.delete(keyOf(message.fromUser, message.msgId));
    this.#passOver(message);
    if (packet.status === 'rejected') return;
    this.#noteAcked(message);
  }

  /** Pushes that came before the ack:A and were not looked at yet are repeats of what the application has. */
  #passOver(message: SentMessage): void {
    const key = keyOf(message.fromUser, message.msgId);
    for (const entry of this.#unhandled.get(key) ?? []) {
      if (!entry.handled) entry.passedOver = true;
      entry.handled = true;
    }
    this.#unhandled.delete(key);
  }
}
