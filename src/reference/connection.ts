import type { Socket } from 'node:net';
import type { RawData, WebSocket } from 'ws';
import type { AckR, MsgR, Packet } from '../../schemas/index.js';
import { CLIENT_PACKETS, CLOSE } from '../../schemas/wire.js';
import { decodePacket, encodePacket } from '../packets/decode.js';
import {
  ackRefusal,
  type Identity,
  judgeBadPacket,
  messageRefusal,
  notification,
  type PeerLife,
  packetError,
  type StoredMessage,
} from '../protocol/index.js';
import type { CorkGroup } from './cork.js';
import type { Outbox } from './outbox.js';

/** After a close frame the peer has this long to answer it; then the socket is destroyed. Milliseconds. */
export const CLOSE_TIMEOUT_MS = 1_000;
/** More bytes than this waiting for a peer, and pushes wait until it has read them. */
const CONGESTED_BYTES = 1_048_576;

export interface ConnectionHost {
  cork: CorkGroup;
  maxBufferedBytes: number;
  maxPendingPerConnection: number;
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
    webSocket.on('message', (data, isBinary) => this.#onMessage(data, isBinary));
    // ws has closed the connection with the right code (1007, 1009) when it reports an error; `close` follows.
    webSocket.on('error', () => this.#stopUsing());
    webSocket.on('close', () => this.#end());
    socket.on('drain', () => this.outbox.pump());
  }

  get bytesRead(): number {
    return this.#socket.bytesRead;
  }

  get isCongested(): boolean {
    return this.#webSocket.bufferedAmount > CONGESTED_BYTES;
  }

  send(packet: Packet): void {
    if (!this.#open) return;
    this.#host.cork.touch(this.#socket);
    this.#webSocket.send(encodePacket(packet));
    if (this.#webSocket.bufferedAmount > this.#host.maxBufferedBytes) this.close(CLOSE.tooSlow, 'too slow');
  }

  push(message: StoredMessage, attempt: number): void {
    this.send(notification(message, attempt));
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
  settleRequest(): void {
    this.#pending -= 1;
    if (this.#webSocket.isPaused && this.#pending <= this.#host.maxPendingPerConnection / 2) this.#webSocket.resume();
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
    // One client must not fill the queue that all share: its socket waits, and TCP tells it so.
    if (this.#pending >= this.#host.maxPendingPerConnection) this.#webSocket.pause();
    this.#host.onRequest(this, packet);
  }

  #refuse(bad: ReturnType<typeof decodePacket> & { ok: false }): void {
    const action = judgeBadPacket(bad);
    const [fault = 'bad packet'] = bad.errors;
    const error = packetError('invalid-packet', fault.slice(0, 500));
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
