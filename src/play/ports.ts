import type { AckR, MsgR, NetworkSpeed, Packet, Refusal, Resource, TokenKind } from '../../schemas/index.js';
import type { Links } from '../links.js';
import type { HandshakeForm } from './voice.js';

/** What a socket reports. The harness calls these; the scenario layer records and decides. */
export interface SocketHandlers {
  /** In the same turn as the end of the upgrade: the first packets may follow at once. */
  onOpen(socket: Socket): void;
  onText(text: string): void;
  onBinary(size: number, data?: Uint8Array): void;
  onPing(data: Uint8Array): void;
  /** `data`: what it carries; absent where nobody looked. */
  onPong(data?: Uint8Array): void;
  /** Of a server that speaks through a dialect: a packet, translated. Its frames are no texts of the protocol then. */
  onPacket?(packet: Packet): void;
  /** A foreign frame that no rule of the dialect reads, and which rule comes nearest. */
  onUnread?(frame: string, why: string): void;
  /** Every foreign frame as it stands. */
  onForeign?(direction: 'sent' | 'got', frame: string): void;
  /** The server wrote a frame that the socket library forgives, and others do not. */
  onMisframed?(fault: string): void;
  /** Once, however the connection ended. `code` 1006: without a close frame. `error`: what the socket library objected to. */
  onClose(code: number, error?: Error, reason?: string): void;
}

/** A frame of that many bytes of ASCII text: `head`, as many `x` as it takes, `tail`. */
export interface HugeFrame {
  bytes: number;
  head: string;
  tail: string;
}

/** How a text frame travels. */
export interface FrameForm {
  /** Compressed, if the server has agreed to permessage-deflate. */
  compressed?: boolean;
  /** In two TCP segments, the first of that many bytes. */
  cutAfter?: number;
  /** Its head byte by byte. Whatever is written meanwhile follows it. */
  drips?: boolean;
}

/** One open WebSocket, without any policy. */
export interface Socket {
  sendText(text: string, form?: FrameForm): void;
  sendBinary(data: Uint8Array): void;
  /** A part of a text frame, the last one or not. */
  sendFragment(data: string | Uint8Array, last: boolean): void;
  /** Written no faster than the server takes it. Nothing else may be written meanwhile. */
  sendHugeFrame(frame: HugeFrame): void;
  /** A text frame of arbitrary bytes, which need not be UTF-8. */
  sendTextBytes(data: Uint8Array): void;
  ping(data?: Uint8Array): void;
  pong(data: Uint8Array): void;
  /**
   * Of a server that speaks through a dialect: translates the packet and writes it. Returns why it cannot be said there;
   * then nothing was written.
   */
  sendPacket?(packet: MsgR | AckR): { cannot: string } | undefined;
  /** The same for signs of life that a dialect gives, such as answers to heartbeats. */
  setBeating?(beats: boolean): void;
  /** Stops reading: nothing is reported any more, no ping answered. */
  pause(): void;
  resume(): void;
  closeCleanly(): void;
  /** TCP RST. */
  reset(): void;
  /** TCP end without a close frame. */
  terminate(): void;
}

/** A user and a device, for whom a token can be made. */
export interface TokenOwner {
  user: string;
  device: string;
}

/** Which tokens an upgrade carries: in its header, and in its query if it has one there, too. */
export interface TokenChoice {
  header: TokenKind;
  query?: TokenKind | TokenOwner;
  /** Further headers; `Authorization` stands instead of the one above. `{token}` and `{token:NAME}` are tokens. */
  headers?: Readonly<Record<string, string | readonly string[]>>;
  /** What the query holds beside: `user=alice&access_token={token}`. */
  parameters?: string;
  /** Whose token `{token:NAME}` is. */
  owners?: ReadonlyMap<string, TokenOwner>;
}

export interface DialRequest {
  /** Which node, from 1, of a server with several. */
  node?: number;
  user: string;
  device: string;
  /** Without it: the client's own token, wherever the options of the kit put it. */
  tokens?: TokenChoice;
  /** What to offer: the token of the protocol, another one, or nothing. */
  subprotocol: string | false;
  /** How the request looks. Absent: as the WebSocket library does it. */
  form?: HandshakeForm;
  timeoutMs: number;
}

