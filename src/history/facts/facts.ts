import {
  DEFAULT_TIMERS,
  type HistoryEventOf,
  type HistoryHead,
  type RestsOn,
  type Timers,
  whyMissing,
} from '../../../schemas/index.js';
import { type Connection, type Device, newConnection, type User } from './connection.js';
import { Faults } from './faults.js';
import { type FactListener, tellAll } from './listener.js';
import type { Mark } from './message.js';
import { MessageStore } from './message-store.js';
import { NodeFaultFacts } from './node-faults.js';
import { CORE_POLICIES, type Policies } from './policies.js';

export interface SubjectEnd {
  kind: 'killed' | 'stopped' | 'exited';
  line: number;
  at: number;
  /** How many connections had begun. */
  openings: number;
  /** The end as the packets tell it: after the last one that was still under way when the process ended. */
  after: number;
}

/** What is known by now: who is connected, what became of each message, the clock of the history. Judges only read it. */
export class Facts {
  readonly users = new Map<string, User>();
  readonly userList: User[] = [];
  readonly devices: Device[] = [];
  readonly clients = new Map<string, Device>();
  readonly connections = new Map<number, Connection>();
  readonly ends: SubjectEnd[] = [];
  readonly freezes: { from: number; to: number }[] = [];
  readonly messages = new MessageStore(this);
  readonly faults = new Faults();
  /** Of single nodes, where the server has several. */
  readonly nodeFaults = new NodeFaultFacts(() => this.timers.failoverMs ?? 0);
  timers: Timers = DEFAULT_TIMERS;
  limits: NonNullable<HistoryHead['limits']> = {};
  /** What the claimed classes change for everybody. */
  policies: Policies = CORE_POLICIES;
  /** Who is told what happens. */
  tell: FactListener = tellAll([]);
  patienceMs = 0;
  /** Classes that the subject claims and that are not tested. */
  readonly serves = new Set<string>();
  /** What the network takes on top of every bound: a way there and back, and what its line still had to carry. */
  network: { roundTripMs: number; queuedMs: number } = { roundTripMs: 0, queuedMs: 0 };
  /** By the clock of the server, which may be years away from that of the kit: when the first message was accepted. */
  serverTime: number | undefined;
  /** The current event: line number from 0, and time. */
  line = -1;
  at = 0;
  /** What may have made the server exit: the newest packet that a client wrote, or a bad frame, and its line. */
  lastSent: { event: HistoryEventOf<'sent' | 'sent-raw'>; line: number } | undefined;
  /** How many connections have begun. */
  openings = 0;
  stopping = false;
  /** The kit has left the subject no more of a resource than it had: whatever it does now may come from that. */
  short = false;
  /** The process has ended and was not started again. */
  down = false;
  /** Connections that are excused only for the fault of a node. */
  readonly excusedForNow = new Set<Connection>();
  /** A service that the nodes need has ended by itself: what came after says nothing of the server. */
  serviceEnd: { service: number | undefined; at: number; line: number } | undefined;
  /** SIGKILL is on its way: whatever ends now ends by it. */
  killing = false;
  settledAt: number | undefined;
  /** For how long the kit that wrote the history stood still itself, and for how long its network did. */
  stalledMs = 0;
  networkStalledMs = 0;
  /** It has called a copy one: if it takes another for new later, it has forgotten, and does not lack the look-up. */
  knowsCopies = false;
  /** A server that keeps nothing was ended: it may have forgotten everything. */
  forgetful = false;

  /** Through which dialect the server was tested; undefined: it speaks im.ran.v1. */
  dialect: HistoryHead['dialect'];

  /** Whether the protocol of the server has that packet or field: im.ran.v1 has all. */
  has(item: RestsOn): boolean {
    return this.dialect === undefined || whyMissing(this.dialect.profile, [item]) === undefined;
  }

  begin(head: HistoryHead): void {
    this.dialect = head.dialect;
    // The facts of servers: a client under test is judged by facts of its own.
    this.timers = head.timers as Timers;
    this.limits = head.limits ?? {};
    this.patienceMs = head.patienceMs;
    for (const name of head.subject.serves ?? []) this.serves.add(name);
    this.network.roundTripMs = head.network?.roundTripMs ?? 0;
  }

  user(name: string): User {
    const known = this.users.get(name);
    if (known !== undefined) return known;
    const user: User = {
      name,
      number: this.userList.length,
      devices: [],
      connections: new Set(),
      away: undefined,
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

  connection(number: number, client: string, node?: number): Connection {
    const known = this.connections.get(number);
    if (known !== undefined) return known;
    const device = this.clientDevice(client);
    this.openings += 1;
    const connection = newConnection({
      number,
      node,
      serial: this.openings,
      client,
      device,
      openingLine: this.line,
      openingAt: this.at,
    });
    this.connections.set(number, connection);
    device.serials.push(connection.serial);
    device.user.connections.add(connection);
    device.user.away = undefined;
    return connection;
  }

  /** That something comes on a connection now. */
  markOf({ device, serial }: Connection): Mark {
    return { device, serial, openings: this.openings, at: this.at, line: this.line };
  }

  /** Longest time that an answer may take that became due now, without the time that the subject was frozen. */
  get boundMs(): number {
    return this.boundSince(this.at);
  }

  /** The same of what became due then: the fault of a node that was fresh by that time, or came meanwhile, adds to it. */
  boundSince(since: number): number {
    const bound = this.timers.answerWithinMs + this.patienceMs + this.networkMs;
    return bound + this.nodeFaults.lateMs(since, bound);
  }

  get networkMs(): number {
    return this.network.roundTripMs + this.network.queuedMs;
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

  /** Whether the process of the server to which the connection led has ended. */
  hasEnded({ serial }: Connection): boolean {
    return this.down || serial <= (this.ends.at(-1)?.openings ?? 0);
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
