import { HISTORY_VERSION, type HistoryEvent, type ServerClass } from '../../../schemas/index.js';
import { seededRandom } from '../../seeded-random.js';
import { Counters } from './simulated-metrics.js';

/** Faults of the simulated server, each one as a real server may have it. */
export const DEFECTS = {
  none: [],
  acceptsTwice: ['IM-4.2-2', 'IM-4.2-4', 'IM-4.2-6', 'IM-4.2-30'],
  dedupByMsgIdOnly: ['IM-2-5'],
  answersTwice: ['IM-2-2'],
  wrongMsgId: ['IM-2-4'],
  losesAccepted: ['IM-3-1', 'IM-3-2', 'IM-4.2-29'],
  pushesAfterAck: ['IM-3-5', 'IM-3-6', 'IM-4.2-29'],
  changesBody: ['IM-2-10'],
  changesAcceptedAt: ['IM-2-9'],
  pushesToWrongUser: ['IM-4.2-26'],
  inventsMessage: ['IM-4.2-27'],
  wrongFrom: ['IM-1-9', 'IM-4.2-27'],
  deliveredAtPush: ['IM-3-3'],
  storedAfterDelivered: ['IM-3-4', 'IM-3-6', 'IM-4.2-29'],
  newServerMsgIdOnPush: ['IM-2-8'],
  reusesServerMsgId: ['IM-2-7', 'IM-4.2-31'],
  ackOkTwice: ['IM-4.2-15', 'IM-3-6', 'IM-4.2-29'],
  ackUnknown: ['IM-4.2-14', 'IM-4.2-17', 'IM-4.2-15'],
  closesForNothing: ['IM-1-38', 'IM-1-17', 'IM-1-18', 'IM-1-13'],
  receiptBeforeAnswer: ['IM-4.2-24'],
  receiptToOthers: ['IM-4.2-18'],
  leavesRecordOfRefused: ['IM-4.2-5'],
  neverAnswers: ['IM-2-3'],
  forgetsSeq: ['IM-4.2-35'],
  countsSeqByPush: ['IM-4.2-37'],
  pushesNewestFirst: ['IM-4.2-38', 'IM-4.2-39'],
  miscountsPushes: ['IM-6-5'],
  miscountsAccepted: ['IM-6-2'],
} as const satisfies Record<string, readonly string[]>;
export type Defect = keyof typeof DEFECTS;

export interface SimulationOptions {
  seed: number;
  users: number;
  messages: number;
  /** Chance of a fault at each step: re-sending, lost link, refusal. 0 for plain traffic. */
  faults: number;
  /** How often the server is killed and restarted. */
  kills: number;
  defect: Defect;
  /** How often the defect strikes at most. */
  strikes: number;
  bodyLength: number;
  /** Claims these classes beside core, timed-redelivery and durable, and keeps them. */
  claims: readonly ServerClass[];
}

interface Stored {
  from: string;
  msgId: string;
  to: string;
  body: string;
  serverMsgId: string;
  acceptedAt: number;
  acked: boolean;
  deliveredAt?: number;
  seq: number;
  /** Life of the process in which it was pushed last, and in which its sender was told `stored` last. */
  pushedIn: number;
  storedIn: number;
}
type Packet = Record<string, unknown> & { type: string };
interface Link {
  conn: number;
  client: Client;
  up: Packet[];
  down: Packet[];
  open: boolean;
}
interface Client {
  name: string;
  link: Link | undefined;
  /** Messages not yet told as delivered. */
  outbox: Map<string, { to: string; body: string; attempts: number }>;
  /** Ids handed over and not yet answered by ack:A. */
  owed: Map<string, string>;
  /** Those of them of which no ack:R was sent on the present link. */
  unsent: Set<string>;
  handed: Set<string>;
}

const EPOCH = 1_795_305_600_000;

/**
 * Runs a small model of clients, links and one server, and records what the kit would have seen.
 * The model is right unless a defect is asked for; `struck` tells how often the defect has shown itself.
 */
export class Simulation {
  struck = 0;
  readonly #options: SimulationOptions;
  readonly #emit: (event: HistoryEvent) => void;
  readonly #random: () => number;
  readonly #clients: Client[] = [];
  readonly #links: Link[] = [];
  readonly #records = new Map<string, Stored>();
  readonly #inbox = new Map<string, Set<Stored>>();
  readonly #byServerMsgId = new Map<string, Stored>();
  readonly #refused = new Set<string>();
  /** Which user has taken which shared id: a user takes each only once. */
  readonly #shared = new Set<string>();
  readonly #counters = new Counters();
  #life = 0;
  #clock = 0;
  #conn = 0;
  #rid = 0;
  #made = 0;
  #calm = false;

