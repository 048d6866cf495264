import { type AckA, CLIENT_PACKETS, type MsgA, type Packet } from '../../../schemas/index.js';
import { defined } from '../../defined.js';
import { KitError } from '../../errors.js';
import { type DecodeFailure, decodePacket, idsNamedIn, toWellFormed, validatePacket } from '../../wire/index.js';
import type { Untimed } from '../untimed.js';
import type { LinkHandlers, ServerSocket } from './ports.js';
import type { EndHow } from './rules.js';

/** The name under which a history speaks of the client under test. */
export const SUBJECT_NAME = 'subject';
/** What is no packet is worth so many lines; a subject that goes on is cut off. */
const INVALID_LIMIT = 20;
/** A subject that floods a connection is cut off here, so that the kit keeps its memory. */
const PACKET_LIMIT = 10_000;
/** An explanation for a person: the schema allows twice as much. */
const MAX_REASON = 500;

/** A script may use an error code of a later version, and nothing else that the schemas forbid. */
const withKnownCode = (packet: Packet): Packet =>
  'error' in packet && packet.error !== undefined
    ? { ...packet, error: { ...packet.error, code: 'internal' } }
    : packet;

interface Owner {
  record(event: Untimed): void;
  /** Whether the kit can still take a frame of so many bytes from this subject. */
  affords(bytes: number): boolean;
  /** Whether a packet belongs to an earlier scenario. */
  isOfOthers(packet: Packet): boolean;
  onPacket(link: ServerLink, packet: Packet): void;
  onClosed(link: ServerLink, code: number): void;
}

/** One connection of the subject to the kit's server: records everything that crosses it. */
export class ServerLink {
  readonly conn: number;
  state: 'open' | 'silent' | 'closed' = 'open';
  readonly #owner: Owner;
  #socket: ServerSocket | undefined;
  #invalid = 0;
  #packets = 0;
  #endedBy: 'clean' | 'reset' | 'lost' | undefined;

  constructor(conn: number, owner: Owner) {
    this.conn = conn;
    this.#owner = owner;
  }

