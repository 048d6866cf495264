import { DEFAULT_TIMERS, type HistoryEventOf, type HistoryHead, type Timers } from '../../schemas/index.js';
import { Book } from './book.js';
import type { DevicesApart } from './devices-apart.js';
import type { Expiry } from './expiry.js';
import type { FlowControl } from './flow-control.js';
import type { Message, Try } from './message.js';
import { Messages } from './messages.js';
import type { Metrics } from './metrics.js';
import type { Order } from './order.js';
import type { Secrecy } from './secrecy.js';
import type { Tally } from './tally.js';
import { describeJourney } from './where.js';

export { ms } from './ms.js';

export interface User {
  readonly name: string;
  readonly number: number;
  readonly devices: Device[];
  /** Connections that have begun and not ended. */
  readonly connections: Set<Connection>;
  /** Line of the first upgrade that succeeded. */
  firstOpenLine: number;
}

export interface Device {
  readonly user: User;
  readonly name: string;
  readonly number: number;
  /** Serials of its connections, ascending. */
  readonly serials: number[];
  /** Line of its first upgrade that succeeded. */
  firstOpenLine: number;
}

/** An R that has no A yet. */
export interface Pending {
  readonly type: 'msg:R' | 'ack:R';
  readonly at: number;
  readonly line: number;
  readonly id: string;
  readonly message: Message | undefined;
  /** The entry of the message, if the R counts for it. */
  readonly attempt: { answer: string } | undefined;
}

export interface RawFrames {
  line: number;
  at: number;
  /** A frame may have held anything: an answer to an unknown rid proves nothing. */
  wild: boolean;
  /** Request ids that raw frames may have carried, and the message they may have named. */
  readonly rids: Map<string, Try | undefined>;
  readonly answered: Set<string>;
}

export interface Connection {
  readonly number: number;
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
  silent: boolean;
  superseded: boolean;
  /** When the newer connection that superseded it began to open. */
  supersededAt: number;
  /** No time bound of the server counts here any more. */
  excused: boolean;
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
  /** Re-sent msg:R of delivered messages that were answered and still wait for their `delivered`. */
  readonly queries: Map<Try, Message>;
}

export interface SubjectEnd {
  kind: 'killed' | 'stopped' | 'exited';
  line: number;
  at: number;
  /** How many connections had begun. */
  openings: number;
  /** The end as the packets tell it: after the last one that was still under way when the process ended. */
  after: number;
}

/** What all judges share: who is connected, what is known of each message, the clock of the history. */
export class World {
  readonly book = new Book((about) => describeJourney(this, about));
  readonly users = new Map<string, User>();
  readonly userList: User[] = [];
  readonly devices: Device[] = [];
  readonly clients = new Map<string, Device>();
  readonly connections = new Map<number, Connection>();
  readonly ends: SubjectEnd[] = [];
  readonly freezes: { from: number; to: number }[] = [];
  readonly messages = new Messages(this);
  timers: Timers = DEFAULT_TIMERS;
  classes: ReadonlySet<string> = new Set(['core']);
  limits: NonNullable<HistoryHead['limits']> = {};
  /** What judges a class that the server claims; undefined without it. */
  order: Order | undefined;
  expiry: Expiry | undefined;
  devicesApart: DevicesApart | undefined;
  flow: FlowControl | undefined;
  secrecy: Secrecy | undefined;
  tally: Tally | undefined;
  metrics: Metrics | undefined;
  patienceMs = 0;
  /** By the clock of the server, which may be years away from that of the kit: when the first message was accepted. */
  serverTime: number | undefined;
  scenario = '';
  /** The current event: line number from 0, and time. */
  line = -1;
  at = 0;
  /** What may have made the server exit: the newest packet that a client wrote, or a bad frame, and its line. */
  lastSent: { event: HistoryEventOf<'sent' | 'sent-raw'>; line: number } | undefined;
  /** How many connections have begun. */
  openings = 0;
  stopping = false;
  /** The process has ended and was not started again. */
  down = false;
  /** SIGKILL is on its way: whatever ends now ends by it. */
  killing = false;
  settledAt: number | undefined;
  /** The script has set the clock of the server: lifetimes cannot be judged. */
  clockMoved = false;
  /** A server without class `durable` was ended: it may have forgotten everything. */
  forgetful = false;

  begin(head: HistoryHead): void {
    this.timers = head.timers;
    this.classes = new Set(head.subject.classes);
    this.limits = head.limits ?? {};
    this.patienceMs = head.patienceMs;
    this.scenario = head.scenario;
  }

  user(name: string): User {
    const known = this.users.get(name);
    if (known !== undefined) return known;
    const user: User = {
      name,
      number: this.userList.length,
      devices: [],
      connections: new Set(),
      firstOpenLine: Number.POSITIVE_INFINITY,
    };
    this.users.set(name, user);
    this.userList.push(user);
    return user;
  }

  device(userName: string, name: string): Device {
    const user = this.user(userName);
    const known = user.devices.find((device) => device.name === name);
    if (known !== undefined) return known;
    const device: Device = {
      user,
      name,
      number: this.devices.length,
      serials: [],
      firstOpenLine: Number.POSITIVE_INFINITY,
    };
    user.devices.push(device);
    this.devices.push(device);
    return device;
  }

  /** The device that a client of the script stands for. A client that was never introduced is its own user. */
  clientDevice(client: string): Device {
    const known = this.clients.get(client);
    if (known !== undefined) return known;
    const device = this.device(client, 'default');
    this.clients.set(client, device);
    return device;
  }

  connection(number: number, client: string): Connection {
    const known = this.connections.get(number);
    if (known !== undefined) return known;
    const device = this.clientDevice(client);
    this.openings += 1;
    const connection: Connection = {
      number,
      serial: this.openings,
      client,
      device,
      openingLine: this.line,
      openingAt: this.at,
      openedAt: Number.POSITIVE_INFINITY,
      openedLine: Number.POSITIVE_INFINITY,
      closed: false,
      closedAt: Number.POSITIVE_INFINITY,
      silent: false,
      superseded: false,
      supersededAt: Number.POSITIVE_INFINITY,
      excused: false,
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
    };
    this.connections.set(number, connection);
    device.serials.push(connection.serial);
    device.user.connections.add(connection);
    return connection;
  }

  /** Longest time that an answer may take, without the time that the subject was frozen. */
  get boundMs(): number {
    return this.timers.answerWithinMs + this.patienceMs;
  }

  /** Time between two moments, without what the subject spent frozen. */
  awakeBetween(from: number, to: number): number {
    let awake = to - from;
    for (const freeze of this.freezes) {
      const overlap = Math.min(to, freeze.to) - Math.max(from, freeze.from);
      if (overlap > 0) awake -= overlap;
    }
    return awake;
  }

  /** The last time between two lines that the subject ended. */
  endBetween(afterLine: number, beforeLine: number): SubjectEnd | undefined {
    for (let i = this.ends.length - 1; i >= 0; i -= 1) {
      const end = this.ends[i] as SubjectEnd;
      if (end.after > afterLine && end.line < beforeLine) return end;
    }
    return undefined;
  }
}

/** A connection on which the server may be expected to reach the client now. */
export const isReachable = (connection: Connection): boolean =>
  !connection.closed &&
  !connection.silent &&
  !connection.superseded &&
  !connection.mute &&
  !connection.paused &&
  connection.openedAt !== Number.POSITIVE_INFINITY;
