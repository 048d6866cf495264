import type { AckR, HistoryEvent, MsgR, Packet } from '../../../schemas/index.js';
import { SERVER_PACKETS } from '../../../schemas/index.js';
import { defined } from '../../defined.js';
import { KitError } from '../../errors.js';
import { decodePacket, encodePacket, idsNamedIn, validatePacket } from '../../wire/index.js';
import type { HugeFrame, Socket, SocketHandlers } from '../ports.js';
import type { Untimed } from '../untimed.js';
import { encodeWith, frameFormOf, PLAIN_VOICE, ridOf, type Voice } from '../voice.js';
import { Inbox, type Received } from './inbox.js';
import { OpenPings } from './open-pings.js';

export type Ending = 'cleanly' | 'reset' | 'abruptly';

const INVALID_LIMIT = 20;
/** Who writes more than that on one connection writes the rest plainly: its voice was heard. */
const VOICED_FRAMES = 100;
const ENDING = { cleanly: 'clean', reset: 'reset', abruptly: 'lost' } as const;

type Sent = Extract<HistoryEvent, { kind: 'sent' }>;

export interface LinkOwner {
  readonly name: string;
  /** How many messages the script has. */
  readonly messageCount: number;
  /** Its packets travel in so many WebSocket fragments. Undefined: whole. */
  readonly fragments: number | undefined;
  record(event: Untimed): void;
  /** Whether it is about a message that this user sent before the scenario began. */
  isEarlier(packet: Packet): boolean;
  onOpen(link: Link): void;
  /** A valid packet of so many bytes arrived and is in the inbox. */
  onPacket(link: Link, entry: Received & { kind: 'packet' }, bytes: number): void;
  /** Through a dialect: what the script wants cannot be said. */
  onCannot(): void;
  /** Through a dialect: the history holds the foreign frames, too. */
  readonly keepsForeign: boolean;
  notify(): void;
}

/** One connection of a client: records everything that crosses it and keeps what no step has taken yet. */
export class Link {
  readonly conn: number;
  /** Of a server with several nodes. */
  node: number | undefined;
  /** Everything that arrived, in order. */
  readonly inbox = new Inbox();
  /** Frames that this client wrote: each may bring an answer, and none of these is unasked for. */
  #written = 0;
  #rids = 0;
  state: 'opening' | 'open' | 'silent' | 'closed' = 'opening';
  #answersPings = true;
  /** The answers to a flood of pings are of no interest, and there are many. */
  ignoresPongs = false;
  closeCode: number | undefined;
  /** When it ended, by the clock of the kit. */
  closedAt = Number.POSITIVE_INFINITY;
  /** Something was written on it that need not be a packet: the server may treat it as it likes. */
  isAbused = false;
  readonly #owner: LinkOwner;
  #socket: Socket | undefined;
  #endedByKit: Ending | undefined;
  #invalid = 0;
  #reading = true;
  readonly #pings = new OpenPings();
  readonly #readsAtOnce: boolean;
  readonly #voice: Voice;

  constructor(conn: number, owner: LinkOwner, readsAtOnce = true, voice: Voice = PLAIN_VOICE) {
    this.#voice = voice;
    this.conn = conn;
    this.#owner = owner;
    this.#readsAtOnce = readsAtOnce;
  }

  /** Bytes of the rid that comes next. */
  get nextRidBytes(): number {
    const rid = this.nextRid();
    this.#rids -= 1;
    return rid.length;
  }

