import type { AckA, AckN, MsgA } from '../../schemas/index.js';
import { lifetimeOf } from './lifetime.js';
import { type Message, mayBeStored, recipientOf } from './message.js';
import type { Connection, Pending, World } from './world.js';

/** Without a page nothing older than this is ever asked for. */
const KEPT_MS = 60_000;
const KEPT = 4_096;

export interface Range {
  readonly low: number;
  readonly high: number;
}

/** A moment for which a page speaks: somewhere between the request and the answer. */
export interface Moment {
  readonly askedAt: number;
  readonly at: number;
}

/** Things that were counted by the server at an unknown moment: not before `early`, not after `late`. */
export class Series {
  #early: number[] = [];
  #late: number[] = [];
  #sure: boolean[] = [];
  #least: number[] = [];
  #most: number[] = [];

  /** `least` and `most` bound a size that goes with it. */
  add(early: number, late: number, sure = true, least = 0, most = 0): void {
    this.#early.push(early);
    this.#late.push(late);
    this.#sure.push(sure);
    this.#least.push(least);
    this.#most.push(most);
  }

  /** How many were counted after one page and up to another, and the sum of their sizes. */
  between(from: Moment, to: Moment): { count: Range; size: Range } {
    let [low, high, least, most] = [0, 0, 0, 0];
    for (let i = 0; i < this.#early.length; i += 1) {
      const early = this.#early[i] as number;
      const late = this.#late[i] as number;
      if (early > to.at || late <= from.askedAt) continue;
      high += 1;
      most += this.#most[i] as number;
      if (!this.#sure[i] || early <= from.at || late > to.askedAt) continue;
      low += 1;
      least += this.#least[i] as number;
    }
    return { count: { low, high }, size: { low: least, high: most } };
  }

  forgetBefore(at: number): void {
    if (this.#early.length < KEPT || (this.#late[0] as number) > at) return;
    const keep = this.#late.findIndex((late) => late > at);
    const from = keep < 0 ? this.#late.length : keep;
    this.#early = this.#early.slice(from);
    this.#late = this.#late.slice(from);
    this.#sure = this.#sure.slice(from);
    this.#least = this.#least.slice(from);
    this.#most = this.#most.slice(from);
  }
}

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

/** Class `observable`: counts what the history shows of everything that a server counts, with the times between which. */
export class Tally {
  readonly #world: World;
  readonly series = Object.fromEntries(NAMES.map((name) => [name, new Series()])) as Record<SeriesName, Series>;
  readonly rejected = new Map<string, Series>();
  /** msg:R packets whose answer could not come: any of the counters may hold them. */
  readonly lostRequests = new Series();
  /** Times at which pushes may have gone unseen: from, to. */
  readonly #unseen = new Series();
  /** A page has been read: everything is kept from now on. */
  keeping = false;

  constructor(world: World) {
    this.#world = world;
  }

  /** A page may lag behind the wire by this much. */
  get #lag(): number {
    return this.#world.timers.answerWithinMs;
  }

  /** What the server counted is seen by the kit so much later at most. */
  get #transit(): number {
    return Math.min(this.#world.timers.answerWithinMs / 4, this.#world.patienceMs);
  }

  #add(series: Series, early: number, sure = true, least = 0, most = 0): void {
    const { at } = this.#world;
    series.add(early, at + this.#lag, sure, least, most);
    if (!this.keeping) series.forgetBefore(at - KEPT_MS);
  }

  /** An A arrived for an R of that time; of one that nothing asked for it is not known when it was counted. */
  answered(packet: MsgA | AckA, askedAt = this.#world.at - this.#lag): void {
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
  acceptedUnseen(message: Message): void {
    this.#add(this.series.accepted, message.tries.find(mayBeStored)?.at ?? 0);
  }

  /** A msg:N arrived; it is not among the pushes of the message yet. */
  pushed(connection: Connection, message: Message | undefined): void {
    const { at, devicesApart, ends } = this.#world;
    const sent = message?.tries[0]?.at ?? 0;
    const { openingAt, readingSince } = connection;
    // What a client reads late was sent at any time before.
    const early = readingSince > 0 ? openingAt : Math.max(at - this.#transit, sent, openingAt);
    this.#add(this.series.pushes, early);
    if (message === undefined) return;
    const life = ends.at(-1)?.line ?? -1;
    const before = message.pushes.some(
      (push) => push.line > life && (devicesApart === undefined || push.device === connection.device),
    );
    const unsure = message.unseen || message.slot >= 0;
    if (before || unsure) this.#add(this.series.redeliveries, early, before);
  }

  /** An ack:N arrived. Of a message that was told on a connection that broke, it may not be the first. */
  told(message: Message, packet: AckN): void {
    const life = this.#world.ends.length;
    if (packet.status !== 'stored' || message.storedLife === life) return;
    message.storedLife = life;
    const sent = message.tries[0]?.at ?? 0;
    this.#add(this.series.stored, message.unseenReceipts ? sent : Math.max(sent, this.#world.at - this.#transit));
  }

  /** The first ack of the message is known to count. It was delivered, unless its lifetime had ended. */
  acked(message: Message): void {
    const { at } = this.#world;
    const [first] = message.acks;
    const sent = message.tries.find(mayBeStored)?.at ?? 0;
    const early = first?.at ?? sent;
    const least = Math.max(0, early - (message.promisedLine < 0 ? early : message.promisedAt)) / 1000;
    const lifetime = lifetimeOf(this.#world, message);
    const most = (at - sent) / 1000;
    if (lifetime === undefined || at < lifetime.from) this.#add(this.series.delivered, early, true, least, most);
    else if (early > lifetime.to) this.series.expired.add(lifetime.from, lifetime.to + this.#lag);
    else {
      this.#add(this.series.delivered, early, false, least, most);
      this.series.expired.add(lifetime.from, lifetime.to + this.#lag, false);
    }
  }

  /** An R whose answer cannot come any more: it may have been counted. */
  lost(pending: Pending): void {
    const series = pending.type === 'ack:R' ? this.series.acks : this.lostRequests;
    series.add(pending.at, Number.POSITIVE_INFINITY, false);
  }

  opened(connection: Connection): void {
    this.#add(this.series.opened, connection.openingAt);
  }

  /** The connection ended, after `open`. What was on its way to the client was not seen, unless both sides closed. */
  closed(connection: Connection, by: 'kit' | 'subject', clean: boolean): void {
    if (connection.openedAt === Number.POSITIVE_INFINITY) return;
    const { at } = this.#world;
    const hidden = connection.silent || connection.mute || connection.readingSince > 0 || connection.paused;
    // The server may end one that was replaced long before that is seen, but not before the newer one opens.
    const noticed = connection.superseded ? connection.supersededAt : at - (by === 'kit' ? this.#transit : this.#lag);
    this.#add(this.series.closed, hidden ? connection.openedAt : noticed);
    if (!clean || hidden) this.blind(connection);
  }

  /** From here on the client sees nothing of what the server sends on the connection. */
  blind(connection: Connection): void {
    const { user } = connection.device;
    let waiting = false;
    for (const message of this.#world.messages.unsettled()) {
      if (message.from === user) this.#hideReceipts(message, connection);
      if (message.ackedBy.length > 0 || recipientOf(message) !== user.name) continue;
      message.unseen = true;
      waiting = true;
    }
    if (waiting) this.#unseen.add(connection.openedAt, this.#world.at + this.#lag);
    // The server may find it dead at any time.
    if (!connection.closed) this.series.closed.add(this.#world.at, Number.POSITIVE_INFINITY, false);
  }

  /** `stored` may have been told on a connection whose end was not seen. */
  #hideReceipts(message: Message, { openedAt }: Connection): void {
    message.unseenReceipts = true;
    // Nobody is told `stored` of what was refused, or after `delivered`.
    if (message.told !== undefined || !message.tries.some(mayBeStored)) return;
    const { at, ends } = this.#world;
    if (message.storedLife !== ends.length) this.series.stored.add(openedAt, at + this.#lag, false);
  }

  /** At the end: what may have been counted, or must have been, although no packet tells. */
  close(): void {
    for (const message of this.#world.messages.unsettled()) {
      const first = message.tries.find(mayBeStored);
      if (first === undefined) continue;
      if (message.promisedLine < 0) this.series.accepted.add(first.at, Number.POSITIVE_INFINITY, false);
      if (message.ackedBy.length > 0 || message.told !== undefined) continue;
      const [ack] = message.acks;
      const most = (this.#world.at - first.at) / 1000;
      if (ack !== undefined) this.series.delivered.add(ack.at, Number.POSITIVE_INFINITY, false, 0, most);
      const lifetime = lifetimeOf(this.#world, message);
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
