import type { Description, HistoryEvent, Packet, Profile, RestsOn, Timers } from '../../schemas/index.js';
import { whyMissing } from '../../schemas/index.js';
import type { ClientSpec } from '../script/model.js';
import { userIdOf } from '../script/user-id.js';
import { seededRandom } from '../seeded-random.js';
import { Actor, type ActorWorld } from './clients/actor.js';
import type { Link } from './clients/link.js';
import { SentMessages } from './clients/sent-messages.js';
import { LinkFaults } from './link-faults.js';
import type { MemoryWatch } from './memory-watch.js';
import { freshMsgId } from './msg-ids.js';
import { NodeFaults } from './node-faults.js';
import type { Attacker, Control, Dial, Network, Probes } from './ports.js';
import { SubjectClock } from './subject-clock.js';
import { SubjectShortage } from './subject-shortage.js';
import type { Untimed } from './untimed.js';
import { NAMED_VOICES, PLAIN_VOICE, type Voice, voiceOf } from './voice.js';
import { Waits } from './waits.js';

export interface StageOptions {
  dial: Dial;
  control?: Control;
  /** How many nodes the subject has that the kit knows of. Absent: one. */
  nodes?: number;
  /** What hostile clients do below the WebSocket, for scenarios that ask for it. */
  attacker?: Attacker;
  probes?: Probes;
  description: Description;
  /** What is wrong with the description that the subject serves; absent when it serves none. */
  served?: { faults: readonly string[] };
  timers: Timers;
  /** Added to every bound. */
  patienceMs: number;
  /** What lies between here and the subject: added to every bound, too. Absent: nothing that counts. */
  network?: Network;
  /** Through a dialect: what the foreign protocol has, and whether the history holds its frames. */
  dialect?: { profile: Profile; keepsForeign: boolean };
  /** Makes the users of this run different from those of every other. */
  userSuffix: string;
  /** The account that plays a user of the script, where users cannot be made up. */
  identity?: (userOf: string, device: string) => { user: string; device: string };
  /** What accounts sent before this scenario, where they are lent. */
  earlier?: { wasSent(user: string, msgId: string): boolean; noteSent(user: string, msgId: string): void };
  /** Longest time, in milliseconds, for which the event loop of the kit stood still since the stage was made; absent: not measured. */
  stalledMs?(): number;
  /** Every event of the history, in order. */
  onEvent(event: HistoryEvent): void;
  signal: AbortSignal;
  /** Numbers from 0 to 1, reproducible by the seed. */
  random(): number;
}

const LATEST_CONNECT_MS = 30_000;

/** The current connection of an actor, if packets can cross it. */
export const openLink = (actor: Actor): Link | undefined => (actor.link?.state === 'open' ? actor.link : undefined);

/** Where one scenario is played: clock, history, messages, actors and the control of the subject. */
export class Stage implements ActorWorld {
  readonly options: StageOptions;
  readonly messages = new SentMessages();
  readonly waits: Waits;
  readonly actors = new Map<string, Actor>();
  readonly startedAt = performance.now();
  #waitedMs = 0;
  #waitingSince = 0;
  #waiting = 0;
  subjectUp = true;
  /** It was told to stop, and nobody waits for the end of that. */
  stopBegun = false;
  readonly nodeFaults: NodeFaults;
  readonly linkFaults: LinkFaults;
  /** Connections that a server with several nodes ended as it may around a fault. */
  readonly #excusedEnds = new Set<number>();
  /** A step wanted what the dialect cannot say or hear: the script ends. */
  cannotGoOn = false;
  /** Messages that the bystanders have exchanged, and whether they go on. */
  readonly bystanders = { exchanges: 0, broken: false, abused: false };
  readonly clock = new SubjectClock();
  readonly shortage = new SubjectShortage();
  /** What the process of the subject holds, where the script looks at it. */
  memory: MemoryWatch | undefined;
  /** Valid packets that have arrived: the sign that waiting on makes sense. */
  packets = 0;
  #conns = 0;
  #toldQueuedMs = 0;
  readonly #delayed = new Map<string, () => void>();
  readonly #voices: number;

  constructor(options: StageOptions) {
    this.options = options;
    this.waits = new Waits(options.signal);
    const now = () => performance.now();
    const { failoverMs = 0 } = options.timers;
    this.nodeFaults = new NodeFaults(now, failoverMs);
    this.linkFaults = new LinkFaults(now, failoverMs);
    this.#voices = Math.floor(options.random() * 2 ** 32);
  }

  get dial(): Dial {
    return this.options.dial;
  }

  /** An upgrade takes the handshakes of TCP and TLS, too. */
  get connectBoundMs(): number {
    return Math.min(LATEST_CONNECT_MS, this.bound(this.options.timers.answerWithinMs, 4));
  }

  get comesBackWithinMs(): number {
    return this.options.timers.failoverMs ?? 0;
  }

  pause(ms: number): Promise<void> {
    return this.waits.pause(ms);
  }

  /** Why the foreign protocol does not have something. Undefined: it has it, or the subject speaks im.ran.v1. */
  whyLacking(item: RestsOn): string | undefined {
    const { dialect } = this.options;
    return dialect && whyMissing(dialect.profile, [item])?.reason;
  }

  has(item: RestsOn): boolean {
    return this.whyLacking(item) === undefined;
  }

  get nodes(): number {
    return this.options.nodes ?? 1;
  }

