import { lifetimeOf } from './lifetime.js';
import { aboutOf, type Message, recipientOf } from './message.js';
import { describePlace } from './where.js';
import { type Connection, type Device, ms, type World } from './world.js';

/** The places of one connection. */
interface Places {
  /** By serverMsgId: a message that was folded and comes back is another object. */
  readonly taken: Map<string, Message>;
  /** When the last full window got a free place; -1 while it was never full. */
  freeSince: number;
}

/** Class `flow-control`: the window of pushes of each connection, and the limit of each inbox. */
export class FlowControl {
  readonly #world: World;
  readonly #places = new Map<Connection, Places>();
  /** Messages of each recipient that were accepted and that nobody has acked. */
  readonly #inboxes = new Map<string, Set<Message>>();
  /** Line at which the inbox of a recipient was full for the last time. */
  readonly #fullLine = new Map<string, number>();
  /** Devices that were cut off because they did not read, and when. */
  readonly #slow = new Map<Device, number>();

  constructor(world: World) {
    this.#world = world;
  }

  /** A msg:N of a known message arrived; it is not among the pushes of the message yet. */
  pushed(connection: Connection, message: Message, serverMsgId: string): void {
    const { maxInFlight } = this.#world.limits;
    if (maxInFlight === undefined || this.#isAcked(connection, message)) return;
    const places = this.#placesOf(connection);
    if (places.taken.has(serverMsgId)) return;
    this.#judgeTurn(connection, message, places);
    places.taken.set(serverMsgId, message);
    if (places.taken.size === maxInFlight) places.freeSince = Number.POSITIVE_INFINITY;
    if (places.taken.size > maxInFlight) this.#judgeWindow(connection, message, places, maxInFlight);
    else this.#world.book.exercise('IM-4.2-49');
  }

  /** Seen from outside a place is free when the ack:R was sent. */
  #isAcked(connection: Connection, message: Message): boolean {
    const { devicesApart } = this.#world;
    return message.acks.some((ack) => devicesApart === undefined || ack.device === connection.device);
  }

  #judgeWindow(connection: Connection, message: Message, places: Places, limit: number): void {
    const world = this.#world;
    // What may have expired may have given its place back.
    for (const [id, other] of places.taken) {
      const lifetime = lifetimeOf(world, other);
      if (lifetime !== undefined && world.at >= lifetime.from) places.taken.delete(id);
    }
    if (places.taken.size <= limit) return;
    world.book.report({
      requirement: 'IM-4.2-49',
      message: `more messages were pushed to ${connection.client} than it may have un-acked`,
      expected: `at most ${limit} (maxInFlight) pushed and not acked on connection ${connection.number}`,
      seen: `${places.taken.size} with ${message.msgId}`,
      where: describePlace(connection),
      events: [world.line],
      about: undefined,
    });
  }

  /** A message that waited while the window was full must come soon after a place was free. */
  #judgeTurn(connection: Connection, message: Message, places: Places): void {
    const world = this.#world;
    const { freeSince } = places;
    if (freeSince < 0 || freeSince === Number.POSITIVE_INFINITY) return;
    if (message.promisedLine < 0 || message.promisedAt > freeSince || message.spoiled) return;
    const since = Math.max(freeSince, connection.lastNewPushAt, connection.openedAt, connection.readingSince);
    const waited = world.awakeBetween(since, world.at);
    if (waited <= world.boundMs || connection.excused) {
      world.book.exercise('IM-4.2-50');
      return;
    }
    world.book.report({
      requirement: 'IM-4.2-50',
      message: `${message.msgId} waited although there was room on the connection of ${connection.client}`,
      expected: `msg:N within ${ms(world.boundMs)} after an ack made room`,
      seen: `msg:N ${ms(waited)} after it`,
      late: true,
      events: [message.promisedLine, world.line],
      about: aboutOf(message),
    });
  }

  /** The recipient has sent an ack:R. */
  acking(connection: Connection, message: Message, serverMsgId: string): void {
    this.#inboxes.get(recipientOf(message))?.delete(message);
    if (this.#world.limits.maxInFlight === undefined) return;
    const { devicesApart, at } = this.#world;
    for (const other of connection.device.user.connections) {
      if (devicesApart !== undefined && other.device !== connection.device) continue;
      const places = this.#places.get(other);
      if (places?.taken.delete(serverMsgId) && places.freeSince === Number.POSITIVE_INFINITY) places.freeSince = at;
    }
  }

  /** The message was answered `accepted` or `duplicate` for the first time. */
  promised(message: Message, isNew: boolean): void {
    const { maxInboxMessages } = this.#world.limits;
    if (maxInboxMessages === undefined || this.#world.forgetful || message.acks.length > 0) return;
    const user = recipientOf(message);
    const inbox = this.#inboxes.get(user) ?? new Set();
    this.#inboxes.set(user, inbox);
    inbox.add(message);
    if (inbox.size > maxInboxMessages) this.#leaveOutExpired(inbox);
    if (inbox.size >= maxInboxMessages) this.#fullLine.set(user, this.#world.line);
    if (inbox.size <= maxInboxMessages || !isNew) return;
    this.#world.book.report({
      requirement: 'IM-4.2-53',
      message: `${message.msgId} was accepted although the inbox of ${user} was full`,
      expected: `msg:A rejected inbox-full: the inbox holds ${maxInboxMessages} messages (maxInboxMessages)`,
      seen: `msg:A accepted; with it ${inbox.size} messages for ${user} are accepted and not acked`,
      events: [message.tries[0]?.line ?? this.#world.line, this.#world.line],
      about: aboutOf(message),
    });
  }

  #leaveOutExpired(inbox: Set<Message>): void {
    for (const message of inbox) {
      const lifetime = lifetimeOf(this.#world, message);
      if (message.expired || (lifetime !== undefined && this.#world.at >= lifetime.from)) inbox.delete(message);
    }
  }

  isFull(user: string): boolean {
    const { maxInboxMessages } = this.#world.limits;
    const size = this.#inboxes.get(user)?.size ?? 0;
    return maxInboxMessages !== undefined && size >= maxInboxMessages;
  }

  /** Whether the inbox of the recipient was full after the message had come into it. */
  sawFull(message: Message): boolean {
    return message.promisedLine >= 0 && (this.#fullLine.get(recipientOf(message)) ?? -1) >= message.promisedLine;
  }

  /** Whether the window of the connection was ever full. */
  hadFullWindow(connection: Connection): boolean {
    return (this.#places.get(connection)?.freeSince ?? -1) >= 0;
  }

  /** The server ended a connection of a client that did not read. */
  cutOff(connection: Connection): void {
    this.#world.book.exercise('IM-4.2-51');
    this.#slow.set(connection.device, this.#world.line);
  }

  /** Whether the device was cut off after the message had been accepted. */
  wasCutOff(message: Message, device: Device): boolean {
    return (this.#slow.get(device) ?? -1) > message.promisedLine;
  }

  closed(connection: Connection): void {
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
