import { type AckA, type MsgA, type Packet, type RestsOn, WIRE } from '../../../schemas/index.js';
import { defined } from '../../defined.js';
import { RAW_LABEL } from '../../script/labels.js';
import type { Dial, DialOutcome, Refused, TokenChoice } from '../ports.js';
import type { Untimed } from '../untimed.js';
import { describeVoice, type Voice } from '../voice.js';
import { isPutOff, retryPauseMs } from './expectation.js';
import type { Received } from './inbox.js';
import { Link, type LinkOwner } from './link.js';
import { connectPatiently } from './may-come-back.js';
import { MAX_TRIES, Receiver } from './receiver.js';
import type { SentMessage, SentMessages } from './sent-messages.js';

/** What an actor needs of the stage that it stands on. */
export interface ActorWorld {
  readonly messages: SentMessages;
  readonly dial: Dial;
  readonly connectBoundMs: number;
  /** For how long a node may still refuse because of a fault, also of the scenario before. Milliseconds. */
  readonly comesBackWithinMs: number;
  pause(ms: number): Promise<void>;
  /** Whether the server claims to say `inbox-full` only when the inbox is full. */
  readonly claimsFlowControl: boolean;
  /** Whether the protocol of the subject has that packet or field: im.ran.v1 has all. */
  has(item: RestsOn): boolean;
  readonly keepsForeign: boolean;
  /** Of the subject. */
  readonly nodes: number;
  cannotGoOn: boolean;
  record(event: Untimed): void;
  notify(): void;
  nextConn(): number;
  /** How a client speaks on the connection that it opens as its nth. */
  voiceFor(client: string, nth: number): Voice;
  countPacket(): void;
  /** Whether a packet is about a message that the account sent before this scenario had it. */
  isEarlier(user: string, packet: Packet): boolean;
  /** A push told when the server accepted a message, by its own clock. */
  noteAcceptedAt(epochMs: number): void;
}

interface ActorSpec {
  /** Undefined: the subject has one node. */
  node: number | undefined;
  name: string;
  user: string;
  device: string;
  autoAcks: boolean;
  fragments?: number | undefined;
  /** Undefined: drawn anew for each connection. */
  voice?: Voice | undefined;
}

/** How a client connects; all that is left out is usual. */
export interface ConnectOptions {
  subprotocol?: string | false;
  tokens?: TokenChoice | undefined;
  /** Whether it reads what comes. */
  reads?: boolean;
  /** The HTTP status that the script asks for. */
  wanted?: number | 'anything' | undefined;
  /** To no other node than the one that it is on: what is said of that node must not be tried on another. */
  pinned?: boolean;
}

/**
 * One device of one user: connects, sends, and sends again what the server could not take. What it receives is for its
 * `receiver`.
 */
export class Actor implements LinkOwner {
  readonly name: string;
  readonly user: string;
  readonly device: string;
  readonly fragments: number | undefined;
  node: number | undefined;
  readonly #voice: Voice | undefined;
  #connections = 0;
  autoAcks: boolean;
  link: Link | undefined;
  old: Link | undefined;
  readonly #world: ActorWorld;
  readonly receiver: Receiver;
  /** By packet and label: how often the server asked to try again later. */
  readonly #putOff = new Map<string, number>();
  /** When its device first was connected, by the kit's own clock. */
  firstOpenedAt = Number.POSITIVE_INFINITY;
  /** Writes the last raw frame once more. It is no message of the script, so nothing else knows how. */
  writeAgain: (() => void) | undefined;

  constructor(world: ActorWorld, who: ActorSpec) {
    this.#world = world;
    this.name = who.name;
    this.user = who.user;
    this.device = who.device;
    this.autoAcks = who.autoAcks;
    this.fragments = who.fragments;
    this.#voice = who.voice;
    this.node = who.node;
    this.receiver = new Receiver(world, this);
    this.record({ kind: 'client', client: this.name, user: this.user, device: this.device });
  }

  get messageCount(): number {
    return this.#world.messages.size;
  }

  get keepsForeign(): boolean {
    return this.#world.keepsForeign;
  }

  onCannot(): void {
    this.#world.cannotGoOn = true;
  }

  record(event: Untimed): void {
    this.#world.record(event);
  }

  notify(): void {
    this.#world.notify();
  }