  /** Unique on this connection only, as the protocol asks: every other connection uses the same ones. */
  nextRid(length = 0): string {
    this.#rids += 1;
    return ridOf(this.#rids, this.#voice.rids, length);
  }

  get #who() {
    return { client: this.#owner.name, conn: this.conn };
  }

  readonly handlers: SocketHandlers = {
    onOpen: (socket) => {
      this.#socket = socket;
      this.inbox.opened();
      this.state = 'open';
      this.#owner.record({ kind: 'open', ...this.#who });
      if (!this.#readsAtOnce) this.setReading(false);
      this.#owner.onOpen(this);
    },
    onText: (text) => this.#onText(text),
    onPacket: (packet) => this.#onPacket(packet, 0),
    onUnread: (text, why) => {
      this.#owner.record({ kind: 'unread', ...this.#who, text, why });
      this.#owner.notify();
    },
    onForeign: (direction, text) => {
      if (this.#owner.keepsForeign) this.#owner.record({ kind: 'foreign', ...this.#who, direction, text });
    },
    onBinary: (size) => this.#onInvalid('frame', `(binary frame of ${size} bytes)`, ['a packet is a text frame']),
    onPing: (data) => {
      if (this.#answersPings && this.state === 'open') this.#socket?.pong(data);
    },
    onMisframed: (fault) => this.#onInvalid('frame', '(the head of a frame)', [fault]),
    onPong: (data) => {
      if (this.ignoresPongs || !this.#pings.isAnswer(data)) return;
      this.#owner.record({ kind: 'got-pong', ...this.#who });
      this.#put({ kind: 'pong', taken: false });
    },
    onClose: (code, error, reason) => this.#onClose(code, error, reason),
  };

  #put(entry: Received): void {
    this.inbox.put(entry);
    const limit = this.inbox.floodedBeyond(this.#written, this.#owner.messageCount);
    if (this.state === 'open' && limit !== undefined) {
      this.#onInvalid('packet', '(flood)', [`more than ${limit} packets that nothing asked for`]);
      this.end('reset');
    }
    this.#owner.notify();
  }

  #onText(text: string): void {
    if (this.state !== 'open' && this.state !== 'opening') return;
    const decoded = decodePacket(text, SERVER_PACKETS);
    if (!decoded.ok) {
      const { rid, msgId } = decoded.level === 'frame' ? idsNamedIn(text) : decoded;
      this.#onInvalid(decoded.level, text.slice(0, 1000), decoded.errors, defined({ rid, msgId }));
      return;
    }
    this.#onPacket(decoded.packet, Buffer.byteLength(text));
  }

  #onPacket(packet: Packet, bytes: number): void {
    if (this.state !== 'open' && this.state !== 'opening') return;
    const earlier = this.#owner.isEarlier(packet);
    this.#owner.record({ kind: 'got', client: this.#owner.name, conn: this.conn, packet, ...(earlier && { earlier }) });
    if (earlier) return;
    const entry: Received & { kind: 'packet' } = { kind: 'packet', packet, handled: false, taken: false };
    this.#owner.onPacket(this, entry, bytes);
    this.#put(entry);
  }

  #onInvalid(
    level: 'frame' | 'packet',
    text: string,
    errors: string[],
    ids: { rid?: string; msgId?: string } = {},
  ): void {
    this.#invalid += 1;
    if (this.#invalid > INVALID_LIMIT) return;
    this.#owner.record({ kind: 'got-invalid', ...this.#who, level, text, errors, ...ids });
    if (this.#invalid === INVALID_LIMIT) this.end('reset');
    this.#owner.notify();
  }

  get endedByKit(): boolean {
    return this.#endedByKit !== undefined;
  }

  #onClose(code: number, error?: Error, reason = ''): void {
    if (this.state === 'closed') return;
    if (
      error &&
      this.state === 'open' &&
      this.#endedByKit === undefined &&
      code === 1006 &&
      'code' in error &&
      String(error.code).startsWith('WS_ERR')
    ) {
      const isText = error.code !== 'WS_ERR_INVALID_UTF8';
      this.#onInvalid(isText ? 'packet' : 'frame', `(${String(error.code)})`, [error.message]);
      // The kit's WebSocket client gave up; the server may have gone on.
      this.#endedByKit = 'abruptly';
    }
    this.#markClosed(code, reason);
  }

  #markClosed(code: number, reason = ''): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.closeCode = code;
    this.closedAt = performance.now();
    const how = this.#endedByKit ? ENDING[this.#endedByKit] : code === 1006 ? 'lost' : 'clean';
    const by = this.#endedByKit ? 'kit' : 'subject';
    const why = by === 'subject' && reason !== '' ? { reason } : {};
    this.#owner.record({ kind: 'closed', ...this.#who, by, how, ...(by === 'subject' ? { code } : {}), ...why });
    this.#put({ kind: 'close', code, taken: false });
  }

  /**
   * Writes a packet. It is checked first: a packet of the kit that breaks the protocol is the kit's fault. `unasked`: the
   * script does not want it, so nothing ends where a dialect cannot say it.
   */
  send(packet: MsgR | AckR, message?: string, unasked = false): void {
    if (this.#socket?.sendPacket !== undefined) {
      this.#say(this.#socket.sendPacket, packet, message, unasked);
      return;
    }
    const errors = validatePacket(packet, packet.type);
    if (errors.length > 0) {
      throw new KitError('kit', `the kit would have sent an invalid packet: ${errors[0]}`, 'Correct the scenario.');
    }
    const { fragments } = this.#owner;
    const sent: Untimed<Sent> = { kind: 'sent', client: this.#owner.name, conn: this.conn, packet };
    if (message !== undefined) sent.message = message;
    if (fragments !== undefined) sent.fragments = fragments;
    this.#owner.record(sent);
    this.#written += 1;
    if (this.state !== 'open') return;
    if (fragments !== undefined) this.#sendInFragments(Buffer.from(encodePacket(packet)), fragments);
    else if (this.#written > VOICED_FRAMES) this.#socket?.sendText(encodePacket(packet));
    else this.#socket?.sendText(encodeWith(packet, this.#voice), frameFormOf(this.#voice));
  }

  /** Through a dialect. A client that is silent or gone writes it for nobody, as else. */
  #say(
    say: NonNullable<Socket['sendPacket']>,
    packet: MsgR | AckR,
    message: string | undefined,
    unasked: boolean,
  ): void {
    const failure = this.state === 'open' ? say(packet) : undefined;
    if (failure !== undefined) {
      if (!unasked) this.#cannot(failure.cannot, packet.type);
      return;
    }
    const sent: Untimed<Sent> = { kind: 'sent', client: this.#owner.name, conn: this.conn, packet };
    if (message !== undefined) sent.message = message;
    this.#owner.record(sent);
    this.#written += 1;
  }

  #cannot(why: string, packet?: string): void {
    this.#owner.record({ kind: 'cannot', ...this.#who, why, ...(packet === undefined ? {} : { packet }) });
    this.#owner.onCannot();
  }

  /** Whether a frame of im.ran.v1 itself cannot be written, because the server speaks another protocol. */
  #isForeign(what: string): boolean {
    if (this.#socket?.sendPacket === undefined) return false;
    this.#cannot(`write ${what}`);
    return true;
  }

  /** Cut by bytes, whatever characters they belong to. The pongs are of no interest. */
  #sendInFragments(bytes: Buffer, fragments: number): void {
    this.ignoresPongs = true;
    const cut = (i: number): number => Math.round((i * bytes.length) / fragments);
    for (let i = 0; i < fragments; i += 1) {
      this.#socket?.sendFragment(bytes.subarray(cut(i), cut(i + 1)), i === fragments - 1);
      if (i === 0) this.ping();
    }
  }

  /** Writes a frame that need not be a packet. `as` text or binary. */
  sendRaw(data: string | Uint8Array, as: 'text' | 'binary', what: string): void {
    if (this.#isForeign(what)) return;
    const bytes = typeof data === 'string' ? Buffer.byteLength(data) : data.byteLength;
    const text = typeof data === 'string' ? { text: data.slice(0, 200) } : {};
    this.isAbused = true;
    this.#owner.record({ kind: 'sent-raw', ...this.#who, ...text, bytes, what });
    if (this.state !== 'open') return;
    if (as === 'binary') this.#socket?.sendBinary(typeof data === 'string' ? Buffer.from(data) : data);
    else if (typeof data === 'string') this.#socket?.sendText(data, frameFormOf(this.#voice));
    else this.#socket?.sendTextBytes(data);
  }

  /** Writes a text frame of many megabytes, without ever holding it. */
  sendHuge(frame: HugeFrame, what: string): void {
    if (this.#isForeign(what)) return;
    this.isAbused = true;
    this.#owner.record({ kind: 'sent-raw', ...this.#who, bytes: frame.bytes, what });
    if (this.state === 'open') this.#socket?.sendHugeFrame(frame);
  }

  ping(): void {
    this.#written += 1;
    // Each with other bytes, so that a pong tells which one it answers.
    const payload = Buffer.alloc(this.#voice.pingBytes, this.#written & 0xff);
    this.#pings.add(payload);
    this.#socket?.ping(payload);
  }

  /** Answers no ping: what it carries was never asked for. */
  pong(): void {
    this.#written += 1;
    this.#socket?.pong(Buffer.from('unasked'));
  }

  /** Writes the same hostile thing many times: the history gets one line for all. */
  sendMany(times: number, what: string, write: (socket: Socket, index: number) => void): void {
    if (this.#isForeign(what)) return;
    this.#owner.record({ kind: 'sent-raw', ...this.#who, bytes: times, what: `${times} ${what}` });
    this.#written += times;
    this.isAbused = true;
    for (let i = 0; i < times && this.state === 'open' && this.#socket; i++) write(this.#socket, i);
  }

  /** Whether the server can reach the client here, and has no reason to treat it otherwise than others. */
  get isWell(): boolean {
    return this.state === 'open' && this.#reading && this.#answersPings && !this.isAbused;
  }

  /** Stops or resumes answering pings, and what else is a sign of life. */
  set answersPings(answers: boolean) {
    this.#answersPings = answers;
    this.#socket?.setBeating?.(answers);
  }

  /** Stops or resumes reading; writing goes on. */
  setReading(reading: boolean): void {
    if (this.state !== 'open' || reading === this.#reading) return;
    this.#reading = reading;
    this.#owner.record({ kind: 'reading', ...this.#who, reading });
    if (reading) this.#socket?.resume();
    else this.#socket?.pause();
  }

  goSilent(): void {
    this.state = 'silent';
    this.#socket?.pause();
    this.#owner.record({ kind: 'silent', ...this.#who });
  }

  /** Ends the connection from the kit's side. A clean close is complete when the server has answered it. */
  end(how: Ending): void {
    if (this.state === 'closed') return;
    this.#endedByKit = how;
    if (how === 'cleanly' && this.state === 'open') {
      this.#socket?.closeCleanly();
      return;
    }
    if (how === 'reset') this.#socket?.reset();
    else this.#socket?.terminate();
    this.#markClosed(1006);
  }
}
