import type { AckN, HistoryEventOf } from '../../../../../schemas/index.js';
import type { Connection, Pending } from '../../../facts/connection.js';
import type { Facts } from '../../../facts/facts.js';
import type { Answer } from '../../../facts/listener.js';
import { mayBeStored, recipientOf, type TrackedMessage } from '../../../facts/message.js';
import type { Judge, JudgeContext } from '../../judge.js';
import { type Moment, type Range, Series } from './series.js';

/** Without a page nothing older than this is ever asked for. */
const KEPT_MS = 60_000;

const NAMES = [
  'accepted',
  'duplicate',
  'pushes',
  'redeliveries',
  'acks',
  'stored',
  'delivered',
  'expired',
  'opened',
  'closed',
] as const;
export type SeriesName = (typeof NAMES)[number];

/** Counts what the history shows of everything that a server counts, with the times between which. */
export class Tally implements Judge {
  readonly #facts: Facts;
  readonly series = Object.fromEntries(NAMES.map((name) => [name, new Series()])) as Record<SeriesName, Series>;
  readonly rejected = new Map<string, Series>();
  /** msg:R packets whose answer could not come: any of the counters may hold them. */
  readonly lostRequests = new Series();
  /** Times at which pushes may have gone unseen: from, to. */
  readonly #unseen = new Series();
  /** Messages of which pushes, or receipts, may have gone unseen. */
  readonly #unseenPushes = new WeakSet<TrackedMessage>();
  readonly #unseenReceipts = new WeakSet<TrackedMessage>();
  /** In which life of the process `stored` was told of a message for the last time. */
  readonly #storedLife = new WeakMap<TrackedMessage, number>();
  /** A page has been read: everything is kept from now on. */
  keeping = false;

  constructor({ facts }: JudgeContext) {
    this.#facts = facts;
  }

