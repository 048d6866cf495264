import { Buffer } from 'node:buffer';

/** The frames of AMQP 0-9-1, as far as the kit writes and reads them. Numbers are those of its specification. */
const FRAME = { method: 1, header: 2, body: 3, heartbeat: 8 } as const;
const TYPES: ReadonlySet<number> = new Set(Object.values(FRAME));
const FRAME_END = 0xce;
const HEAD_BYTES = 7;
/** So much of a frame is not its payload. */
export const FRAME_OVERHEAD_BYTES = 8;
/** The frame-max that the kit asks for, and that of RabbitMQ, too. */
export const MOST_FRAME_BYTES = 131_072;
/** Every peer must take so much. */
export const LEAST_FRAME_BYTES = 4_096;
/** RabbitMQ takes no longer message, unless it is told to. */
const MOST_CONTENT_BYTES = 128 * 1_024 * 1_024;
const BASIC = 60;

/** class × 1000 + method. */
export const METHOD = {
  start: 10_010,
  startOk: 10_011,
  tune: 10_030,
  tuneOk: 10_031,
  open: 10_040,
  openOk: 10_041,
  close: 10_050,
  closeOk: 10_051,
  channelOpen: 20_010,
  channelOpenOk: 20_011,
  channelClose: 20_040,
  channelCloseOk: 20_041,
  declare: 50_010,
  declareOk: 50_011,
  consume: 60_020,
  consumeOk: 60_021,
  publish: 60_040,
  return: 60_050,
  deliver: 60_060,
  ack: 60_080,
  nack: 60_120,
  select: 85_010,
  selectOk: 85_011,
} as const;

export const PROTOCOL_HEADER: Uint8Array = Buffer.from('AMQP\0\0\x09\x01', 'latin1');

/** What arrived breaks the rules of AMQP 0-9-1; whatever follows cannot be trusted. */
export class NotAmqp extends Error {}

/** Writes arguments of methods. */
export class Writer {
  readonly #parts: Buffer[] = [];

