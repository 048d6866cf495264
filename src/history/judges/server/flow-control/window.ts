import { CLOSE, type HistoryEventOf, type MsgN, type RequirementId } from '../../../../../schemas/index.js';
import { boundsBegin, type Connection, type Device } from '../../../facts/connection.js';
import type { Facts } from '../../../facts/facts.js';
import { describePlace } from '../../../facts/journey.js';
import { aboutOf, type TrackedMessage } from '../../../facts/message.js';
import { ms } from '../../../terms/text.js';
import type { Findings } from '../../findings.js';
import type { Judge, JudgeContext } from '../../judge.js';

/** The places of one connection. */
interface Places {
  /** By serverMsgId: a message that was folded and comes back is another object. */
  readonly taken: Map<string, TrackedMessage>;
  /** When the last full window got a free place; -1 while it was never full. */
  freeSince: number;
}

/** Judges the window of pushes of each connection: IM-4.2-49 to IM-4.2-51. */
export class WindowJudge implements Judge {
  readonly #facts: Facts;
  readonly #findings: Findings;
  readonly #places = new Map<Connection, Places>();
  /** Devices that were cut off because they did not read, and when. */
  readonly #slow = new Map<Device, number>();

  constructor({ facts, findings }: JudgeContext) {
    this.#facts = facts;
    this.#findings = findings;
  }

  onPushed(connection: Connection, message: TrackedMessage, { serverMsgId }: MsgN): void {
    const { maxInFlight } = this.#facts.limits;
    if (maxInFlight === undefined || this.#isAcked(connection, message)) return;
    const places = this.#placesOf(connection);
    if (places.taken.has(serverMsgId)) return;
    this.#judgeTurn(connection, message, places);
    places.taken.set(serverMsgId, message);
    if (places.taken.size === maxInFlight) places.freeSince = Number.POSITIVE_INFINITY;
    if (places.taken.size > maxInFlight) this.#judgeWindow(connection, message, places, maxInFlight);
    else this.#findings.exercise('IM-4.2-49');
  }

  /** Seen from outside a place is free when the ack:R was sent. */
  #isAcked(connection: Connection, message: TrackedMessage): boolean {
    const { policies } = this.#facts;
    return message.acks.some((ack) => policies.sharesQueue(ack.device, connection.device));
  }

  #judgeWindow(connection: Connection, message: TrackedMessage, places: Places, limit: number): void {
    const facts = this.#facts;
    // What may have expired may have given its place back.
    for (const [id, other] of places.taken) {
      const lifetime = facts.policies.lifetimeOf(other);
      if (lifetime !== undefined && facts.at >= lifetime.from) places.taken.delete(id);
    }
    if (places.taken.size <= limit) return;
    this.#findings.report({
      requirement: 'IM-4.2-49',
      message: `more messages were pushed to ${connection.client} than it may have un-acked`,
      expected: `at most ${limit} (maxInFlight) pushed and not acked on connection ${connection.number}`,
      seen: `${places.taken.size} with ${message.msgId}`,
      where: describePlace(connection),
      events: [facts.line],
      about: undefined,
    });
  }

  /** A message that waited while the window was full must come soon after a place was free. */
  #judgeTurn(connection: Connection, message: TrackedMessage, places: Places): void {
    const facts = this.#facts;
    const { freeSince } = places;
    if (freeSince < 0 || freeSince === Number.POSITIVE_INFINITY) return;
    if (message.promisedLine < 0 || message.promisedAt > freeSince || message.spoiled) return;
    const since = Math.max(freeSince, connection.lastNewPushAt, connection.openedAt, boundsBegin(connection));
    const waited = facts.awakeBetween(since, facts.at);
    if (waited <= facts.boundSince(since) || connection.excused) {
      this.#findings.exercise('IM-4.2-50');
      return;
    }
    this.#findings.report({
      requirement: 'IM-4.2-50',
      message: `${message.msgId} waited although there was room on the connection of ${connection.client}`,
      expected: `msg:N within ${ms(facts.boundSince(since))} after an ack made room`,
      seen: `msg:N ${ms(waited)} after it`,
      late: true,
      events: [message.promisedLine, facts.line],
      about: aboutOf(message),
    });
  }

  onAckSent(connection: Connection, _: TrackedMessage, serverMsgId: string): void {
    if (this.#facts.limits.maxInFlight === undefined) return;
    const { policies, at } = this.#facts;
    for (const other of connection.device.user.connections) {
      if (!policies.sharesQueue(other.device, connection.device)) continue;
      const places = this.#places.get(other);
      if (places?.taken.delete(serverMsgId) && places.freeSince === Number.POSITIVE_INFINITY) places.freeSince = at;
    }
  }

  /** Whether the server ended a connection of a client that did not read. */
  onClosing(connection: Connection, { by, how, code }: HistoryEventOf<'closed'>): void {
    const { killing, stopping, line } = this.#facts;
    if (by !== 'subject' || killing || stopping || connection.superseded || this.#facts.hasEnded(connection)) return;
    if (!connection.paused && !connection.mayBeCut) return;
    if (how === 'clean' && code !== CLOSE.tooSlow) return;
    this.#findings.exercise('IM-4.2-51');
    this.#slow.set(connection.device, line);
  }

  /** A message that was lost because the window had been full, or because its device had been cut off after its msg:A. */
  ruleOfLoss(message: TrackedMessage, connection: Connection): RequirementId | undefined {
    if (message.pushes.some((push) => push.serial === connection.serial)) return undefined;
    if ((this.#places.get(connection)?.freeSince ?? -1) >= 0) return 'IM-4.2-50';
    return (this.#slow.get(connection.device) ?? -1) > message.promisedLine ? 'IM-4.2-51' : undefined;
  }

  onClosed(connection: Connection): void {
    this.#places.delete(connection);
  }

  #placesOf(connection: Connection): Places {
    const known = this.#places.get(connection);
    if (known !== undefined) return known;
    const places: Places = { taken: new Map(), freeSince: -1 };
    this.#places.set(connection, places);
    return places;
  }
}
