import type { MsgAttempt, TrackedMessage } from './message.js';

export interface User {
  readonly name: string;
  readonly number: number;
  readonly devices: Device[];
  /** Connections that have begun and not ended. */
  readonly connections: Set<Connection>;
  /** Its last connection has ended, and nothing has begun since. */
  away: Away | undefined;
  /** Line of the first upgrade that succeeded. */
  firstOpenLine: number;
}

export interface Away {
  readonly at: number;
  readonly line: number;
  /** Both sides have closed: the server knows it. */
  readonly surely: boolean;
}

export interface Device {
  readonly user: User;
  readonly name: string;
  readonly number: number;
  /** Serials of its connections, ascending. */
  readonly serials: number[];
  /** Line of its first upgrade that succeeded. */
  firstOpenLine: number;
  /** The last upgrade that got no answer in time: from when to when it was waited for. The server may have let it in. */
  unanswered?: { readonly from: number; readonly to: number };
}

/** An R that has no A yet. */
export interface Pending {
  readonly type: 'msg:R' | 'ack:R';
  readonly at: number;
  readonly line: number;
  readonly id: string;
  readonly message: TrackedMessage | undefined;
  /** The entry of the message, if the R counts for it. */
  readonly attempt: { answer: string } | undefined;
}

export interface RawFrames {
  line: number;
  at: number;
  /** A frame may have held anything: an answer to an unknown rid proves nothing. */
  wild: boolean;
  /** Request ids that raw frames may have carried, and the message they may have named. */
  readonly rids: Map<string, MsgAttempt | undefined>;
  /** By rid: the valid id that such an R surely named. */
  readonly named: Map<string, string>;
  readonly answered: Set<string>;
}

export interface Connection {
  readonly number: number;
  /** Of a server with several nodes: which one was dialled. */
  readonly node: number | undefined;
  /** Order of beginning, from 1. */
  readonly serial: number;
  readonly client: string;
  readonly device: Device;
  readonly openingLine: number;
  readonly openingAt: number;
  openedAt: number;
  openedLine: number;
  closed: boolean;
  closedAt: number;
  /** The network ended it before it was open. */
  brokeOpening: boolean;
  silent: boolean;
  superseded: boolean;
  /** When the newer connection that superseded it began to open. */
  supersededAt: number;
  /** No time bound of the server counts here now. */
  excused: boolean;
  /** Only for the fault of a node, or of a service, and `failoverMs` longer. */
  excusedForNow: boolean;
  /** When such a time was over: bounds begin anew. */
  relievedAt: number;
  /** The client stopped answering pings. */
  mute: boolean;
  /** The client does not read: nothing is due, and it may be cut. */
  paused: boolean;
  /** When the client stopped reading. */
  pausedAt: number;
  /** It did not read for so long that the server may have taken it for dead. */
  mayBeCut: boolean;
  /** When the client last wrote on it, or answered. */
  lastFrameAt: number;
  /** In how many fragments its last packet travelled. Undefined: whole. */
  lastFragments: number | undefined;
  /** When the client began to read again: bounds begin anew. */
  readingSince: number;
  /** When a message was first pushed here: a backlog that still flows is no loss. */
  lastNewPushAt: number;
  raw: RawFrames | undefined;
  readonly pending: Map<string, Pending>;
  /** Re-sent msg:R of messages that have ended, which were answered and still wait for their receipt. */
  readonly queries: Map<MsgAttempt, TrackedMessage>;
}

type Beginning = Pick<Connection, 'number' | 'node' | 'serial' | 'client' | 'device' | 'openingLine' | 'openingAt'>;

export const newConnection = (beginning: Beginning): Connection => ({
  ...beginning,
  openedAt: Number.POSITIVE_INFINITY,
  openedLine: Number.POSITIVE_INFINITY,
  closed: false,
  closedAt: Number.POSITIVE_INFINITY,
  brokeOpening: false,
  silent: false,
  superseded: false,
  supersededAt: Number.POSITIVE_INFINITY,
  excused: false,
  excusedForNow: false,
  relievedAt: 0,
  mute: false,
  paused: false,
  pausedAt: 0,
  mayBeCut: false,
  lastFrameAt: 0,
  lastFragments: undefined,
  readingSince: 0,
  lastNewPushAt: 0,
  raw: undefined,
  pending: new Map(),
  queries: new Map(),
});

/** From when on bounds count on the connection: what became due before is due then. */
export const boundsBegin = ({ readingSince, relievedAt }: Connection): number => Math.max(readingSince, relievedAt);

/** A connection on which the server may be expected to reach the client now. */
export const isReachable = (connection: Connection): boolean =>
  !connection.closed &&
  !connection.silent &&
  !connection.superseded &&
  !connection.mute &&
  !connection.paused &&
  connection.openedAt !== Number.POSITIVE_INFINITY;
