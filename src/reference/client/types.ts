/**
 * What is known of a message that was handed to the client. `pending`: the server has not answered. `accepted`: the
 * server has it. `stored`: the server holds it for a receiver who is away. `delivered`, `expired`, `refused`, `unknown`:
 * the ends. A late receipt can still turn `expired` or `unknown` into `delivered`.
 */
export type MessageStatus = 'pending' | 'accepted' | 'stored' | 'delivered' | 'expired' | 'refused' | 'unknown';

/** What an application sends. */
export interface NewMessage {
  /** The user that the message is for. */
  readonly to: string;
  /** Any text without lone surrogates. */
  readonly body: string;
  /** Lifetime in milliseconds from the first acceptance by the server; left out: it never expires. */
  readonly ttlMs?: number;
}

/** A message of this client that has not come to its end, or whose end the application has not heard of. */
export interface OutgoingMessage extends NewMessage {
  /** Names the message, for its sender. */
  readonly msgId: string;
  /** What is known of it. */
  readonly status: MessageStatus;
}

/** One step of a message of this client. */
export interface StatusChange {
  /** The message. */
  readonly msgId: string;
  /** The user that it is for. */
  readonly to: string;
  /** What is known of it now. */
  readonly status: MessageStatus;
  /** Why it was refused, when the server said so. */
  readonly reason?: string;
}

/** A message that the application holds until it confirms it. */
export interface InboxMessage {
  /** Names the message in this inbox; grows in the order in which messages came. */
  readonly id: number;
  /** The user that sent it. */
  readonly from: string;
  /** The name that its sender gave it. */
  readonly msgId: string;
  /** The name that the server gave it. */
  readonly serverMsgId: string;
  /** What was sent. */
  readonly body: string;
  /** When the server accepted it: milliseconds since the Unix epoch, by the clock of the server. */
  readonly acceptedAt: number;
  /** When it expires: milliseconds since the Unix epoch, by the clock of the server. Absent: never. */
  readonly expiresAt?: number;
  /** Place in the inbox at the server, with class `ordered`. */
  readonly seq?: number;
}

/**
 * `waiting`: for the next attempt. `offline`: because the application asked for it. `replaced`: another copy of this
 * device has connected; only `reconnect()` takes the device back. `closed`: for good.
 */
export type ConnectionState = 'connecting' | 'online' | 'waiting' | 'offline' | 'replaced' | 'closed';

/** The timers of the client. Milliseconds. */
export interface ClientTimers {
  /** Pause before the first re-sending; it doubles each time. */
  readonly resendAfterMs: number;
  /** The longest pause between two sendings. */
  readonly resendMaxMs: number;
  /** How long after its first sending a message is sent again or asked for. */
  readonly retryWindowMs: number;
  /** Pause before the first attempt to connect again; it doubles each time. */
  readonly reconnectAfterMs: number;
  /** The longest pause between two attempts. A connection that lasted so long makes the pauses short again. */
  readonly reconnectMaxMs: number;
  /** A server that is silent for so long is taken for dead. */
  readonly deadAfterMs: number;
}

/** The limits of the client. */
export interface ClientLimits {
  /** Requests to send a message that may wait for their answer at the same time. */
  readonly maxUnanswered: number;
  /** Messages that may wait in the queue; `send` fails beyond it. */
  readonly maxQueued: number;
  /** The largest frame that the client sends, in bytes. */
  readonly maxFrameBytes: number;
}

/** The timers of a client to which nobody gave others: those of the specification. */
export const DEFAULT_CLIENT_TIMERS: ClientTimers = {
  resendAfterMs: 2_000,
  resendMaxMs: 60_000,
  retryWindowMs: 86_400_000,
  reconnectAfterMs: 1_000,
  reconnectMaxMs: 60_000,
  deadAfterMs: 30_000,
};

/** The limits of a client to which nobody gave others. */
export const DEFAULT_CLIENT_LIMITS: ClientLimits = { maxUnanswered: 16, maxQueued: 10_000, maxFrameBytes: 524_288 };

/**
 * `invalid-message`: the message cannot be sent as it is. `queue-full`: too many wait. `closed`: the client was closed.
 * `invalid-option`: an option makes no sense. `storage`: the storage failed or is in use. `handler`: a handler of the application threw.
 */
export type ClientErrorCode = 'invalid-message' | 'queue-full' | 'closed' | 'invalid-option' | 'storage' | 'handler';

/** The one error class of the client. `message` names the culprit; `remedy` says what to do; `cause` is kept. */
export class ClientError extends Error {
  /** What kind of mistake it is. */
  readonly code: ClientErrorCode;
  /** What to do. */
  readonly remedy: string;

  constructor(code: ClientErrorCode, message: string, remedy: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ClientError';
    this.code = code;
    this.remedy = remedy;
  }
}

/** What listeners hear of. All of it is data that can be copied from one browser tab to another. */
export interface ClientEvents {
  /** A new message lies in the inbox. */
  message: InboxMessage;
  /** The application has confirmed a message; it has left the inbox. */
  confirmed: { readonly id: number };
  /** A message was handed to the client and is stored. */
  queued: OutgoingMessage;
  /** A message of this client has got a new status. */
  status: StatusChange;
  /** A message of this client has left the queue: it ended and the application knows, or it was cancelled. */
  forgotten: { readonly msgId: string };
  /** The server has recorded our ack for an incoming message: it never comes again. */
  settled: { readonly from: string; readonly msgId: string };
  /** The connection has changed. */
  connection: { readonly state: ConnectionState };
  /** Something went wrong that the client cannot repair alone. */
  error: { readonly code: ClientErrorCode; readonly message: string };
}
/** One event, with its kind. */
export type ClientEvent = {
  [K in keyof ClientEvents]: { readonly kind: K; readonly data: ClientEvents[K] };
}[keyof ClientEvents];

/** How to reach the server, where to keep things, and what to call. */
export interface ClientOptions<Storage> {
  /** Such as `wss://chat.example/`. */
  readonly url: string;
  /** The token, or a function that gets a fresh one for each attempt to connect. */
  readonly token: string | (() => string | Promise<string>);
  /** Where queue, inbox and ids are kept. A text names a durable place: a folder in Node, a database in browsers. */
  readonly storage: string | Storage;
  /**
   * Called with each message of the inbox, one after another, in order. Its return confirms the message; when it throws
   * it is called again after a pause. Without it the application reads the inbox and confirms by itself.
   */
  readonly onMessage?: (message: InboxMessage) => void | Promise<void>;
  /**
   * Called with each change of status, one after another. Its return says that the application knows: an end that was
   * not told before a crash is told after it. Without it an end is an event only, and forgotten at once.
   */
  readonly onStatus?: (change: StatusChange) => void | Promise<void>;
  /** Default: `DEFAULT_CLIENT_TIMERS`, member by member. */
  readonly timers?: Partial<ClientTimers>;
  /** Default: `DEFAULT_CLIENT_LIMITS`, member by member. */
  readonly limits?: Partial<ClientLimits>;
}
