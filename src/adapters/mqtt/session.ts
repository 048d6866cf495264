import type { AckR, MsgR } from '../../../schemas/index.js';
import type { Cannot, Session, Who, Wire } from '../dialect.js';
import { extraField } from '../extra-field.js';
import type { MqttCodec, MqttPacket } from './codec.js';
import { Received } from './received.js';
import { FIRST_FAILURE, termsOf, whyNotSubscribed, whyRefused } from './terms.js';

export interface MqttSettings {
  /** 4 is 3.1.1. */
  version: 4 | 5;
  qos: 1 | 2;
}

/** A publication of this client: its packet id outlives the connection, as MQTT asks. */
interface Publication {
  messageId: number;
  state: 'published' | 'released' | 'done';
  /** Its PUBREC said that nobody has subscribed; its PUBCOMP need not say so again. */
  nobody?: boolean;
}

/** Seconds without a sign of life after which the broker ends the connection, times 1.5. */
const KEEP_ALIVE_SECONDS = 60;
const FOREVER = 0xffff_ffff;
const TOPIC = 'im-conformance/to/';
const LAST_ID = 65_535;
/** Reasons of a DISCONNECT (MQTT 5), and the close codes that mean the same. */
const CLOSES: Readonly<Record<number, number>> = { 142: 4409, 139: 1001 };
const NOBODY_SUBSCRIBED = 16;
/** Packet identifier not found. */
const ID_NOT_FOUND = 146;

interface Envelope {
  id: string;
  from: string;
  body: string;
}

const envelopeOf = (payload: string | Uint8Array | undefined): Envelope | undefined => {
  try {
    const { id, from, body } = JSON.parse(Buffer.from(payload ?? '').toString()) as Partial<Envelope>;
    return typeof id === 'string' && typeof from === 'string' && typeof body === 'string'
      ? { id, from, body }
      : undefined;
  } catch {
    return undefined;
  }
};

/** One connection of a user to an MQTT broker: a persistent session, and a topic for each user. */
export class MqttSession implements Session {
  readonly #who: Who;
  readonly #wire: Wire;
  readonly #settings: MqttSettings;
  readonly #codec: MqttCodec;
  readonly #parser: ReturnType<MqttCodec['parser']>;
  readonly #memory: Map<string, unknown>;
  /** Packet id → rid of what waits for its answer on this connection. */
  readonly #asked = new Map<number, string>();
  /** Packet ids whose PUBREL was said on an earlier connection, and again on this one. */
  readonly #releasedAgain = new Set<number>();
  readonly #received: Received;
  #terms = termsOf({ cmd: 'connack' }, KEEP_ALIVE_SECONDS);
  /** Publications for which the broker has no room (MQTT 5). */
  readonly #waiting: MqttPacket[] = [];
  readonly beat = { everyMs: KEEP_ALIVE_SECONDS * 500, run: (): void => this.#write({ cmd: 'pingreq' }) };

  constructor(who: Who, wire: Wire, memory: Map<string, unknown>, settings: MqttSettings, codec: MqttCodec) {
    this.#who = who;
    this.#wire = wire;
    this.#memory = memory;
    this.#settings = settings;
    this.#codec = codec;
    this.#received = new Received(settings.qos, wire, memory, (cmd, messageId) => this.#write({ cmd, messageId }));
    this.#parser = codec.parser({ protocolVersion: settings.version });
    this.#parser.on('packet', (packet) => this.#on(packet));
    this.#parser.on('error', (error) => wire.unread(error.message, 'no MQTT broker writes that'));
  }

  #encoded(packet: MqttPacket): Uint8Array {
    return this.#codec.generate(packet, { protocolVersion: this.#settings.version });
  }

