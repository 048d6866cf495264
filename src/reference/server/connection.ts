import type { Socket } from 'node:net';
import type { RawData, WebSocket } from 'ws';
import type { AckR, MsgR, Packet } from '../../../schemas/index.js';
import { CLIENT_PACKETS, CLOSE } from '../../../schemas/wire.js';
import {
  ackRefusal,
  type Identity,
  judgeBadPacket,
  messageRefusal,
  notification,
  type PeerLife,
  packetError,
} from '../../protocol/index.js';
import { decodePacket, encodePacket } from '../../wire/decode.js';
import { toWellFormed } from '../../wire/well-formed.js';
import type { CorkGroup } from './cork.js';
import type { Counters } from './counters.js';
import type { Outbox } from './outbox.js';
import type { MessageRecord } from './records.js';
import { writeProgress } from './write-progress.js';

/** After a close frame the peer has this long to answer it; then the socket is destroyed. Milliseconds. */
export const CLOSE_TIMEOUT_MS = 1_000;
/** More bytes than this waiting for a peer, and pushes wait until it has read them. */
const CONGESTED_BYTES = 1_048_576;
/** Characters of bodies of one connection that wait for a commit; then its socket is not read for a moment. */
const MAX_PENDING_BYTES = 1_048_576;

const sizeOf = (packet: MsgR | AckR): number => (packet.type === 'msg:R' ? packet.body.length : 0);

export interface ConnectionHost {
  cork: CorkGroup;
  maxBufferedBytes: number;
  maxPendingPerConnection: number;
  maxPingsPerSecond: number;
  /** Class `ordered`: every push carries its `seq`. */
  ordered: boolean;
  /** Class `observable`. */
  counters: Counters | undefined;
  /** False: this node of a cluster may not speak any more. Absent: a server alone always may. */
  mayWrite?: () => boolean;
  /** False once the server is stopping: what arrives then is not read any more. */
  isListening(): boolean;
  onRequest(connection: Connection, packet: MsgR | AckR): void;
  /** Called once, when the connection ends or is given up. */
  onEnd(connection: Connection): void;
}

/** One WebSocket of one (user, device): frames in, packets out. */
export class Connection {
  readonly user: string;
  readonly device: string;
  /** Set right after construction, before anything can arrive. */
  outbox!: Outbox;
  life: PeerLife;
  /** Bytes read when the heartbeat last looked: any more of them are a sign of life. */
  bytesSeen: number;
  /** Since when nothing of what waits for the peer could leave. */
  stuckSince: number;
  #writesSeen = '';
  #pings = 0;
  #pingsSince: number;
  #pendingBytes = 0;
  readonly #webSocket: WebSocket;
  readonly #socket: Socket;
  readonly #host: ConnectionHost;
  #open = true;
  #ended = false;
  #pending = 0;