  byte(value: number): this {
    this.#parts.push(Buffer.from([value]));
    return this;
  }
  short(value: number): this {
    const bytes = Buffer.alloc(2);
    bytes.writeUInt16BE(value);
    this.#parts.push(bytes);
    return this;
  }
  long(value: number): this {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    this.#parts.push(bytes);
    return this;
  }
  longlong(value: number): this {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64BE(BigInt(value));
    this.#parts.push(bytes);
    return this;
  }
  /** At most 255 bytes. */
  shortText(text: string): this {
    const bytes = Buffer.from(text);
    this.byte(bytes.length);
    this.#parts.push(bytes);
    return this;
  }
  longText(text: string): this {
    const bytes = Buffer.from(text);
    this.long(bytes.length);
    this.#parts.push(bytes);
    return this;
  }
  /** Of texts, booleans and tables; that is all the kit has to say. */
  table(values: Readonly<Record<string, string | boolean | object>>): this {
    const inner = new Writer();
    for (const [name, value] of Object.entries(values)) {
      inner.shortText(name);
      if (typeof value === 'string') inner.byte(0x53).longText(value);
      else if (typeof value === 'boolean') inner.byte(0x74).byte(value ? 1 : 0);
      else inner.byte(0x46).table(value as Record<string, boolean>);
    }
    const bytes = inner.bytes();
    this.long(bytes.length);
    this.#parts.push(bytes);
    return this;
  }
  bytes(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

const frame = (type: number, channel: number, payload: Uint8Array): Buffer => {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt8(type, 0);
  head.writeUInt16BE(channel, 1);
  head.writeUInt32BE(payload.byteLength, 3);
  return Buffer.concat([head, payload, Buffer.from([FRAME_END])]);
};

export const methodFrame = (channel: number, method: number, writer: Writer = new Writer()): Buffer => {
  const id = new Writer().short(Math.floor(method / 1_000)).short(method % 1_000);
  return frame(FRAME.method, channel, Buffer.concat([id.bytes(), writer.bytes()]));
};

export const HEARTBEAT: Uint8Array = frame(FRAME.heartbeat, 0, new Uint8Array());

/** The properties of a message that the kit uses. */
export interface Properties {
  messageId: string;
  /** In `app-id`, where nobody checks it. */
  from: string;
}

const HAS = {
  contentType: 15,
  encoding: 14,
  headers: 13,
  mode: 12,
  priority: 11,
  correlation: 10,
  replyTo: 9,
} as const;
const HAS_MORE = { expiration: 8, messageId: 7, timestamp: 6, type: 5, userId: 4, appId: 3 } as const;
const PERSISTENT = 2;

/** A persistent message: its header and its body, in frames of at most `frameMax` bytes. */
export const contentFrames = (channel: number, body: Uint8Array, { messageId, from }: Properties, frameMax: number) => {
  const flags = (1 << HAS.mode) | (1 << HAS_MORE.messageId) | (1 << HAS_MORE.appId);
  const header = new Writer().short(BASIC).short(0).longlong(body.byteLength).short(flags);
  const frames = [frame(FRAME.header, channel, header.byte(PERSISTENT).shortText(messageId).shortText(from).bytes())];
  const most = frameMax - FRAME_OVERHEAD_BYTES;
  for (let at = 0; at < body.byteLength; at += most)
    frames.push(frame(FRAME.body, channel, body.subarray(at, at + most)));
  return Buffer.concat(frames);
};

/** Reads arguments of methods, one after the other. Throws NotAmqp where they end too early. */
export class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  byte(): number {
    return this.#bytes.readUInt8(this.skip(1));
  }
  short(): number {
    return this.#bytes.readUInt16BE(this.skip(2));
  }
  long(): number {
    return this.#bytes.readUInt32BE(this.skip(4));
  }
  longlong(): number {
    return Number(this.#bytes.readBigUInt64BE(this.skip(8)));
  }
  shortText(): string {
    const length = this.byte();
    const from = this.skip(length);
    return this.#bytes.toString('utf8', from, from + length);
  }
  /** Where the skipped bytes begin. */
  skip(bytes: number): number {
    const from = this.#at;
    if (from + bytes > this.#bytes.length) throw new NotAmqp(`too short: ${this.#bytes.toString('hex', 0, 32)}`);
    this.#at += bytes;
    return from;
  }
}

/** Size and properties of a message, from the payload of its header frame. */
const readHeader = (payload: Buffer): { size: number } & Partial<Properties> => {
  const reader = new Reader(payload);
  reader.skip(4);
  const size = reader.longlong();
  const flags = reader.short();
  const has = (bit: number): boolean => (flags & (1 << bit)) !== 0;
  const text = (bit: number): string | undefined => (has(bit) ? reader.shortText() : undefined);
  text(HAS.contentType);
  text(HAS.encoding);
  if (has(HAS.headers)) reader.skip(reader.long());
  if (has(HAS.mode)) reader.byte();
  if (has(HAS.priority)) reader.byte();
  text(HAS.correlation);
  text(HAS.replyTo);
  text(HAS_MORE.expiration);
  const messageId = text(HAS_MORE.messageId);
  if (has(HAS_MORE.timestamp)) reader.longlong();
  text(HAS_MORE.type);
  text(HAS_MORE.userId);
  const from = text(HAS_MORE.appId);
  return { size, ...(messageId === undefined ? {} : { messageId }), ...(from === undefined ? {} : { from }) };
};

/** A method, with the message that follows it where it brings one. */
export interface Incoming {
  channel: number;
  method: number;
  arguments: Reader;
  content?: { body: Buffer } & Partial<Properties>;
}

interface Gathering {
  incoming: Incoming;
  size?: number;
  properties?: Partial<Properties>;
  parts: Buffer[];
  length: number;
}

const BRINGS_CONTENT: ReadonlySet<number> = new Set([METHOD.publish, METHOD.return, METHOD.deliver]);

/** Cuts what arrives into methods. Throws NotAmqp where it is none; then it is of no use any more. */
export class FrameReader {
  /** Longest frame that was agreed on, in bytes. */
  frameMax = MOST_FRAME_BYTES;
  #rest = Buffer.alloc(0);
  /** By channel: a method whose message has not come whole. */
  readonly #gathering = new Map<number, Gathering>();

  *push(data: Uint8Array): Generator<Incoming> {
    this.#rest = this.#rest.length === 0 ? Buffer.from(data) : Buffer.concat([this.#rest, data]);
    while (this.#rest.length >= HEAD_BYTES) {
      if (!TYPES.has(this.#rest.readUInt8(0)))
        throw new NotAmqp(`no AMQP frame begins ${this.#rest.toString('hex', 0, 32)}`);
      const end = HEAD_BYTES + this.#rest.readUInt32BE(3);
      if (end >= this.frameMax) throw new NotAmqp(`a frame of ${end + 1} bytes, where ${this.frameMax} were agreed on`);
      if (this.#rest.length <= end) return;
      const type = this.#rest.readUInt8(0);
      const payload = this.#rest.subarray(HEAD_BYTES, end);
      if (this.#rest[end] !== FRAME_END)
        throw new NotAmqp(`no AMQP frame ends like ${this.#rest.toString('hex', 0, 32)}`);
      const incoming = this.#onFrame(type, this.#rest.readUInt16BE(1), payload);
      this.#rest = this.#rest.subarray(end + 1);
      if (incoming !== undefined) yield incoming;
    }
  }

  #onFrame(type: number, channel: number, payload: Buffer): Incoming | undefined {
    if (type === FRAME.heartbeat) return undefined;
    if (type === FRAME.method) {
      const read = new Reader(payload);
      const method = read.short() * 1_000 + read.short();
      const incoming = { channel, method, arguments: read };
      if (!BRINGS_CONTENT.has(method)) return incoming;
      this.#gathering.set(channel, { incoming, parts: [], length: 0 });
      return undefined;
    }
    const gathering = this.#gathering.get(channel);
    // A message is its header, and then its body.
    if (gathering === undefined || (type === FRAME.header) !== (gathering.size === undefined))
      throw new NotAmqp(`a frame of type ${type} that belongs to no message`);
    if (type === FRAME.header) {
      const { size, ...properties } = readHeader(payload);
      if (size > MOST_CONTENT_BYTES)
        throw new NotAmqp(`a message of ${size} bytes; ${MOST_CONTENT_BYTES} are the most`);
      Object.assign(gathering, { size, properties });
    } else {
      gathering.parts.push(payload);
      gathering.length += payload.length;
    }
    const { size = 0, length } = gathering;
    if (length > size) throw new NotAmqp(`a body of ${length} bytes, where ${size} were announced`);
    if (length < size) return undefined;
    this.#gathering.delete(channel);
    return { ...gathering.incoming, content: { ...gathering.properties, body: Buffer.concat(gathering.parts) } };
  }
}
