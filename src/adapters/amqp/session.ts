import type { AckR, MsgR } from '../../../schemas/index.js';
import type { Cannot, Session, Who, Wire } from '../dialect.js';
import { extraField } from '../extra-field.js';
import {
  contentFrames,
  FrameReader,
  HEARTBEAT,
  type Incoming,
  LEAST_FRAME_BYTES,
  METHOD,
  MOST_FRAME_BYTES,
  methodFrame,
  NotAmqp,
  PROTOCOL_HEADER,
  type Reader,
  Writer,
} from './wire.js';

export interface AmqpSettings {
  queue: 'classic' | 'quorum';
  /** An ack is followed by a round trip on its channel, whose answer counts as the answer to the ack. */
  fence: boolean;
  /** `NAME:PASSWORD` for everybody; undefined: each user logs in with the name and the token of its own. */
  login: string | undefined;
}

/** One channel publishes, the other one consumes: an error of one is none of the other. */
const PUBLISHING = 1;
const CONSUMING = 2;
const QUEUE = 'im-conformance.';
/** Seconds. The broker ends a connection that was silent for twice as long. */
const HEARTBEAT_SECONDS = 60;
const LONGEST_SHORT_TEXT = 255;
const NOT_LET_IN = 403;
/** Of a connection that the broker closes because it stops. */
const FORCED = 320;
const DURABLE = 0b10;
const PASSIVE = 0b1;
const MANDATORY = 0b1;

interface Publication {
  rid: string;
  msgId: string;
}