  constructor(options: SimulationOptions, emit: (event: HistoryEvent) => void) {
    this.#options = options;
    this.#emit = emit;
    this.#random = seededRandom(options.seed);
  }

  run(): void {
    const { users, messages, kills } = this.#options;
    const classes: ServerClass[] = ['core', 'timed-redelivery', 'durable', ...this.#options.claims];
    this.#emit({
      kind: 'history',
      version: HISTORY_VERSION,
      scenario: 'simulated',
      subject: { role: 'server', classes },
      timers: {
        answerWithinMs: 1_000,
        redeliverAfterMs: 400,
        redeliverMaxMs: 60_000,
        // Longer than any history: this server has no timer that tells a sender of a silent receiver.
        deadAfterMs: 600_000,
        dedupWindowMs: 604_800_000,
      },
      patienceMs: 500,
      startedAt: EPOCH,
    });
    this.#emit({ kind: 'subject', at: 0, event: 'started' });
    for (let i = 0; i < users; i += 1) this.#join(`u${i}`);
    const killAt = new Set(Array.from({ length: kills }, (_, i) => Math.floor(((i + 1) * messages) / (kills + 1))));
    this.#scrape();
    while (this.#made < messages) {
      if (killAt.delete(this.#made)) this.#kill();
      if (this.#claims('observable') && this.#random() < 0.01) this.#scrape();
      this.#step();
    }
    this.#settle();
  }

  #claims(name: ServerClass): boolean {
    return this.#options.claims.includes(name);
  }

  /** Reads the metrics page, after everything has come to rest. */
  #scrape(): void {
    if (!this.#claims('observable')) return;
    this.#drain();
    this.#clock += 1_200;
    const askedAt = this.#at();
    const text = this.#counters.page(
      this.#links.length,
      [...this.#records.values()].filter((one) => !one.acked).length,
    );
    this.#emit({ kind: 'metrics', askedAt, at: this.#at(), status: 200, text });
  }

  #join(name: string): void {
    const client: Client = {
      name,
      link: undefined,
      outbox: new Map(),
      owed: new Map(),
      unsent: new Set(),
      handed: new Set(),
    };
    this.#clients.push(client);
    this.#inbox.set(name, new Set());
    this.#emit({ kind: 'client', at: this.#at(), client: name, user: name, device: 'default' });
    this.#connect(client);
  }

  #at(): number {
    this.#clock += this.#random() * 0.02;
    return Math.round(this.#clock * 1000) / 1000;
  }

