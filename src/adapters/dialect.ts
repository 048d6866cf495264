import type { AckA, AckN, AckR, Description, MsgA, MsgN, MsgR, Profile, Timers } from '../../schemas/index.js';

/** Who connects, as the foreign server shall know it. */
export interface Who {
  user: string;
  /** `default` where the protocol does not name devices. */
  device: string;
  /** What `--token`, `--jwt-secret` or `--token-command` makes for the two; without them the name of the user. */
  token: string;
}

/** The members of a packet that the foreign frame brings; the translator makes up or looks up the others. */
type Brought<P extends { type: string }, Needed extends keyof P> = Pick<P, 'type' | Needed> &
  Partial<Omit<P, 'type' | Needed>>;

/** `stored` means accepted or duplicate: the protocol does not tell which. */
export type BroughtMsgA = Brought<Omit<MsgA, 'status'> & { status: MsgA['status'] | 'stored' }, 'status'>;
export type BroughtPacket = BroughtMsgA | Brought<MsgN, 'body'> | Brought<AckA, 'status'> | Brought<AckN, 'status'>;

/** Why a packet cannot be said in the foreign protocol, as a sentence goes on: "give a message a lifetime". */
export interface Cannot {
  cannot: string;
}

/** What is known of the message that an ack:R is about, and that the ack:R itself does not say. */
export interface About {
  from?: string;
  msgId?: string;
}

/** What a session tells the kit. Everything may be called at any time, also within `receive`. */
export interface Wire {
  /** Writes a frame: a text as WebSocket text, bytes as binary; over TCP there is no difference. */
  send(data: string | Uint8Array): void;
  /** The login is complete. What came as a packet before is kept until here. */
  ready(): void;
  /** The server does not let this user in. `status`: 401 for who it is, 503 for no room; another one tells its own. */
  refused(status: number, why: string): void;
  /** A packet, with what its frame brought. Of a push, the id by which an ack:R will name it. */
  packet(packet: BroughtPacket): string | undefined;
  /** A frame that no rule reads: an error, never silence. `why` names the nearest rule. */
  unread(frame: string, why: string): void;
  /** The server has said why the connection is about to end: the close code of im.ran.v1 that means the same. */
  closing(code: number): void;
  /**
   * Starts TLS on the open connection, over TCP only: all that is written and read from here on is inside of it.
   * `serverName`: whom the certificate has to name, unless nobody checks it.
   */
  secure(serverName: string): void;
}

/**
 * One connection, without I/O: frames in, packets out, and back. The transport, and so every fault, is the kit's. It is
 * given nothing to read while the client is silent, and its `beat` does not run then.
 */
export interface Session {
  /** The connection is open: says hello, or calls `ready` at once. */
  begin(): void;
  /** Says a request, or tells why it cannot be said: then it has written nothing. */
  send(request: MsgR | AckR, about: About): Cannot | undefined;
  /** Whatever arrived: over WebSocket a whole frame, over TCP any piece of the stream. Bytes only of binary frames and TCP. */
  receive(data: string | Uint8Array): void;
  /** A sign of life that the protocol wants of its clients. */
  readonly beat?: { everyMs: number; run(): void };
  /** Says goodbye before a clean close. */
  leave?(): void;
}

/** A foreign protocol. */
export interface Dialect {
  readonly name: string;
  readonly transport: 'ws' | 'tcp';
  /**
   * The scheme of its urls, and the port where a url names none; `securePort` where its scheme stands for TLS. Such urls
   * have no path and no account. Default: those of WebSocket.
   */
  readonly address?: { scheme: string; port: number; securePort?: number };
  readonly opening?: {
    /** Joined to the url of the subject; `{user}`, `{device}` and `{token}` are filled in. `?user={token}` */
    url?: string;
    subprotocol?: string;
    headers?: Readonly<Record<string, string>>;
  };
  readonly profile: Profile;
  /** What the protocol, or its settings, promises; where the caller describes the server, that counts instead. */
  readonly timers?: Partial<Timers>;
  /** The same of its limits: what a client must not wait for, such as more pushes than may be without an ack. */
  readonly limits?: Description['limits'];
  /** So long `--exec` waits for such a server to listen, where that is longer than usual. Milliseconds. */
  readonly startWithinMs?: number;
  /** Close codes of the server, and the codes of im.ran.v1 that mean the same. The others mean nothing. */
  readonly closes?: Readonly<Record<number, number>>;
  /** What the protocol itself cannot promise, a sentence each: a finding of its own at the head of the report. */
  readonly cannotPromise?: readonly string[];
  /** Why this protocol can have no such user, as a sentence goes on: `name a user with an @`. Nobody logs in then. */
  whyNoUser?(user: string): string | undefined;
  /** `memory` belongs to this user and device, and outlives connections: packet ids, session state, counters. */
  open(who: Who, wire: Wire, memory: Map<string, unknown>): Session;
}