  constructor(webSocket: WebSocket, socket: Socket, { user, device }: Identity, now: number, host: ConnectionHost) {
    this.user = user;
    this.device = device;
    this.#webSocket = webSocket;
    this.#socket = socket;
    this.#host = host;
    this.life = { seenAt: now, pingedAt: now };
    this.bytesSeen = socket.bytesRead;
    this.stuckSince = now;
    this.#pingsSince = now;
    webSocket.on('ping', () => this.#onPing());
    webSocket.on('message', (data, isBinary) => this.#onMessage(data, isBinary));
    // ws has closed the connection with the right code (1007, 1009) when it reports an error; `close` follows.
    webSocket.on('error', () => this.#stopUsing());
    webSocket.on('close', () => this.#end());
    socket.on('drain', () => this.outbox.pump());
  }

  get bytesRead(): number {
    return this.#socket.bytesRead;
  }

  /** True when bytes wait for the peer and none has left since the last call. */
  holdsStill(): boolean {
    const seen = writeProgress(this.#socket);
    const still = seen === this.#writesSeen && this.#webSocket.bufferedAmount > 0;
    this.#writesSeen = seen;
    return still;
  }

  get isCongested(): boolean {
    return this.#webSocket.bufferedAmount > CONGESTED_BYTES;
  }

  send(packet: Packet): void {
    // What is sent after the close frame of the peer has been answered goes nowhere, and is not counted.
    if (!this.#open || this.#webSocket.readyState !== this.#webSocket.OPEN) return;
    if (this.#host.mayWrite?.() === false) return;
    this.#host.cork.touch(this.#socket);
    this.#webSocket.send(encodePacket(packet));
    this.#host.counters?.sent(packet, this);
    if (this.#webSocket.bufferedAmount > this.#host.maxBufferedBytes) this.close(CLOSE.tooSlow, 'too slow');
  }

  push(message: MessageRecord, attempt: number): void {
    const seq = this.#host.ordered ? message.seq : undefined;
    this.send(notification(message, attempt, seq));
  }

  ping(): void {
    if (this.#open) this.#webSocket.ping();
  }

  /** Sends a close frame and uses the connection no longer; what still arrives is ignored. */
  close(code: number, reason: string): void {
    if (!this.#open) return;
    this.#stopUsing();
    this.#webSocket.close(code, reason);
  }

  /** Gives up a peer that is taken for dead. */
  terminate(): void {
    this.#stopUsing();
    this.#webSocket.terminate();
  }

  /** One request was answered, or never will be. */
  settleRequest(packet: MsgR | AckR): void {
    this.#pending -= 1;
    this.#pendingBytes -= sizeOf(packet);
    if (this.#pendingBytes > MAX_PENDING_BYTES / 2) return;
    if (this.#webSocket.isPaused && this.#pending <= this.#host.maxPendingPerConnection / 2) this.#webSocket.resume();
  }

  /** ws has answered it already; a client that sends nothing else costs the others their time (section 1.8). */
  #onPing(): void {
    const now = performance.now();
    if (now - this.#pingsSince > 1_000) {
      this.#pingsSince = now;
      this.#pings = 0;
    }
    this.#pings += 1;
    if (this.#pings > this.#host.maxPingsPerSecond) this.close(CLOSE.tooManyRequests, 'too many pings');
  }

  #onMessage(data: RawData, isBinary: boolean): void {
    if (!this.#open || !this.#host.isListening()) return;
    if (isBinary) {
      this.close(CLOSE.unsupportedData, 'binary frame');
      return;
    }
    const decoded = decodePacket(data.toString(), CLIENT_PACKETS);
    if (decoded.ok) this.#accept(decoded.packet as MsgR | AckR);
    else this.#refuse(decoded);
  }

  #accept(packet: MsgR | AckR): void {
    this.#pending += 1;
    this.#pendingBytes += sizeOf(packet);
    // One client must not fill the queue that all share: its socket waits, and TCP tells it so.
    const isFull = this.#pending >= this.#host.maxPendingPerConnection || this.#pendingBytes >= MAX_PENDING_BYTES;
    if (isFull) this.#webSocket.pause();
    this.#host.onRequest(this, packet);
  }

  #refuse(bad: ReturnType<typeof decodePacket> & { ok: false }): void {
    const action = judgeBadPacket(bad);
    const [fault = 'bad packet'] = bad.errors;
    // The fault may quote half a character of the packet, or the end may cut one in two.
    const error = packetError('invalid-packet', toWellFormed(fault.slice(0, 500)));
    if (action === 'refuse-message') this.send(messageRefusal(bad.rid as string, bad.msgId, error));
    else if (action === 'refuse-ack') this.send(ackRefusal(bad.rid as string, bad.serverMsgId, error));
    else this.close(CLOSE.badPacket, 'bad packet');
  }

  #stopUsing(): void {
    this.#open = false;
    // A paused socket would never see the peer's close frame.
    if (this.#webSocket.isPaused) this.#webSocket.resume();
    this.#end();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#open = false;
    this.#host.onEnd(this);
  }
}