  /** Opens a connection, again if it is refused for now only; one that is still open becomes the old one. In auto mode, owed acks are sent again at once. */
  async connect({
    subprotocol = WIRE.subprotocol,
    tokens,
    reads = true,
    wanted,
    pinned = false,
  }: ConnectOptions = {}): Promise<DialOutcome> {
    const once = async () => {
      const outcome = await this.#connectOnce(subprotocol, tokens, reads);
      if (!outcome.ok && !pinned) this.#tryNext(outcome);
      return outcome;
    };
    const hasOthers = this.node !== undefined;
    const leastMs = pinned ? this.#world.comesBackWithinMs : 0;
    return connectPatiently(once, (ms) => this.#world.pause(ms), wanted, hasOthers, leastMs);
  }

  async #connectOnce(
    subprotocol: string | false,
    tokens: TokenChoice | undefined,
    reads: boolean,
  ): Promise<DialOutcome> {
    this.#connections += 1;
    const voice = this.#voice ?? this.#world.voiceFor(this.name, this.#connections);
    const link = new Link(this.#world.nextConn(), this, reads, voice);
    link.node = this.node;
    const described = describeVoice(voice);
    this.record({
      kind: 'opening',
      client: this.name,
      conn: link.conn,
      ...defined({ node: this.node }),
      ...(described === '' ? {} : { voice: described }),
    });
    // Only who offers what everybody offers can expect to get in, however it is written.
    const form = subprotocol === WIRE.subprotocol ? voice.handshake : undefined;
    const outcome = await this.#world.dial(
      {
        user: this.user,
        device: this.device,
        subprotocol,
        timeoutMs: this.#world.connectBoundMs,
        ...defined({ tokens, form, node: this.node }),
      },
      link.handlers,
    );
    if (!outcome.ok) {
      const { ok: _, retryAfterMs: __, ...refused } = outcome;
      this.record({ kind: 'refused', client: this.name, conn: link.conn, ...refused });
      return outcome;
    }
    return outcome;
  }

  /** A node that is not there, or that has no room, sends its clients to the next one (section 4.2.9). */
  #tryNext({ refusal, status }: Omit<Refused, 'ok'>): void {
    if (this.node === undefined || !(refusal === 'network' || refusal === 'timeout' || status === 503)) return;
    this.node = (this.node % this.#world.nodes) + 1;
  }

  isEarlier(packet: Packet): boolean {
    return this.#world.isEarlier(this.user, packet);
  }

  onOpen(link: Link): void {
    this.firstOpenedAt = Math.min(this.firstOpenedAt, performance.now());
    this.old = this.link;
    this.link = link;
    if (this.autoAcks) this.receiver.resendOwedAcks(link);
    this.notify();
  }

  onPacket(link: Link, entry: Received & { kind: 'packet' }, bytes: number): void {
    const { packet } = entry;
    const { messages } = this.#world;
    this.#world.countPacket();
    if (packet.type === 'msg:A') messages.learnAnswer(link.conn, packet);
    if (packet.type === 'msg:A' || packet.type === 'ack:A') this.#onAnswer(link, packet);
    if (packet.type === 'ack:A') this.receiver.onAckAnswer(link, packet);
    if (packet.type === 'ack:N') {
      for (const message of messages.ofKey(this.user, packet.msgId)) {
        if (packet.status === 'stored') message.storedAt = performance.now();
        else message.final = true;
      }
    }
    if (packet.type === 'msg:N') {
      messages.learnPush(packet, bytes);
      this.receiver.awaitStep(entry, packet);
      this.#world.noteAcceptedAt(packet.acceptedAt);
      if (this.autoAcks && link === this.link) this.receiver.takePush(link, entry);
    }
  }

  /** The connection that a step means. */
  linkOf(which: 'old' | undefined): Link | undefined {
    return which === 'old' ? this.old : this.link;
  }

  /** A request that the server could not take now is sent again; one that it took is put off no more. */
  #onAnswer(link: Link, packet: MsgA | AckA): void {
    const label = this.#world.messages.labelOfRid(link.conn, packet.rid);
    const message = label === undefined ? undefined : this.#world.messages.find(label);
    if (isPutOff(packet, this.#world.claimsFlowControl)) this.#sendAgain(link, packet, label, message);
    else if (message) message.putOff = undefined;
  }

  /** What every client does about `busy`: the same again, a little later. A step never sees that it took two tries. */
  #sendAgain(link: Link, packet: MsgA | AckA, label: string | undefined, message: SentMessage | undefined): void {
    const { type } = packet;
    const tries = this.#putOff.get(`${type} ${label}`) ?? 0;
    if ((!message && label !== RAW_LABEL) || tries >= MAX_TRIES) return;
    this.#putOff.set(`${type} ${label}`, tries + 1);
    const again = () => {
      if (link.state !== 'open' || link !== this.link) return;
      if (!message) this.writeAgain?.();
      else if (type === 'msg:A') this.transmit(link, message);
      else if (message.serverMsgId !== undefined) this.receiver.ack(link, message.serverMsgId, message.label);
    };
    const pauseMs = retryPauseMs(packet, tries);
    if (message) this.#world.messages.putOff(message, packet.error?.code, pauseMs);
    setTimeout(again, pauseMs).unref();
  }

  /** Sends msg:R for a message of the script. */
  transmit(link: Link, message: SentMessage): void {
    const rid = link.nextRid();
    this.#world.messages.noteRid(link.conn, rid, message.label);
    link.send(this.#world.messages.request(message, rid), message.label);
  }
}
