import {
  type ClientTimers,
  CONDUCTOR,
  type HistoryEvent,
  type MsgR,
  type Packet,
  WIRE,
} from '../../../schemas/index.js';
import { defined } from '../../defined.js';
import { KitError } from '../../errors.js';
import type { Untimed } from '../clients/link.js';
import { recordFault } from '../step-outcome.js';
import { Waits } from '../waits.js';
import { KitServer } from './kit-server.js';
import type { BotHost, Upgrade } from './ports.js';
import { type Rule, Rules } from './rules.js';
import { ServerLink, SUBJECT_NAME } from './server-link.js';
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

/** What has arrived, for steps that wait. */
export interface Arrival {
  what: 'msg:R' | 'ack:R' | 'connection' | 'attempt';
  label?: string;
  link?: ServerLink;
  at: number;
  taken?: boolean;
}

/** A message that a script makes the subject send. */
export interface Handed {
  readonly label: string;
  readonly to: string;
  readonly body: string;
  readonly ttlMs?: number;
  msgId: string | undefined;
}

/** What is done to an upgrade instead of accepting it. */
export interface Refusal {
  left: number;
  /** undefined: it is never answered. */
  status: number | undefined;
  headers: Readonly<Record<string, string>>;
  onFired: () => void;
}

/** Time of a bot from its start to its hello: a browser or a virtual machine takes seconds. */
export const HELLO_BOUND_MS = 20_000;
/** No rule about time is sharper than this. */
export const SLACK_MS = 1_000;
/** No script makes a client do so much. A subject that does is cut off, so that the kit keeps its memory and its time. */
const MAX_STRANGE = 100;
const MAX_UPGRADES = 1_000;
const MAX_PACKETS = 10_000;
const MAX_BYTES = 32 * 1_048_576;

/** How long a client has to wait by a `Retry-After` of the kit: whole seconds, or a date. */
const waitMsOf = (retryAfter: string): number =>
  /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1_000 : Math.max(Date.parse(retryAfter) - Date.now(), 0);

/** Where one scenario for a client is played: the kit is its server. */
export class ServerStage {
  readonly options: ServerStageOptions;
  readonly waits: Waits;
  readonly rules = new Rules();
  readonly words = new Words();
  readonly server: KitServer;
  readonly arrivals: Arrival[] = [];
  readonly handed: Handed[] = [];
  readonly startedAt = performance.now();
  subjectUp = false;
  refusal: Refusal | undefined;
  /** Upgrades that were refused because they did not offer the subprotocol. */
  unoffered = 0;
  /** How much later upgrades are accepted. */
  lateness: { ms: number; onFired: () => void } | undefined;
  /** Settling has begun: no fault strikes any more. */
  settling = false;
  #failure: { cause: unknown } | undefined;
  #link: ServerLink | undefined;
  #conns = 0;
  #asks = 0;
  #waitedMs = 0;
  #met: number | undefined;
  #follows: number | undefined;
  #turnAt: number | undefined;
  #upgrades = 0;
  #strange = 0;
  #packets = 0;
  #bytes = 0;
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

  /** A step begins: what the one before it waited for is what it follows. */
  nextStep(): void {
    this.#follows = this.#met;
    this.#met = undefined;
  }

  /** A step has got what came at that time. */
  noteMet(at: number): void {
    this.#met = Math.max(at, this.#met ?? 0);
  }

  /** Since when a step watches: since that came which the step before it got, however late the kit noticed it. */
  get watchedFrom(): number {
    return this.#follows ?? this.now();
  }

  /** Whether the subject may go on after a frame of so many bytes: a flood ends here. */
  affords(bytes: number): boolean {
    this.#packets += 1;
    this.#bytes += bytes;
    return !this.flooded;
  }

  /** The subject has done more than any script makes it do; nothing of it is recorded any more. */
  get flooded(): boolean {
    return this.#packets > MAX_PACKETS || this.#bytes > MAX_BYTES || this.#upgrades > MAX_UPGRADES;
  }

