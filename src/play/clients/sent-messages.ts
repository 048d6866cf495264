import { type ErrorCode, type MsgA, type MsgN, type MsgR, RETRYABLE_CODES } from '../../../schemas/index.js';
import { KitError } from '../../errors.js';
import { encodePacket } from '../../wire/index.js';

/** What a script says of a message. Times are those of the kit's own clock. */
type Said = Pick<SentMessage, 'label' | 'client' | 'fromUser' | 'toUser' | 'toClient' | 'msgId' | 'body' | 'fields'> & {
  ttlMs?: number | undefined;
};

/** A message that was sent just now, or is about to be. */
export const newMessage = (said: Said): SentMessage => ({
  // Member by member, for it is done for each of thousands: a spread makes a slower object.
  label: said.label,
  client: said.client,
  fromUser: said.fromUser,
  toUser: said.toUser,
  toClient: said.toClient,
  msgId: said.msgId,
  body: said.body,
  ttlMs: said.ttlMs,
  fields: said.fields,
  sentAt: performance.now(),
  lastSentAt: performance.now(),
  storedAt: undefined,
  acceptedAt: undefined,
  serverMsgId: undefined,
  answer: undefined,
  accepted: false,
  final: false,
  acked: false,
  ackedBy: [],
  putOffUntil: 0,
  putOff: undefined,
});

/** Rejected, and no retry will help. */
export const isRefusedForGood = ({ accepted, answer }: SentMessage): boolean => {
  const code = answer?.error?.code;
  return !accepted && answer?.status === 'rejected' && code !== undefined && !RETRYABLE_CODES.has(code);
};

/** A message of the script: what the label stands for. */
export interface SentMessage {
  label: string;
  /** The client that sent it first. */
  client: string;
  fromUser: string;
  toUser: string;
  toClient: string;
  msgId: string;
  body: string;
  ttlMs: number | undefined;
  fields: Record<string, unknown>;
  /** Learned from the first answer or push. */
  serverMsgId: string | undefined;
  readonly sentAt: number;
  /** When its msg:R was written last. */
  lastSentAt: number;
  /** When its sender was told `stored` last; undefined: never. */
  storedAt: number | undefined;
  /** When the first accepted or duplicate arrived. */
  acceptedAt: number | undefined;
  /** The last answer to one of its msg:R. */
  answer: MsgA | undefined;
  /** Was answered accepted or duplicate at least once. */
  accepted: boolean;
  /** Its sender was told `delivered` or `expired`. */
  final: boolean;
  /** A recipient acked it and was answered. */
  acked: boolean;
  /** The devices of the recipient that did. */
  readonly ackedBy: string[];
  /** When its msg:R or its ack:R, which the server could not take, is sent again: nothing is due before. */
  putOffUntil: number;
  /** The code with which that was refused last; undefined: it was taken since. */
  putOff: ErrorCode | undefined;
}

/** What tells messages apart: the sender and the id that it chose. */
export const keyOf = (fromUser: string, msgId: string): string => `${fromUser}\n${msgId}`;

const bytesInJson = (text: string): number => Buffer.byteLength(JSON.stringify(text)) - 2;

/** The messages of one run of a scenario, by label, by id and by the rid of each transmission. */
export class SentMessages {
  readonly #byLabel = new Map<string, SentMessage>();
  readonly #byKey = new Map<string, SentMessage[]>();
  readonly #byServerMsgId = new Map<string, SentMessage>();
  /** Bytes of the last push to each user, without those of its body. */
  readonly #pushOverhead = new Map<string, number>();
  readonly #labelOfRid = new Map<string, string>();

  /** The latest time until which any of them is put off. */
  #putOffUntil = 0;

  /** A request for it was refused for now, and is sent again after that pause. */
  putOff(message: SentMessage, code: ErrorCode | undefined, pauseMs: number): void {
    message.putOff = code;
    message.putOffUntil = performance.now() + pauseMs;
    this.#putOffUntil = Math.max(this.#putOffUntil, message.putOffUntil);
  }

  /** For how long something is put off yet. */
  get putOffMs(): number {
    return Math.max(0, this.#putOffUntil - performance.now());
  }

  add(message: SentMessage): void {
    this.#byLabel.set(message.label, message);
    const key = keyOf(message.fromUser, message.msgId);
    const same = this.#byKey.get(key);
    if (same) same.push(message);
    else this.#byKey.set(key, [message]);
  }

  get(label: string): SentMessage {
    const message = this.#byLabel.get(label);
    if (!message) throw new KitError('kit', `the script names "${label}" before it exists`, 'Please report this.');
    return message;
  }

  find(label: string): SentMessage | undefined {
    return this.#byLabel.get(label);
  }

  get size(): number {
    return this.#byLabel.size;
  }

  all(): Iterable<SentMessage> {
    return this.#byLabel.values();
  }

  /** The first message of which that is true. */
  first(is: (message: SentMessage) => boolean): SentMessage | undefined {
    for (const message of this.#byLabel.values()) if (is(message)) return message;
    return undefined;
  }

  /** The labels of a (from, msgId): several when a script reuses an id on purpose. */
  ofKey(fromUser: string, msgId: string): readonly SentMessage[] {
    return this.#byKey.get(keyOf(fromUser, msgId)) ?? [];
  }

  ofServerMsgId(serverMsgId: string): SentMessage | undefined {
    return this.#byServerMsgId.get(serverMsgId);
  }

  noteRid(conn: number, rid: string, label: string): void {
    this.#labelOfRid.set(`${conn} ${rid}`, label);
  }

  labelOfRid(conn: number, rid: string): string | undefined {
    return this.#labelOfRid.get(`${conn} ${rid}`);
  }

  learnAnswer(conn: number, packet: MsgA): void {
    const message = this.find(this.labelOfRid(conn, packet.rid) ?? '');
    if (!message) return;
    message.answer = packet;
    if (packet.status === 'rejected') return;
    message.accepted = true;
    message.acceptedAt ??= performance.now();
    this.#learnId(message, packet.serverMsgId);
  }

  learnPush(packet: MsgN, bytes: number): void {
    this.#pushOverhead.set(packet.to, bytes - bytesInJson(packet.body));
    const candidates = this.ofKey(packet.from, packet.msgId);
    const message = candidates.find((one) => one.body === packet.body) ?? candidates[0];
    if (message) this.#learnId(message, packet.serverMsgId);
  }

  /** How large a push is beside its body, as far as one was seen; the ids of the server may vary a little. */
  pushOverhead(toUser: string): number | undefined {
    return this.#pushOverhead.get(toUser);
  }

  #learnId(message: SentMessage, serverMsgId: string | undefined): void {
    if (serverMsgId === undefined || message.serverMsgId !== undefined) return;
    message.serverMsgId = serverMsgId;
    this.#byServerMsgId.set(serverMsgId, message);
  }

  /** How large that is, with a rid of so many characters. */
  requestBytes(message: SentMessage, ridBytes: number): number {
    return Buffer.byteLength(encodePacket(this.request(message, 'r'.repeat(ridBytes))));
  }

  /** The msg:R of a message, for one more transmission. */
  request(message: SentMessage, rid: string): MsgR {
    const { msgId, toUser, body, ttlMs, fields } = message;
    message.lastSentAt = performance.now();
    return { ...fields, type: 'msg:R', rid, msgId, to: toUser, body, ...(ttlMs === undefined ? {} : { ttlMs }) };
  }
}