  #pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.#random() * items.length)] as T;
  }

  #is(defect: Defect, chance = 0.2): boolean {
    const { strikes } = this.#options;
    if (this.#options.defect !== defect || this.struck >= strikes || this.#random() >= chance) return false;
    this.struck += 1;
    return true;
  }

  #step(): void {
    const { faults } = this.#options;
    const busy = this.#links.filter((link) => link.up.length + link.down.length > 0);
    if (busy.length > 0 && this.#random() < 0.85) {
      this.#move(this.#pick(busy));
      return;
    }
    const client = this.#pick(this.#clients);
    if (client.link === undefined) {
      if (this.#random() < 0.3) this.#connect(client);
      return;
    }
    if (this.#random() < faults) {
      if (this.#random() < 0.5) this.#cut(client.link, 'kit');
      else this.#resend(client);
      return;
    }
    if (this.#is('closesForNothing', 0.05)) {
      this.#cut(client.link, 'subject');
      return;
    }
    const again = this.#random() < faults;
    const owed = again ? client.owed : client.unsent;
    if (owed.size > 0 && this.#random() < 0.7) this.#ack(client, this.#pick([...owed.keys()]));
    else this.#send(client);
  }

  #move(link: Link): void {
    if (link.up.length > 0 && (link.down.length === 0 || this.#random() < 0.5))
      this.#serve(link, link.up.shift() as Packet);
    else if (link.down.length > 0) this.#receive(link, link.down.shift() as Packet);
  }

  #connect(client: Client): void {
    this.#conn += 1;
    const link: Link = { conn: this.#conn, client, up: [], down: [], open: true };
    this.#emit({ kind: 'opening', at: this.#at(), client: client.name, conn: link.conn });
    this.#emit({ kind: 'open', at: this.#at(), client: client.name, conn: link.conn });
    client.link = link;
    client.unsent = new Set(client.owed.keys());
    this.#links.push(link);
    const backlog = [...(this.#inbox.get(client.name) ?? [])];
    if (backlog.length > 1 && this.#is('pushesNewestFirst')) backlog.reverse();
    for (const stored of backlog) this.#push(stored);
  }

  #cut(link: Link, by: 'kit' | 'subject'): void {
    // Of what was on its way to the server a part may still have arrived.
    while (by === 'kit' && link.up.length > 0 && this.#random() < 0.5) this.#serve(link, link.up.shift() as Packet);
    link.open = false;
    link.client.link = undefined;
    this.#links.splice(this.#links.indexOf(link), 1);
    this.#emit({ kind: 'closed', at: this.#at(), client: link.client.name, conn: link.conn, by, how: 'lost' });
  }

  #kill(): void {
    for (const link of [...this.#links]) this.#cut(link, 'subject');
    this.#emit({ kind: 'subject', at: this.#at(), event: 'killed', signal: 'SIGKILL' });
    this.#clock += 50;
    this.#life += 1;
    this.#counters.restart([...this.#records.values()].filter((one) => !one.acked).length);
    this.#emit({ kind: 'subject', at: this.#at(), event: 'started' });
    this.#scrape();
  }

  #write(client: Client, packet: Packet): void {
    const { link } = client;
    if (link === undefined) return;
    this.#rid += 1;
    const request: Packet = { rid: `r${this.#rid}`, ...packet };
    this.#emit({ kind: 'sent', at: this.#at(), client: client.name, conn: link.conn, packet: request });
    link.up.push(request);
  }

  #send(client: Client): void {
    this.#made += 1;
    const shared = this.#options.faults > 0 && this.#random() < 0.2;
    // Two users may use the same id: every fifth message takes one that does not say who sends it.
    const msgId = shared
      ? `shared-${Math.floor(this.#made / 3)}`
      : `01939b7e-7f3c-7c1e-9d2a-${String(this.#made).padStart(12, '0')}`;
    if (shared && this.#shared.has(`${client.name} ${msgId}`)) return;
    if (shared) this.#shared.add(`${client.name} ${msgId}`);
    const text = `message ${this.#made} `;
    const body = text.repeat(Math.ceil(this.#options.bodyLength / text.length)).slice(0, this.#options.bodyLength);
    client.outbox.set(msgId, { to: this.#pick(this.#clients).name, body, attempts: 0 });
    this.#transmit(client, msgId);
  }

  #transmit(client: Client, msgId: string): void {
    const entry = client.outbox.get(msgId);
    if (entry === undefined || client.link === undefined) return;
    entry.attempts += 1;
    this.#write(client, { type: 'msg:R', msgId, to: entry.to, body: entry.body });
  }

  #resend(client: Client): void {
    const ids = [...client.outbox.keys()];
    if (ids.length > 0) this.#transmit(client, this.#pick(ids));
  }

  #ack(client: Client, serverMsgId: string): void {
    client.unsent.delete(serverMsgId);
    this.#write(client, { type: 'ack:R', serverMsgId });
  }

  /** What the server does with one packet. */
  #serve(link: Link, packet: Packet): void {
    if (packet.type === 'msg:R') this.#serveMessage(link, packet);
    else this.#serveAck(link, packet);
  }

  #down(user: string, packet: Packet): void {
    const client = this.#clients.find((candidate) => candidate.name === user);
    client?.link?.down.push(packet);
  }

  #serveMessage(link: Link, packet: Packet): void {
    const from = link.client.name;
    const { rid } = packet;
    const msgId = packet.msgId as string;
    const key = this.#options.defect === 'dedupByMsgIdOnly' ? ` ${msgId}` : `${from} ${msgId}`;
    let stored = this.#records.get(key);
    const answer = (fields: Record<string, unknown>): void => {
      const named = this.#is('wrongMsgId', 0.05) ? `${msgId}x` : msgId;
      if (this.#is('neverAnswers', 0.05)) return;
      const full = { type: 'msg:A', rid, msgId: named, ...fields };
      link.down.push(full);
      if (this.#is('answersTwice', 0.05)) link.down.push(full);
    };
    if (stored === undefined && !this.#calm && this.#random() < this.#options.faults / 2) {
      answer({ status: 'rejected', error: { code: 'busy', message: 'later' } });
      this.#counters.add('rejected');
      if (this.#is('leavesRecordOfRefused', 1)) this.#refused.add(key);
      return;
    }
    const again = stored !== undefined;
    let status = again || this.#refused.has(key) ? 'duplicate' : 'accepted';
    if (stored !== undefined && stored.from !== from) this.struck += 1;
    if (again && this.#is('acceptsTwice')) status = 'accepted';
    stored ??= this.#store(key, from, packet);
    const { serverMsgId } = stored;
    if (again || !this.#is('miscountsAccepted', 0.05)) this.#counters.add(again ? 'duplicate' : 'accepted');
    if (!again && this.#is('receiptBeforeAnswer')) {
      link.down.push({ ...this.#receipt(stored, 'stored') });
    }
    answer({ status, serverMsgId });
    if (stored.acked) {
      link.down.push(this.#receipt(stored, 'delivered'));
      if (this.#is('storedAfterDelivered')) link.down.push(this.#receipt(stored, 'stored'));
      if (this.#is('pushesAfterAck')) this.#push(stored);
    } else if (this.#clientOf(stored.to).link === undefined) {
      link.down.push(this.#receipt(stored, 'stored'));
      if (stored.storedIn !== this.#life) this.#counters.add('stored');
      stored.storedIn = this.#life;
    } else if (!again && this.#is('losesAccepted')) this.#inbox.get(stored.to)?.delete(stored);
    else if (this.#inbox.get(stored.to)?.has(stored)) this.#push(stored);
  }

  #clientOf(user: string): Client {
    return this.#clients.find((client) => client.name === user) as Client;
  }

  #store(key: string, from: string, packet: Packet): Stored {
    const count = this.#records.size + 1;
    const reused = count > 3 && this.#is('reusesServerMsgId', 0.1);
    const stored: Stored = {
      from,
      msgId: packet.msgId as string,
      to: packet.to as string,
      body: packet.body as string,
      serverMsgId: `S-${String(reused ? count - 2 : count).padStart(9, '0')}`,
      acceptedAt: EPOCH + Math.round(this.#clock),
      acked: false,
      seq: count,
      pushedIn: -1,
      storedIn: -1,
    };
    this.#records.set(key, stored);
    if (!reused) this.#byServerMsgId.set(stored.serverMsgId, stored);
    this.#inbox.get(stored.to)?.add(stored);
    return stored;
  }

  #receipt(stored: Stored, status: string): Packet {
    const { msgId, to, serverMsgId } = stored;
    const now = EPOCH + Math.round(this.#clock) + 1;
    if (status !== 'delivered') return { type: 'ack:N', msgId, serverMsgId, to, status, at: now };
    stored.deliveredAt ??= now;
    return { type: 'ack:N', msgId, serverMsgId, to, status, at: stored.deliveredAt };
  }

  #push(stored: Stored): void {
    const { msgId, serverMsgId, from, to, body, acceptedAt } = stored;
    const packet = {
      type: 'msg:N',
      msgId: this.#is('inventsMessage', 0.05) ? `${msgId}z` : msgId,
      serverMsgId: this.#is('newServerMsgIdOnPush', 0.05) ? `${serverMsgId}x` : serverMsgId,
      from: this.#is('wrongFrom', 0.05) ? this.#other(from) : from,
      to,
      body: this.#is('changesBody', 0.05) ? `${body}!` : body,
      acceptedAt: this.#is('changesAcceptedAt', 0.05) ? acceptedAt + 7 : acceptedAt,
      attempt: 1,
      ...(this.#claims('ordered') && !this.#is('forgetsSeq', 0.05) ? { seq: this.#seqOf(stored) } : {}),
    };
    this.#down(to, packet);
    if (this.#clientOf(to).link !== undefined) {
      if (!this.#is('miscountsPushes', 0.05)) this.#counters.add('pushes');
      if (stored.pushedIn === this.#life) this.#counters.add('redeliveries');
      stored.pushedIn = this.#life;
    }
    if (this.#is('pushesToWrongUser', 0.05)) this.#down(this.#other(to), { ...packet, to: this.#other(to) });
    if (!stored.acked && this.#is('deliveredAtPush', 0.05)) this.#down(from, this.#receipt(stored, 'delivered'));
  }

  #seqOf(stored: Stored): number {
    return this.#is('countsSeqByPush', 0.05) ? stored.seq + 1_000 : stored.seq;
  }

  #other(user: string): string {
    const names = this.#clients.map((client) => client.name);
    return names[(names.indexOf(user) + 1) % names.length] as string;
  }

  #serveAck(link: Link, packet: Packet): void {
    const stored = this.#byServerMsgId.get(packet.serverMsgId as string);
    const { rid, serverMsgId } = packet;
    if (stored === undefined || stored.to !== link.client.name || this.#is('ackUnknown', 0.05)) {
      const error = { code: 'unknown-message', message: 'no such message' };
      link.down.push({ type: 'ack:A', rid, serverMsgId, status: 'rejected', error });
      return;
    }
    const repeated = stored.acked && !this.#is('ackOkTwice');
    if (!repeated) this.#counters.add('acks');
    if (!stored.acked) this.#counters.deliver(Math.max(0, this.#clock - (stored.acceptedAt - EPOCH)) / 1_000);
    link.down.push({ type: 'ack:A', rid, serverMsgId, status: repeated ? 'duplicate' : 'ok' });
    stored.acked = true;
    this.#inbox.get(stored.to)?.delete(stored);
    this.#down(stored.from, this.#receipt(stored, 'delivered'));
    if (this.#is('receiptToOthers', 0.05)) this.#down(this.#other(stored.from), this.#receipt(stored, 'delivered'));
  }

  /** What a client of the kit does with one packet: it acks late, and forgets an id at ack:A. */
  #receive(link: Link, packet: Packet): void {
    const { client } = link;
    this.#emit({ kind: 'got', at: this.#at(), client: client.name, conn: link.conn, packet });
    const serverMsgId = packet.serverMsgId as string;
    if (packet.type === 'msg:N') {
      const key = `${packet.from as string} ${packet.msgId as string}`;
      if (!client.handed.has(key)) {
        client.handed.add(key);
        const from = packet.from as string;
        const msgId = packet.msgId as string;
        this.#emit({
          kind: 'handed',
          at: this.#at(),
          client: client.name,
          conn: link.conn,
          from,
          msgId,
          serverMsgId,
        });
      }
      client.owed.set(serverMsgId, key);
      client.unsent.add(serverMsgId);
      if (this.#random() < 0.8) this.#ack(client, serverMsgId);
    } else if (packet.type === 'ack:A') {
      const key = client.owed.get(serverMsgId);
      client.owed.delete(serverMsgId);
      client.unsent.delete(serverMsgId);
      if (key !== undefined) client.handed.delete(key);
    } else if (packet.type === 'ack:N' && packet.status === 'delivered') {
      const entry = client.outbox.get(packet.msgId as string);
      if (entry === undefined) return;
      // Now and then a sender asks once more about what is delivered.
      if (this.#random() < this.#options.faults) this.#transmit(client, packet.msgId as string);
      else client.outbox.delete(packet.msgId as string);
    }
  }

  #drain(): void {
    for (let rounds = 0; rounds < 50_000_000; rounds += 1) {
      const busy = this.#links.find((link) => link.up.length + link.down.length > 0);
      if (busy === undefined) return;
      this.#move(busy);
    }
  }

  #settle(): void {
    this.#calm = true;
    this.#emit({ kind: 'settling', at: this.#at() });
    for (const client of this.#clients) if (client.link === undefined) this.#connect(client);
    for (let round = 0; round < 3; round += 1) {
      this.#drain();
      for (const client of this.#clients) {
        for (const serverMsgId of client.owed.keys()) this.#write(client, { type: 'ack:R', serverMsgId });
        for (const msgId of client.outbox.keys()) this.#transmit(client, msgId);
      }
    }
    this.#drain();
    this.#scrape();
    this.#clock += 2_000;
    this.#emit({ kind: 'settled', at: this.#at(), complete: true });
    for (const link of [...this.#links]) this.#cut(link, 'kit');
    this.#emit({ kind: 'end', at: this.#at() });
  }
}

export const simulate = (options: Partial<SimulationOptions>): { events: HistoryEvent[]; struck: number } => {
  const events: HistoryEvent[] = [];
  const simulation = new Simulation(
    {
      seed: 1,
      users: 4,
      messages: 30,
      faults: 0.2,
      kills: 0,
      defect: 'none',
      strikes: Number.POSITIVE_INFINITY,
      bodyLength: 20,
      claims: [],
      ...options,
    },
    (event) => events.push(event),
  );
  simulation.run();
  return { events, struck: simulation.struck };
};