  #write(packet: MqttPacket): void {
    this.#wire.send(this.#encoded(packet));
  }

  begin(): void {
    const { user, token } = this.#who;
    const { version } = this.#settings;
    this.#write({
      cmd: 'connect',
      protocolId: 'MQTT',
      protocolVersion: version,
      clientId: `im-conformance-${user}`,
      clean: false,
      keepalive: KEEP_ALIVE_SECONDS,
      username: user,
      password: Buffer.from(token),
      ...(version === 5 ? { properties: { sessionExpiryInterval: FOREVER } } : {}),
    });
  }

  receive(data: string | Uint8Array): void {
    this.#parser.parse(Buffer.from(data as Uint8Array));
  }

  leave(): void {
    this.#write({ cmd: 'disconnect', reasonCode: 0 });
  }

  #on(packet: MqttPacket): void {
    const { cmd, messageId = 0 } = packet;
    if (cmd === 'connack') this.#onConnack(packet);
    else if (cmd === 'suback') this.#isRefused(whyNotSubscribed(packet, this.#settings.qos)) || this.#wire.ready();
    else if (cmd === 'publish') this.#onPublish(packet);
    else if (cmd === 'puback' || cmd === 'pubcomp') this.#onAnswer(packet);
    else if (cmd === 'pubrec') this.#onPubrec(packet);
    else if (cmd === 'pubrel') this.#received.onPubrel(messageId);
    else if (cmd === 'disconnect') this.#onDisconnect(packet.reasonCode ?? 0);
    else if (cmd !== 'pingresp') this.#wire.unread(JSON.stringify(packet).slice(0, 400), `nobody asked for a ${cmd}`);
  }

  #isRefused(why: [status: number, why: string] | undefined): boolean {
    if (why !== undefined) this.#wire.refused(...why);
    return why !== undefined;
  }

  #onConnack(packet: MqttPacket): void {
    if (this.#isRefused(whyRefused(packet, this.#settings.qos))) return;
    if (packet.sessionPresent === false) this.#forgetSession();
    this.#terms = termsOf(packet, KEEP_ALIVE_SECONDS);
    this.beat.everyMs = this.#terms.keepAlive * 500;
    const subscriptions = [{ topic: TOPIC + this.#who.user, qos: this.#settings.qos }];
    this.#write({ cmd: 'subscribe', messageId: LAST_ID, subscriptions });
  }

  /**
   * The broker has no session of this client, and MQTT asks the client to discard its own. A PUBREL alone would release
   * nothing, and yet be answered by a PUBCOMP: what has no final answer begins anew.
   */
  #forgetSession(): void {
    for (const [key, value] of this.#memory) {
      if (!key.startsWith('publication ')) continue;
      const publication = value as Publication;
      if (publication.state === 'released') Object.assign(publication, { state: 'published', nobody: false });
    }
    this.#received.forgetSession();
  }

  #onDisconnect(reason: number): void {
    const means = CLOSES[reason];
    if (means !== undefined) this.#wire.closing(means);
  }

  #onPublish({ topic = '', payload, qos, messageId = 0 }: MqttPacket): void {
    const envelope = envelopeOf(payload);
    if (envelope === undefined || !topic.startsWith(TOPIC)) {
      this.#wire.unread(
        `PUBLISH ${topic} ${String(payload).slice(0, 300)}`,
        'a message of the kit is an envelope in JSON',
      );
      return;
    }
    if (qos !== this.#settings.qos) {
      this.#wire.unread(
        `PUBLISH ${topic} with QoS ${qos}`,
        `it was published and subscribed with QoS ${this.#settings.qos}`,
      );
      return;
    }
    const { id: msgId, from, body } = envelope;
    // With QoS 2 another packet id is another message: a repeat carries the same one.
    const serverMsgId = this.#settings.qos === 2 ? `${from}/${msgId}/${messageId}` : `${from}/${msgId}`;
    const to = topic.slice(TOPIC.length);
    this.#received.onPublish(messageId, serverMsgId, () =>
      this.#wire.packet({ type: 'msg:N', msgId, from, to, body, serverMsgId }),
    );
  }

  #publicationOf(messageId: number): Publication | undefined {
    return this.#memory.get(`publication ${messageId}`) as Publication | undefined;
  }

  /** PUBACK, or the PUBCOMP with which QoS 2 ends: only then the broker has it for good. */
  #onAnswer({ cmd, messageId = 0, reasonCode = 0 }: MqttPacket): void {
    const rid = this.#asked.get(messageId);
    this.#asked.delete(messageId);
    const publication = this.#publicationOf(messageId);
    if (publication) publication.state = 'done';
    const next = this.#waiting.shift();
    if (next) this.#write(next);
    if (rid === undefined) return;
    // The broker had completed it before the last connection ended: no error, says MQTT 5.
    const wasComplete = cmd === 'pubcomp' && reasonCode === ID_NOT_FOUND && this.#releasedAgain.has(messageId);
    const nobody = reasonCode === NOBODY_SUBSCRIBED || publication?.nobody === true;
    if (!nobody && (wasComplete || reasonCode < FIRST_FAILURE)) {
      this.#wire.packet({ type: 'msg:A', rid, status: 'stored' });
      return;
    }
    const code = nobody ? 'unknown-recipient' : 'internal';
    const message = `reason ${nobody ? NOBODY_SUBSCRIBED : reasonCode}`;
    this.#wire.packet({ type: 'msg:A', rid, status: 'rejected', error: { code, message } });
  }

  #onPubrec(packet: MqttPacket): void {
    const { messageId = 0, reasonCode = 0 } = packet;
    // MQTT 5: refused, and so at its end. A lower reason is none: the exchange goes on.
    if (reasonCode >= FIRST_FAILURE) {
      this.#onAnswer(packet);
      return;
    }
    const publication = this.#publicationOf(messageId);
    if (publication) Object.assign(publication, { state: 'released', nobody: reasonCode === NOBODY_SUBSCRIBED });
    this.#write({ cmd: 'pubrel', messageId });
  }

  send(request: MsgR | AckR): Cannot | undefined {
    return request.type === 'msg:R' ? this.#publish(request) : this.#received.ack(request);
  }

  #freeId(): number {
    const last = Number(this.#memory.get('last') ?? 0);
    const next = (last % (LAST_ID - 1)) + 1;
    this.#memory.set('last', next);
    return next;
  }

  /** An unanswered publication may be repeated on a later connection, with its packet id; a second one would be another message. */
  #publish({ type: _type, rid, msgId, to, body, ...more }: MsgR): Cannot | undefined {
    const extra = extraField('a message', more);
    if (extra !== undefined) return extra;
    const key = `msg ${msgId}`;
    const known = this.#memory.get(key) as Publication | undefined;
    if (known?.state === 'done')
      return { cannot: 'send a message again that was answered: it would be another message' };
    if (known && this.#asked.has(known.messageId)) return { cannot: 'send a message twice on one connection' };
    const publication: Publication = known ?? { messageId: this.#freeId(), state: 'published' };
    const { messageId } = publication;
    const payload = JSON.stringify({ id: msgId, from: this.#who.user, body } satisfies Envelope);
    const { qos } = this.#settings;
    const packet: MqttPacket =
      publication.state === 'released'
        ? { cmd: 'pubrel', messageId }
        : { cmd: 'publish', messageId, topic: TOPIC + to, payload, qos, dup: known !== undefined, retain: false };
    const { mostBytes, room } = this.#terms;
    if (this.#encoded(packet).byteLength > mostBytes)
      return { cannot: `write a packet of more than ${mostBytes} bytes: the broker takes no larger one` };
    this.#memory.set(key, publication);
    this.#memory.set(`publication ${messageId}`, publication);
    const full = this.#asked.size >= room;
    this.#asked.set(messageId, rid);
    if (publication.state === 'released') this.#releasedAgain.add(messageId);
    if (full) this.#waiting.push(packet);
    else this.#write(packet);
    return undefined;
  }
}