  /** A page may lag behind the wire by this much. */
  get #lag(): number {
    return this.#facts.timers.answerWithinMs;
  }

  /** What the server counted is seen by the kit so much later at most. */
  get #transit(): number {
    return Math.min(this.#facts.timers.answerWithinMs / 4, this.#facts.patienceMs);
  }

  #add(series: Series, early: number, sure = true, least = 0, most = 0): void {
    const { at } = this.#facts;
    series.add(early, at + this.#lag, sure, least, most);
    if (!this.keeping) series.forgetBefore(at - KEPT_MS);
  }

  /** Of an A that nothing asked for it is not known when it was counted. */
  onAnswer({ packet, askedAt = this.#facts.at - this.#lag }: Answer): void {
    if (packet.type === 'ack:A') {
      if (packet.status === 'ok') this.#add(this.series.acks, askedAt);
    } else if (packet.status === 'rejected') {
      const code = packet.error?.code ?? 'internal';
      const series = this.rejected.get(code) ?? new Series();
      this.rejected.set(code, series);
      this.#add(series, askedAt);
    } else if (packet.status === 'duplicate') this.#add(this.series.duplicate, askedAt);
    else this.#add(this.series.accepted, askedAt);
  }

  /** `duplicate` was the first that the sender heard of the message: it was accepted before, unseen. */
  onPromised(message: TrackedMessage, isNew: boolean): void {
    if (!isNew) this.#add(this.series.accepted, message.attempts.find(mayBeStored)?.at ?? 0);
  }

  onPushed(connection: Connection, message: TrackedMessage): void {
    this.#countPush(connection, message);
  }

  onPushedAstray(connection: Connection, message: TrackedMessage): void {
    this.#countPush(connection, message);
  }

  onPushedUnknown(connection: Connection): void {
    this.#countPush(connection, undefined);
  }

  #countPush(connection: Connection, message: TrackedMessage | undefined): void {
    const { at, policies, ends } = this.#facts;
    const sent = message?.attempts[0]?.at ?? 0;
    const { openingAt, readingSince } = connection;
    // What a client reads late was sent at any time before.
    const early = readingSince > 0 ? openingAt : Math.max(at - this.#transit, sent, openingAt);
    this.#add(this.series.pushes, early);
    if (message === undefined) return;
    const life = ends.at(-1)?.line ?? -1;
    const before = message.pushes.some(
      (push) => push.line > life && policies.sharesQueue(push.device, connection.device),
    );
    const unsure = this.#unseenPushes.has(message) || message.slot >= 0;
    if (before || unsure) this.#add(this.series.redeliveries, early, before);
  }

  /** An ack:N arrived. Of a message that was told on a connection that broke, it may not be the first. */
  onReceipt(_: Connection, message: TrackedMessage, packet: AckN): void {
    // A receipt shows the ack of which no answer was seen.
    const isNews = message.told === undefined && message.ackedBy.length === 0;
    if (packet.status === 'delivered' && isNews) this.#countDelivered(message);
    const life = this.#facts.ends.length;
    if (packet.status !== 'stored' || this.#storedLife.get(message) === life) return;
    this.#storedLife.set(message, life);
    const sent = message.attempts[0]?.at ?? 0;
    this.#add(
      this.series.stored,
      this.#unseenReceipts.has(message) ? sent : Math.max(sent, this.#facts.at - this.#transit),
    );
  }

  onAcked(message: TrackedMessage, isFirst: boolean): void {
    if (isFirst && message.told === undefined) this.#countDelivered(message);
  }

  /** The first ack of the message is known to count. It was delivered, unless its lifetime had ended. */
  #countDelivered(message: TrackedMessage): void {
    const { at } = this.#facts;
    const [first] = message.acks;
    const sent = message.attempts.find(mayBeStored)?.at ?? 0;
    const early = first?.at ?? sent;
    const least = Math.max(0, early - (message.promisedLine < 0 ? early : message.promisedAt)) / 1000;
    const lifetime = this.#facts.policies.lifetimeOf(message);
    const most = (at - sent) / 1000;
    if (lifetime === undefined || at < lifetime.from) this.#add(this.series.delivered, early, true, least, most);
    else if (early > lifetime.to) this.series.expired.add(lifetime.from, lifetime.to + this.#lag);
    else {
      this.#add(this.series.delivered, early, false, least, most);
      this.series.expired.add(lifetime.from, lifetime.to + this.#lag, false);
    }
  }

  /** An R whose answer cannot come any more may have been counted. */
  onAbandoned(_: Connection, requests: readonly Pending[]): void {
    for (const { type, at } of requests) {
      const series = type === 'ack:R' ? this.series.acks : this.lostRequests;
      series.add(at, Number.POSITIVE_INFINITY, false);
    }
  }

  onOpened(connection: Connection): void {
    this.#add(this.series.opened, connection.openingAt);
  }

  /** The connection ended, after `open`. What was on its way to the client was not seen, unless both sides closed. */
  onClosed(connection: Connection, { by, how }: HistoryEventOf<'closed'>): void {
    if (connection.openedAt === Number.POSITIVE_INFINITY) return;
    const { at } = this.#facts;
    const hidden = connection.silent || connection.mute || connection.readingSince > 0 || connection.paused;
    // The server may end one that was replaced long before that is seen, but not before the newer one opens.
    const noticed = connection.superseded ? connection.supersededAt : at - (by === 'kit' ? this.#transit : this.#lag);
    // However short it was, it ended after it began.
    this.#add(this.series.closed, Math.max(connection.openingAt, hidden ? connection.openedAt : noticed));
    if (how !== 'clean' || hidden) this.onSilent(connection);
    else if (by === 'kit') this.#countPushesWhileClosing(connection);
  }

  /** A server may push while its library answers the close frame: what it counts then is on no wire. Once for each message. */
  #countPushesWhileClosing({ device }: Connection): void {
    const { messages, at } = this.#facts;
    for (const message of messages.unfolded()) {
      if (message.ackedBy.length > 0 || recipientOf(message) !== device.user.name) continue;
      this.#add(this.series.pushes, at - this.#lag, false);
      if (message.pushes.length > 0) this.#add(this.series.redeliveries, at - this.#lag, false);
    }
  }

  /** From here on the client sees nothing of what the server sends on the connection. */
  onSilent(connection: Connection): void {
    const { user } = connection.device;
    let waiting = false;
    for (const message of this.#facts.messages.unfolded()) {
      if (message.from === user) this.#hideReceipts(message, connection);
      if (message.ackedBy.length > 0 || recipientOf(message) !== user.name) continue;
      this.#unseenPushes.add(message);
      waiting = true;
    }
    if (waiting) this.#unseen.add(connection.openedAt, this.#facts.at + this.#lag);
    // The server may find it dead at any time.
    if (!connection.closed) this.series.closed.add(this.#facts.at, Number.POSITIVE_INFINITY, false);
  }

  /** `stored` may have been told on a connection whose end was not seen. */
  #hideReceipts(message: TrackedMessage, { openedAt }: Connection): void {
    this.#unseenReceipts.add(message);
    // Nobody is told `stored` of what was refused, or after `delivered`.
    if (message.told !== undefined || !message.attempts.some(mayBeStored)) return;
    const { at, ends } = this.#facts;
    if (this.#storedLife.get(message) !== ends.length) this.series.stored.add(openedAt, at + this.#lag, false);
  }

  /** At the end: what may have been counted, or must have been, although no packet tells. */
  close(): void {
    for (const message of this.#facts.messages.unfolded()) {
      const first = message.attempts.find(mayBeStored);
      if (first === undefined) continue;
      if (message.promisedLine < 0) this.series.accepted.add(first.at, Number.POSITIVE_INFINITY, false);
      if (message.ackedBy.length > 0 || message.told !== undefined) continue;
      const [ack] = message.acks;
      const most = (this.#facts.at - first.at) / 1000;
      if (ack !== undefined) this.series.delivered.add(ack.at, Number.POSITIVE_INFINITY, false, 0, most);
      const lifetime = this.#facts.policies.lifetimeOf(message);
      if (lifetime === undefined) continue;
      const sure = message.promisedLine >= 0 && ack === undefined;
      this.series.expired.add(lifetime.from, lifetime.to + this.#lag, sure);
    }
  }

  /** How many of a kind were counted between two pages. */
  between(name: SeriesName, from: Moment, to: Moment): Range {
    const { low, high } = this.series[name].between(from, to).count;
    const unbounded = (name === 'pushes' || name === 'redeliveries') && this.#unseen.between(from, to).count.high > 0;
    const lost = name === 'duplicate' ? this.lostRequests.between(from, to).count.high : 0;
    return { low, high: unbounded ? Number.POSITIVE_INFINITY : high + lost };
  }

  rejectedBetween(code: string, from: Moment, to: Moment): Range {
    const { low, high } = this.rejected.get(code)?.between(from, to).count ?? { low: 0, high: 0 };
    return { low, high: high + this.lostRequests.between(from, to).count.high };
  }
}