  get keepsForeign(): boolean {
    return this.options.dialect?.keepsForeign === true;
  }

  /** Whether a connection to that node may be closed and refused now. */
  excusesEnd(node: number | undefined): boolean {
    return this.nodeFaults.excuses(node) || (node !== undefined && this.linkFaults.nodes.includes(node));
  }

  /**
   * Whether one of these users has lost its connection because of a fault, and was not told to connect again: who waits
   * for what they do may wait in vain.
   */
  misses(users: ReadonlySet<string>): boolean {
    return [...this.actors.values()].some(
      ({ user, link }) => users.has(user) && link !== undefined && this.#excusedEnds.has(link.conn),
    );
  }

  get claimsFlowControl(): boolean {
    return this.options.description.classes?.includes('flow-control') === true;
  }

  /** Slowest way to the subject and back. */
  get roundTripMs(): number {
    return this.options.network?.roundTripMs ?? 0;
  }

  /**
   * A declared time with the patience of the kit, and what the network needs for so many exchanges of packets. The fault of
   * a node adds to it what became due, at `since` by `performance.now()`, while it was fresh: counted from now on.
   */
  bound(ms: number, exchanges = 1, since = performance.now()): number {
    const bound = ms + this.options.patienceMs + exchanges * this.roundTripMs + this.#queuedMs();
    const lateMs = this.nodeFaults.lateMs(since, bound);
    return lateMs === 0 ? bound : bound + Math.max(0, since + lateMs - performance.now());
  }

  /** The judges give the same time on top. */
  #queuedMs(): number {
    const queuedMs = Math.ceil(this.options.network?.drainMs ?? 0);
    if (queuedMs > this.#toldQueuedMs) {
      this.#toldQueuedMs = queuedMs;
      this.record({ kind: 'network', queuedMs });
    }
    return queuedMs;
  }

  now(): number {
    return Math.round((performance.now() - this.startedAt) * 1000) / 1000;
  }

  record(event: Untimed): void {
    this.shortage.note(event);
    this.linkFaults.note(event);
    if (event.kind === 'closed' && event.by === 'subject' && this.excusesEnd(this.linkFaults.nodeOf(event.conn)))
      this.#excusedEnds.add(event.conn);
    this.#noteSent(event);
    // Every event is made for this call, so it needs no copy.
    this.options.onEvent(Object.assign(event, { at: this.now() }) as HistoryEvent);
  }

  notify(): void {
    this.waits.notify();
  }

  nextConn(): number {
    this.#conns += 1;
    return this.#conns;
  }

  /** The same seed gives the same voice, whichever client comes first. */
  voiceFor(client: string, nth: number): Voice {
    if (this.options.dialect) return PLAIN_VOICE;
    let mixed = this.#voices;
    for (const character of `${client} ${nth}`) mixed = Math.imul(mixed ^ character.charCodeAt(0), 0x01000193);
    return voiceOf(seededRandom(mixed));
  }

  countPacket(): void {
    this.packets += 1;
  }

  noteAcceptedAt(epochMs: number): void {
    this.clock.noteAcceptedAt(epochMs, Date.now());
  }

  #noteSent(event: Untimed): void {
    const { earlier } = this.options;
    if (earlier === undefined || event.kind !== 'sent' || event.packet.type !== 'msg:R') return;
    const user = this.actors.get(event.client)?.user;
    if (user !== undefined) earlier.noteSent(user, String(event.packet.msgId));
  }

  /** A receipt may be repeated whenever its sender connects, and the account may have sent it in an earlier scenario. */
  isEarlier(user: string, packet: Packet): boolean {
    const { earlier } = this.options;
    if (earlier === undefined || packet.type !== 'ack:N' || this.messages.ofKey(user, packet.msgId).length > 0)
      return false;
    return earlier.wasSent(user, packet.msgId);
  }

  nextMsgId(): string {
    return freshMsgId();
  }

  addActor({ name, userOf = name, user, device, autoAcks, fragments, voice, node }: Omit<ClientSpec, 'start'>): Actor {
    const own = { user: userIdOf({ userOf, user }, this.options.userSuffix), device };
    const named = voice === undefined || this.options.dialect ? undefined : NAMED_VOICES[voice];
    const { nodes = 1 } = this.options;
    const actor = new Actor(this, {
      node: nodes > 1 ? (node ?? (this.actors.size % nodes) + 1) : undefined,
      name,
      autoAcks,
      fragments,
      voice: named,
      ...(this.options.identity?.(userOf, device) ?? own),
    });
    this.actors.set(name, actor);
    return actor;
  }

  /** Time that the script spent on what no kit can shorten: timers, windows, restarts. Waits side by side count once. */
  get waitedMs(): number {
    return this.#waitedMs;
  }

  /** Time that must pass, whatever the kit does. */
  async mustWait<T>(work: Promise<T>): Promise<T> {
    if (this.#waiting === 0) this.#waitingSince = performance.now();
    this.#waiting += 1;
    try {
      return await work;
    } finally {
      this.#waiting -= 1;
      if (this.#waiting === 0) this.#waitedMs += performance.now() - this.#waitingSince;
    }
  }

  /** A packet that the network holds back until it is released. */
  hold(label: string, write: () => void): void {
    this.#delayed.set(label, write);
  }

  release(label: string): boolean {
    const write = this.#delayed.get(label);
    this.#delayed.delete(label);
    write?.();
    return write !== undefined;
  }
}