  onUpgrade(upgrade: Upgrade): void {
    this.#upgrades += 1;
    if (this.flooded) {
      upgrade.refuse(503, {});
      return;
    }
    this.arrived({ what: 'attempt' });
    const { refusal } = this;
    if (refusal !== undefined && refusal.left > 0) {
      refusal.left -= 1;
      this.#refuse(upgrade, refusal);
      refusal.onFired();
      this.notify();
      return;
    }
    // As a server does that keeps IM-1-2. The token was checked before.
    if (!upgrade.offersProtocol) {
      this.unoffered += 1;
      this.#refuse(upgrade, { status: 400, headers: {}, error: `it did not offer ${WIRE.subprotocol}` });
      this.notify();
      return;
    }
    // The client has tried by now, however late it is let in.
    const conn = this.#nextConn();
    this.record({ kind: 'opening', client: SUBJECT_NAME, conn });
    const { lateness } = this;
    if (lateness === undefined) {
      void this.#accept(upgrade, conn);
      return;
    }
    lateness.onFired();
    this.server.later(lateness.ms, () => void this.#accept(upgrade, conn));
  }

  #refuse(
    upgrade: Upgrade,
    { status, headers, error }: Pick<Refusal, 'status' | 'headers'> & { error?: string },
  ): void {
    const conn = this.#nextConn();
    const retryAfter = headers['Retry-After'];
    this.record({ kind: 'opening', client: SUBJECT_NAME, conn });
    this.record({
      kind: 'refused',
      client: SUBJECT_NAME,
      conn,
      refusal: status === undefined ? 'timeout' : 'status',
      error: error ?? (status === undefined ? 'the kit did not answer' : `HTTP ${status}`),
      ...defined({ status, retryAfterMs: retryAfter === undefined ? undefined : waitMsOf(retryAfter) }),
    });
    if (status !== undefined) upgrade.refuse(status, headers);
  }

  #nextConn(): number {
    this.#conns += 1;
    return this.#conns;
  }

  async #accept(upgrade: Upgrade, conn: number): Promise<void> {
    const link = new ServerLink(conn, {
      record: (event) => this.record(event),
      affords: (bytes) => this.affords(bytes),
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
    return packet.type === 'ack:R' && !this.server.pushes.some(({ serverMsgId }) => serverMsgId === packet.serverMsgId);
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
    // Every step that waits looks through all of them: what no script names must not become many.
    if (arrival.label === 'unknown') this.#strange += 1;
    if (this.#strange > MAX_STRANGE && arrival.label === 'unknown') return;
    this.arrivals.push({ ...arrival, at: this.#arrivesAt() });
    this.notify();
  }

  /** What one turn of the event loop reads has come at one time: it was sent before the first of it could be answered. */
  #arrivesAt(): number {
    if (this.#turnAt === undefined) {
      this.#turnAt = this.now();
      setImmediate(() => {
        this.#turnAt = undefined;
      });
    }
    return this.#turnAt;
  }

  /** The label of a message of the subject: by its msgId, or else by what the script gave it. */
  labelOf({ msgId, to, body }: MsgR): string {
    const known = this.handed.find((one) => one.msgId === msgId);
    if (known) return known.label;
    const fresh = this.handed.find((one) => one.msgId === undefined && one.to === to && one.body === body);
    if (fresh) fresh.msgId = msgId;
    return fresh?.label ?? this.handed.find((one) => one.to === to && one.body === body)?.label ?? 'unknown';
  }

  fired({ place, fault, packet }: Rule, label: string): void {
    recordFault(this, place, fault, true, { packet, message: label });
  }

  /** Says a word to the bot. Its packets meet no fault. */
  say(word: Readonly<Record<string, unknown>>): void {
    const push = this.server.newPush({
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

  handedBy(label: string): Handed {
    const found = this.handed.find((one) => one.label === label);
    if (found) return found;
    throw new KitError('kit', `nobody was told to send ${label}`, 'Please report this.');
  }
}
