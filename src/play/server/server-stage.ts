import { type ClientTimers, CONDUCTOR, type HistoryEvent, type Packet } from '../../../schemas/index.js';
import { recordFault } from '../step-outcome.js';
import type { Untimed } from '../untimed.js';
import { Waits } from '../waits.js';
import { type Arrival, Arrivals } from './arrivals.js';
import { HandedMessages } from './handed-messages.js';
import { KitServer } from './kit-server.js';
import type { BotHost, Upgrade } from './ports.js';
import { Quota } from './quota.js';
import { type Rule, Rules } from './rules.js';
import { ServerLink, SUBJECT_NAME } from './server-link.js';
import { Upgrades } from './upgrades.js';
import { type Hello, Words } from './words.js';

export interface ServerStageOptions {
  host: BotHost;
  /** What the first look at the client told of it. */
  hello: Hello;
  timers: ClientTimers;
  /** The user and the device that the token of the client names. */
  user: string;
  device: string;
  patienceMs: number;
  userSuffix: string;
  signal: AbortSignal;
  random(): number;
  stalledMs?(): number;
  onEvent(event: HistoryEvent): void;
}

/** Time of a bot from its start to its hello: a browser or a virtual machine takes seconds. */
export const HELLO_BOUND_MS = 20_000;
/** No rule about time is sharper than this. */
export const SLACK_MS = 1_000;

/** Where one scenario for a client is played: the kit is its server. */
export class ServerStage {
  readonly options: ServerStageOptions;
  readonly waits: Waits;
  readonly rules = new Rules();
  readonly words = new Words();
  readonly server: KitServer;
  readonly arrivals = new Arrivals(() => this.now());
  readonly upgrades = new Upgrades(this);
  readonly handed = new HandedMessages();
  readonly quota = new Quota();
  readonly startedAt = performance.now();
  subjectUp = false;
  #failure: { cause: unknown } | undefined;
  #link: ServerLink | undefined;
  #asks = 0;
  #waitedMs = 0;
  /** Counts what changes, so that a wait can see that something still happens. */
  changes = 0;

  constructor(options: ServerStageOptions) {
    this.options = options;
    this.waits = new Waits(options.signal);
    this.server = new KitServer(this);
  }

  get user(): string {
    return this.options.user;
  }

  /** The start of the bot that runs, as it names itself. */
  get start(): string | undefined {
    return this.words.hellos.at(-1)?.start;
  }

  /** The newest connection, if it is open. */
  get link(): ServerLink | undefined {
    return this.#link?.state === 'open' ? this.#link : undefined;
  }

  /** The newest connection, whatever its state. */
  get newest(): ServerLink | undefined {
    return this.#link;
  }

  /** Throws what went wrong in the kit while a packet was answered, and Interrupted. */
  throwIfFailed(): void {
    this.waits.throwIfInterrupted();
    if (this.#failure !== undefined) throw this.#failure.cause;
  }

  /** A nominal time of the client as a bound: its jitter, the slack of the contract, and the patience of the kit. */
  bound(ms: number): number {
    return ms * 1.2 + SLACK_MS + this.options.patienceMs;
  }

  /** How long a client may take to notice that its connection is gone, and to come back. */
  get reconnectBoundMs(): number {
    const { reconnectMaxMs, deadAfterMs } = this.options.timers;
    return this.bound(reconnectMaxMs) + deadAfterMs;
  }

  now(): number {
    return Math.round((performance.now() - this.startedAt) * 1000) / 1000;
  }

  record(event: Untimed): void {
    this.options.onEvent(Object.assign(event, { at: this.now() }) as HistoryEvent);
  }

  notify(): void {
    this.changes += 1;
    this.waits.notify();
  }

  get waitedMs(): number {
    return this.#waitedMs;
  }

  /** Waits for a timer of the client, its start, or a window of the kit: what no faster machine shortens. */
  async mustWait<T>(work: Promise<T>): Promise<T> {
    const from = performance.now();
    try {
      return await work;
    } finally {
      this.#waitedMs += performance.now() - from;
    }
  }

  /** Upper and lower case are different users: the kit's have both, so that a client which changes one shows. */
  userOf(name: string): string {
    return `${name.charAt(0).toUpperCase()}${name.slice(1)}.${this.options.userSuffix}`;
  }

  /** Makes the upgrade the newest connection, unless the client has gone meanwhile. */
  async accept(upgrade: Upgrade, conn: number): Promise<void> {
    const link = new ServerLink(conn, {
      record: (event) => this.record(event),
      affords: (bytes) => this.quota.affords(bytes),
      isOfOthers: (packet) => this.#isOfOthers(packet),
      onPacket: (from, packet) => this.#onPacket(from, packet),
      onClosed: () => this.notify(),
    });
    const socket = await upgrade.accept(link.handlers);
    if (socket === undefined) return;
    link.attach(socket);
    this.#link = link;
    this.record({ kind: 'open', client: SUBJECT_NAME, conn });
    this.arrived({ what: 'connection', link });
    this.server.onOpen(link);
  }

  /** Of a start that goes on: what it still has to say of an earlier scenario. That is answered, and not judged here. */
  #isOfOthers(packet: Packet): boolean {
    if (this.options.host.standing === undefined) return false;
    if (packet.type === 'msg:R') return packet.to !== CONDUCTOR && !packet.to.endsWith(`.${this.options.userSuffix}`);
    return packet.type === 'ack:R' && this.server.pushes.of(packet) === undefined;
  }

  #onPacket(link: ServerLink, packet: Packet): void {
    try {
      this.server.onPacket(link, packet);
    } catch (cause) {
      // Nobody waits for a packet: the script hears of it at its next step.
      this.#failure ??= { cause };
    }
    this.notify();
  }

  arrived(arrival: Omit<Arrival, 'at'>): void {
    if (this.arrivals.add(arrival)) this.notify();
  }

  fired({ place, fault, packet }: Rule, label: string): void {
    recordFault(this, place, fault, true, { packet, message: label });
  }

  /** Says a word to the bot. Its packets meet no fault. */
  say(word: Readonly<Record<string, unknown>>): void {
    const push = this.server.pushes.add({
      label: undefined,
      from: CONDUCTOR,
      body: JSON.stringify(word),
      start: this.start,
    });
    if (this.link) this.server.push(push, this.link);
  }

  nextAsk(): number {
    const { standing } = this.options.host;
    this.#asks = (standing?.asks ?? this.#asks) + 1;
    if (standing !== undefined) standing.asks = this.#asks;
    return this.#asks;
  }

  /** Starts the bot and waits for its hello. False: it did not say one. */
  async startBot(): Promise<boolean> {
    const { standing } = this.options.host;
    if (standing !== undefined) {
      this.words.adopt(standing.hello);
      this.subjectUp = true;
      return this.mustWait(this.waits.until(() => this.link !== undefined, this.reconnectBoundMs));
    }
    const before = this.words.hellos.length;
    await this.mustWait(this.options.host.start());
    this.subjectUp = true;
    this.record({ kind: 'subject', event: 'started' });
    return this.mustWait(this.waits.until(() => this.words.hellos.length > before, HELLO_BOUND_MS));
  }

  /** What is open belongs to a process that has ended. */
  noteGone(): void {
    this.subjectUp = false;
    this.notify();
  }
}