/** One connection of a user to an AMQP 0-9-1 broker, which has a durable queue for each user. */
export class AmqpSession implements Session {
  readonly #who: Who;
  readonly #wire: Wire;
  readonly #settings: AmqpSettings;
  /** The msgIds that were sent. */
  readonly #memory: Map<string, unknown>;
  readonly #reader = new FrameReader();
  /** What came broke the rules of AMQP; nothing behind it can be read. */
  #broken = false;
  #frameMax = MOST_FRAME_BYTES;
  /** Number of the last publication on this connection; the broker counts, too. */
  #published = 0;
  readonly #unconfirmed = new Map<number, Publication>();
  readonly #returned = new Set<string>();
  /** Id of a push → its delivery tags that are not acked. */
  readonly #pushed = new Map<string, number[]>();
  /** Rids of acks that wait behind a fence. */
  readonly #fenced: string[] = [];
  #declared = false;
  readonly beat = { everyMs: HEARTBEAT_SECONDS * 500, run: (): void => this.#wire.send(HEARTBEAT) };

  constructor(who: Who, wire: Wire, memory: Map<string, unknown>, settings: AmqpSettings) {
    this.#who = who;
    this.#wire = wire;
    this.#memory = memory;
    this.#settings = settings;
  }

  begin(): void {
    this.#wire.send(PROTOCOL_HEADER);
  }

  leave(): void {
    this.#say(0, METHOD.close, new Writer().short(200).shortText('done').short(0).short(0));
  }

  receive(data: string | Uint8Array): void {
    if (this.#broken) return;
    try {
      for (const incoming of this.#reader.push(Buffer.from(data as Uint8Array))) this.#on(incoming);
    } catch (error) {
      // Anything else is a fault of the kit, and no accusation of the broker.
      if (!(error instanceof NotAmqp)) throw error;
      this.#broken = true;
      this.#wire.unread(error.message, 'it is no frame of AMQP 0-9-1');
    }
  }

  #say(channel: number, method: number, writer?: Writer): void {
    this.#wire.send(methodFrame(channel, method, writer));
  }

  #on(incoming: Incoming): void {
    const { channel, method, arguments: read } = incoming;
    if (method === METHOD.start) this.#onStart();
    else if (method === METHOD.tune) this.#onTune(read);
    else if (method === METHOD.openOk) this.#openChannels();
    else if (method === METHOD.declareOk) this.#onDeclared();
    else if (method === METHOD.consumeOk) this.#wire.ready();
    else if (method === METHOD.deliver) this.#onDeliver(incoming);
    else if (method === METHOD.return) this.#returned.add(incoming.content?.messageId ?? '');
    else if (method === METHOD.ack || method === METHOD.nack) this.#onConfirm(method, read.longlong(), read.byte());
    else if (method === METHOD.close) this.#onClose(read);
    else if (method === METHOD.channelClose) this.#onChannelClose(channel, read);
    else if (![METHOD.channelOpenOk, METHOD.selectOk, METHOD.closeOk].includes(method as never))
      this.#wire.unread(`method ${method} on channel ${channel}`, 'nobody asked for it');
  }

  #onStart(): void {
    const { user, token } = this.#who;
    const [name = '', password = ''] = this.#settings.login?.split(/:(.*)/s) ?? [user, token];
    const capabilities = { authentication_failure_close: true, 'basic.nack': true, publisher_confirms: true };
    const properties = { product: 'im-conformance', capabilities };
    this.#say(
      0,
      METHOD.startOk,
      new Writer().table(properties).shortText('PLAIN').longText(`\0${name}\0${password}`).shortText('en_US'),
    );
  }

  #onTune(read: Reader): void {
    const channels = read.short();
    // 0: no bound.
    const offered = read.long() || MOST_FRAME_BYTES;
    if (offered < LEAST_FRAME_BYTES) throw new NotAmqp(`tune with a frame-max of ${offered} bytes`);
    this.#frameMax = Math.min(offered, MOST_FRAME_BYTES);
    this.#reader.frameMax = this.#frameMax;
    this.#say(0, METHOD.tuneOk, new Writer().short(channels).long(this.#frameMax).short(HEARTBEAT_SECONDS));
    this.#say(0, METHOD.open, new Writer().shortText('/').shortText('').byte(0));
  }

  #openChannels(): void {
    for (const channel of [PUBLISHING, CONSUMING]) this.#say(channel, METHOD.channelOpen, new Writer().shortText(''));
    this.#say(PUBLISHING, METHOD.select, new Writer().byte(0));
    const options: Record<string, string> = this.#settings.queue === 'quorum' ? { 'x-queue-type': 'quorum' } : {};
    this.#declare(DURABLE, options);
  }

  #declare(flags: number, options: Record<string, string> = {}): void {
    this.#say(
      CONSUMING,
      METHOD.declare,
      new Writer()
        .short(0)
        .shortText(QUEUE + this.#who.user)
        .byte(flags)
        .table(options),
    );
  }

  #onDeclared(): void {
    if (this.#declared) {
      const rid = this.#fenced.shift();
      if (rid !== undefined) this.#wire.packet({ type: 'ack:A', status: 'ok', rid });
      return;
    }
    this.#declared = true;
    const consume = new Writer()
      .short(0)
      .shortText(QUEUE + this.#who.user)
      .shortText('')
      .byte(0)
      .table({});
    this.#say(CONSUMING, METHOD.consume, consume);
  }

  #onClose(read: Reader): void {
    const code = read.short();
    const why = read.shortText();
    this.#say(0, METHOD.closeOk);
    if (code === FORCED) this.#wire.closing(1001);
    this.#wire.refused(code === NOT_LET_IN ? 401 : 503, why);
  }

  #onChannelClose(channel: number, read: Reader): void {
    const code = read.short();
    const why = read.shortText();
    this.#say(channel, METHOD.channelCloseOk);
    this.#wire.refused(503, why);
    this.#wire.unread(`channel ${channel} closed with ${code} ${why}`, 'the kit did nothing that would explain it');
  }

  #onDeliver({ arguments: read, content }: Incoming): void {
    read.shortText();
    const tag = read.longlong();
    read.byte();
    read.shortText();
    const key = read.shortText();
    const { messageId: msgId, from, body = Buffer.alloc(0) } = content ?? {};
    if (msgId === undefined || from === undefined || !key.startsWith(QUEUE)) {
      this.#wire.unread(
        `deliver ${key} ${body.toString('utf8', 0, 300)}`,
        'a message of the kit has message-id and app-id',
      );
      return;
    }
    const serverMsgId = `${from}/${msgId}`;
    // Noted first: the ack may come within the call.
    this.#pushed.set(serverMsgId, [...(this.#pushed.get(serverMsgId) ?? []), tag]);
    const to = key.slice(QUEUE.length);
    this.#wire.packet({ type: 'msg:N', msgId, from, to, body: body.toString(), serverMsgId });
  }

  /** A confirm answers one publication, or all up to it. A message that no queue takes was returned before. */
  #onConfirm(method: number, tag: number, flags: number): void {
    const tags = [...this.#unconfirmed.keys()].filter((one) => one === tag || ((flags & 1) === 1 && one <= tag));
    for (const one of tags) {
      const { rid, msgId } = this.#unconfirmed.get(one) as Publication;
      this.#unconfirmed.delete(one);
      const nobody = this.#returned.delete(msgId);
      if (method === METHOD.ack && !nobody) {
        this.#wire.packet({ type: 'msg:A', rid, status: 'stored' });
      } else {
        const error = nobody
          ? ({ code: 'unknown-recipient', message: 'returned: no queue takes it' } as const)
          : ({ code: 'internal', message: 'basic.nack' } as const);
        this.#wire.packet({ type: 'msg:A', rid, status: 'rejected', error });
      }
    }
  }

  send(request: MsgR | AckR): Cannot | undefined {
    return request.type === 'msg:R' ? this.#publish(request) : this.#ack(request);
  }

  #publish({ type: _type, rid, msgId, to, body, ...more }: MsgR): Cannot | undefined {
    const extra = extraField('a message', more);
    if (extra !== undefined) return extra;
    if (Buffer.byteLength(QUEUE + to) > LONGEST_SHORT_TEXT) return { cannot: 'name a queue with more than 255 bytes' };
    // Also after a lost answer: the broker does not know it again, and a push does not tell the two apart.
    if (this.#memory.has(msgId)) return { cannot: 'send a message again: it would be another message' };
    this.#memory.set(msgId, true);
    this.#published += 1;
    this.#unconfirmed.set(this.#published, { rid, msgId });
    const publish = new Writer()
      .short(0)
      .shortText('')
      .shortText(QUEUE + to)
      .byte(MANDATORY);
    const content = contentFrames(
      PUBLISHING,
      Buffer.from(body),
      { messageId: msgId, from: this.#who.user },
      this.#frameMax,
    );
    this.#wire.send(Buffer.concat([methodFrame(PUBLISHING, METHOD.publish, publish), content]));
    return undefined;
  }

  #ack({ type: _type, rid, serverMsgId, ...more }: AckR): Cannot | undefined {
    const extra = extraField('an ack', more);
    if (extra !== undefined) return extra;
    const tag = this.#pushed.get(serverMsgId)?.shift();
    if (tag === undefined) return { cannot: 'ack what is not waiting for an ack on this connection' };
    this.#say(CONSUMING, METHOD.ack, new Writer().longlong(tag).byte(0));
    if (this.#settings.fence) {
      this.#fenced.push(rid);
      this.#declare(PASSIVE);
    }
    return undefined;
  }
}
