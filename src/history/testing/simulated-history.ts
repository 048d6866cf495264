import { HISTORY_VERSION, type HistoryEvent, type ServerClass } from '../../../schemas/index.js';
import { seededRandom } from '../../seeded-random.js';
import { EPOCH, type Packet } from './simulated-packet.js';
import { SimulatedServer } from './simulated-server.js';
import type { Defect, SimulationOptions } from './simulation-options.js';

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
  /** Which user has taken which shared id: a user takes each only once. */
  readonly #shared = new Set<string>();
  readonly #server: SimulatedServer;
  #clock = 0;
  #conn = 0;
  #rid = 0;
  #made = 0;
  #calm = false;

  constructor(options: SimulationOptions, emit: (event: HistoryEvent) => void) {
    this.#options = options;
    this.#emit = emit;
    this.#random = seededRandom(options.seed);
    this.#server = new SimulatedServer({
      options,
      random: () => this.#random(),
      clock: () => this.#clock,
      isCalm: () => this.#calm,
      is: (defect, chance) => this.#is(defect, chance),
      noteStrike: () => {
        this.struck += 1;
      },
      linkOf: (user) => this.#clients.find(({ name }) => name === user)?.link,
      other: (user) => this.#other(user),
    });
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
    const text = this.#server.page(this.#links.length);
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
    this.#server.join(name);
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
      this.#server.serve(link, link.up.shift() as Packet);
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
    this.#server.connect(client.name);
  }

  #cut(link: Link, by: 'kit' | 'subject'): void {
    // Of what was on its way to the server a part may still have arrived.
    while (by === 'kit' && link.up.length > 0 && this.#random() < 0.5)
      this.#server.serve(link, link.up.shift() as Packet);
    link.open = false;
    link.client.link = undefined;
    this.#links.splice(this.#links.indexOf(link), 1);
    this.#emit({ kind: 'closed', at: this.#at(), client: link.client.name, conn: link.conn, by, how: 'lost' });
  }

  #kill(): void {
    for (const link of [...this.#links]) this.#cut(link, 'subject');
    this.#emit({ kind: 'subject', at: this.#at(), event: 'killed', signal: 'SIGKILL' });
    this.#clock += 50;
    this.#server.restart();
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

  #other(user: string): string {
    const names = this.#clients.map((client) => client.name);
    return names[(names.indexOf(user) + 1) % names.length] as string;
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