/** Why an upgrade failed: `error` is the sentence for it. */
export interface Refused {
  ok: false;
  refusal: Refusal;
  /** HTTP status, if there was one. */
  status?: number;
  /** Milliseconds that the server asks for before the next try. */
  retryAfterMs?: number;
  error: string;
  /** Nobody was asked: the foreign protocol has no such user. Why, as a sentence goes on: `name a user with an @`. */
  cannot?: string;
}

export type DialOutcome = { ok: true } | Refused;

/** Opens a connection; never rejects for what the subject does, only for the kit's own faults. Bounded by `timeoutMs`. */
export type Dial = (request: DialRequest, handlers: SocketHandlers) => Promise<DialOutcome>;

/** Power over a program that the nodes need. */
export type ServiceControl = Pick<Control, 'kill' | 'start' | 'freeze' | 'unfreeze' | 'isFrozen'>;

/** Power over one node of a server with several. */
export interface NodeControl extends ServiceControl {
  stop(): Promise<void>;
  /** Present where commands of the user act, which take their time: begins a start, which `start` waits for. */
  bring?(): Promise<void>;
  /** Empties the disk of a node that has ended. */
  forget(): Promise<void>;
  /** Absent: its command names no link. */
  readonly links?: Links;
}

/** Power over the process under test; absent when the kit did not start it. Each is bounded. */
export interface Control {
  kill(): Promise<void>;
  stop(): Promise<void>;
  /** SIGTERM, without waiting for what comes of it. */
  beginStop(): void;
  start(): Promise<void>;
  freeze(): Promise<void>;
  unfreeze(): Promise<void>;
  /** Whether all that was frozen stands still by now; undefined where the system does not show it. */
  isFrozen(): boolean | undefined;
  /** Sets the wall clock of the process that many milliseconds off the true time; one that stands shows that time for ever. */
  jump(offsetMs: number, stands: boolean): void;
  /** Leaves the process no more of a resource than it has. Returns what gives it back. */
  take(resource: Resource): () => void;
  /** Of a server with several nodes: power over each. The members above then meet all of them. */
  nodes?: readonly NodeControl[];
  /** What the nodes need, in the order of its starting. */
  services?: readonly ServiceControl[];
}

/** TCP connections whose handshake does not end. */
export interface StalledHandshakes {
  opened: number;
  end(): void;
}

/** What a hostile client does below the WebSocket. */
export interface Attacker {
  /** Rejects with the kit's own error when this process may not open that many connections. */
  assertRoom(connections: number): void;
  /** Begins that many HTTP upgrades and ends none. A connection that is refused is left out. */
  stallHandshakes(count: number): Promise<StalledHandshakes>;
  /** Tries an upgrade over the same port without TLS, or with TLS 1.1 at most. Bounded by `timeoutMs`. */
  tryOver(transport: 'plaintext' | 'tls-1.1', request: DialRequest): Promise<DialOutcome>;
}

/** What an HTTP GET of the metrics page brought. */
export interface MetricsPage {
  status?: number;
  contentType?: string;
  text?: string;
  error?: string;
}

/** What can be seen of the subject beside its WebSocket. */
export interface Probes {
  /** Reads the metrics page of each node, in their order. Never rejects; bounded in time and size. */
  metrics(timeoutMs: number): Promise<readonly MetricsPage[]>;
  /** The nodes that the description of each node lists; undefined where one serves none, `unread` where none could be read. Never rejects; bounded. */
  listed(): Promise<readonly (readonly string[] | 'unread' | undefined)[]>;
  /** Bytes of resident memory of the process group; absent when the kit did not start it. */
  memory?: () => number | undefined;
}

/** What lies between the kit and the subject. */
export interface Network {
  /** As far as it was measured and counts. */
  readonly speed: NetworkSpeed | undefined;
  /** Slowest way there and back. */
  readonly roundTripMs: number;
  /** How long the line still needs for what it was given. */
  readonly drainMs: number;
  /** The longest time since then for which nothing crossed it. Undefined: nobody watches. */
  stalledMs(since: number): number | undefined;
}