  get #who() {
    return { client: SUBJECT_NAME, conn: this.conn };
  }

  /** From here on packets can be written. */
  attach(socket: ServerSocket): void {
    this.#socket = socket;
  }

  readonly handlers: LinkHandlers = {
    onText: (text) => this.#onText(text),
    onBinary: (bytes) => {
      if (this.state !== 'open') return;
      this.#onInvalid('frame', `(binary frame of ${bytes} bytes)`, ['a packet is a text frame']);
      this.end(1003);
    },
    onPing: () => {},
    onClose: (code) => this.#closed(code),
  };

  #onText(text: string): void {
    if (this.state !== 'open') return;
    this.#packets += 1;
    if (!this.#owner.affords(text.length) || this.#packets > PACKET_LIMIT) {
      this.#onInvalid('packet', '(flood)', ['more packets than any script asks for']);
      this.end('reset');
      return;
    }
    const decoded = decodePacket(text, CLIENT_PACKETS);
    if (decoded.ok) {
      if (this.#owner.isOfOthers(decoded.packet)) {
        this.#answerOfOthers(decoded.packet);
        return;
      }
      this.#owner.record({ kind: 'got', ...this.#who, packet: decoded.packet });
      this.#owner.onPacket(this, decoded.packet);
      return;
    }
    const { rid, msgId } = decoded.level === 'frame' ? idsNamedIn(text) : decoded;
    this.#onInvalid(decoded.level, text.slice(0, 1000), decoded.errors, defined({ rid, msgId }));
    this.#answerInvalid(decoded);
  }

  /** As every server must: `rejected` where there is a rid to answer (IM-2-13), and else an end (IM-2-14). */
  #answerInvalid({ type, rid, msgId, serverMsgId, errors }: DecodeFailure): void {
    // The fault may quote half a character of the packet, or the cut may make one.
    const error = { code: 'invalid-packet', message: toWellFormed(errors.join('; ').slice(0, MAX_REASON)) } as const;
    if (rid !== undefined && type === 'msg:R') {
      this.send({ type: 'msg:A', rid, ...defined({ msgId }), status: 'rejected', error } as MsgA);
    } else if (rid !== undefined && type === 'ack:R') {
      this.send({ type: 'ack:A', rid, ...defined({ serverMsgId }), status: 'rejected', error } as AckA);
    } else this.end(4400);
  }

  /** What an earlier scenario left open comes to its end. */
  #answerOfOthers(packet: Packet): void {
    const send = (answer: object): void => this.#socket?.sendText(JSON.stringify(answer));
    if (packet.type === 'msg:R') {
      const { rid, msgId, to } = packet;
      const serverMsgId = `earlier-${msgId}`.slice(0, 64);
      send({ type: 'msg:A', rid, msgId, status: 'accepted', serverMsgId });
      send({ type: 'ack:N', msgId, serverMsgId, to, status: 'delivered', at: Date.now() });
    } else if (packet.type === 'ack:R') {
      send({ type: 'ack:A', rid: packet.rid, serverMsgId: packet.serverMsgId, status: 'duplicate' });
    }
  }

  #onInvalid(level: 'frame' | 'packet', text: string, errors: string[], ids: { rid?: string; msgId?: string } = {}) {
    this.#invalid += 1;
    if (this.#invalid > INVALID_LIMIT) return;
    this.#owner.record({ kind: 'got-invalid', ...this.#who, level, text, errors, ...ids });
    if (this.#invalid === INVALID_LIMIT) this.end('reset');
  }

  #closed(code: number): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    const how = this.#endedBy ?? (code === 1006 ? 'lost' : 'clean');
    const by = this.#endedBy ? 'kit' : 'subject';
    this.#owner.record({ kind: 'closed', ...this.#who, by, how, code });
    this.#owner.onClosed(this, code);
  }

  #write(packet: Packet, message: string | undefined): void {
    const errors = validatePacket(withKnownCode(packet), packet.type);
    if (errors.length > 0) {
      throw new KitError('kit', `the kit would have sent an invalid packet: ${errors[0]}`, 'Correct the scenario.');
    }
    this.#owner.record({ kind: 'sent', ...this.#who, packet: { ...packet }, ...defined({ message }) });
  }

  /** Writes a packet. It is checked first: a packet of the kit that breaks the protocol is the kit's fault. */
  send(packet: Packet, message?: string, fragments?: number): void {
    if (this.state !== 'open') return;
    this.#write(packet, message);
    const text = JSON.stringify(packet);
    if (fragments === undefined) this.#socket?.sendText(text);
    else this.#socket?.sendFragments(text, fragments);
  }

  /** Writes packets in one segment. */
  sendTogether(packets: readonly Packet[], message?: string): void {
    if (this.state !== 'open') return;
    for (const packet of packets) this.#write(packet, message);
    this.#socket?.sendTogether(packets.map((packet) => JSON.stringify(packet)));
  }

  /** Writes what no schema allows. */
  sendRaw(text: string, what: string): void {
    if (this.state !== 'open') return;
    const bytes = Buffer.byteLength(text);
    this.#owner.record({ kind: 'sent-raw', ...this.#who, text: text.slice(0, 200), bytes, what });
    this.#socket?.sendText(text);
  }

  sendBinary(bytes: number): void {
    if (this.state !== 'open') return;
    this.#owner.record({ kind: 'sent-raw', ...this.#who, bytes, what: 'a binary frame' });
    this.#socket?.sendBinary(bytes);
  }

  /** Neither reads nor writes any more, and the connection stays. */
  #goSilent(): void {
    if (this.state !== 'open') return;
    this.state = 'silent';
    this.#socket?.pause();
    this.#owner.record({ kind: 'silent', ...this.#who });
  }

  /** It is noted before it is done: a kit that stands still between the two would see the client come back too early. */
  end(how: EndHow): void {
    if (this.state === 'closed') return;
    if (how === 'silently') {
      this.#goSilent();
      return;
    }
    this.#socket?.resume();
    if (typeof how === 'number') {
      this.#endedBy = 'clean';
      this.#closed(how);
      this.#socket?.close(how);
      return;
    }
    this.#endedBy = how === 'reset' ? 'reset' : 'lost';
    this.#closed(1006);
    if (how === 'reset') this.#socket?.reset();
    else this.#socket?.terminate();
  }
}
