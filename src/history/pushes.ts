import type { HistoryEventOf, MsgN, RequirementId } from '../../schemas/index.js';
import { aboutOf, isSentTo, type Mark, type Message, mayBeStored, variantsPushed } from './message.js';
import { learnSid } from './server-ids.js';
import { describeAck, describeStages } from './where.js';
import { type Connection, ms, type World } from './world.js';

/** A msg:N arrived: of a sent message, to its recipient, unchanged, and not after its ack:A. */
export const onPush = (world: World, connection: Connection, packet: MsgN): void => {
  const sender = world.users.get(packet.from);
  const message = sender === undefined ? undefined : world.messages.find(sender, packet.msgId);
  world.tally?.pushed(connection, message);
  if (message === undefined) {
    judgeUnknown(world, connection, packet);
    return;
  }
  const { book } = world;
  const user = connection.device.user;
  book.exercise('IM-4.2-27');
  book.exercise('IM-1-9');
  if (!isSentTo(message, user.name)) {
    report(world, message, 'IM-4.2-26', {
      message: `${message.msgId} was pushed to ${user.name}, who is not its recipient`,
      expected: `a push to ${message.variants[0]?.to} only`,
      seen: `msg:N to ${packet.to} on a connection of ${user.name}`,
    });
    return;
  }
  book.exercise('IM-4.2-26');
  judgeContent(world, connection, message, packet);
  judgeRecord(world, message);
  learnSid(world, message, packet.serverMsgId, 'msg:N');
  judgeAfterAck(world, connection, message);
  world.order?.pushed(connection, message, packet);
  world.expiry?.pushed(connection, message, packet);
  world.flow?.pushed(connection, message, packet.serverMsgId);
  countPush(world, connection, message);
  message.evidenceLine = Math.min(message.evidenceLine, world.line);
};

/** Nobody sent it under that name: a wrong `from`, or an invention. */
const judgeUnknown = (world: World, connection: Connection, packet: MsgN): void => {
  // A frame that cannot be read may have been this message.
  if (world.forgetful || hasWildFrames(world, packet.from)) return;
  const user = connection.device.user.name;
  const senders = world.userList.filter((other) => {
    const candidate = world.messages.find(other, packet.msgId);
    return candidate !== undefined && variantsPushed(candidate, user, packet.body).length > 0;
  });
  const [sender] = senders;
  world.book.report({
    requirement: sender === undefined ? 'IM-4.2-27' : 'IM-1-9',
    message:
      sender === undefined
        ? `a message ${packet.msgId} was pushed to ${user} that ${packet.from} never sent`
        : `${packet.msgId} was pushed with a wrong from`,
    expected: sender === undefined ? 'only messages that were sent' : `from ${sender.name}`,
    seen: `msg:N ${packet.msgId} from ${packet.from} to ${packet.to}`,
    events: [world.line],
    about: { from: sender?.name ?? packet.from, msgId: packet.msgId },
  });
};

const hasWildFrames = (world: World, user: string): boolean => {
  for (const connection of world.connections.values()) {
    if (connection.raw?.wild && connection.device.user.name === user) return true;
  }
  return false;
};

const judgeContent = (world: World, connection: Connection, message: Message, packet: MsgN): void => {
  const { book } = world;
  const user = connection.device.user.name;
  if (packet.to !== user) {
    report(world, message, 'IM-2-9', {
      message: `a msg:N of ${message.msgId} carries another to than its message`,
      expected: `to ${user}`,
      seen: `to ${packet.to}`,
    });
  }
  const fits = variantsPushed(message, user, packet.body);
  if (fits.length === 0) {
    report(world, message, 'IM-2-10', {
      message: `the body of ${message.msgId} was changed on its way`,
      expected: `the body as sent: ${quote(message.variants[0]?.body)}`,
      seen: `the body ${quote(packet.body)}`,
    });
  } else if (message.stored >= 0 && !fits.includes(message.stored)) {
    report(world, message, 'IM-4.2-3', {
      message: `${message.msgId} was pushed with the content of a msg:R that conflicts with it`,
      expected: `the content that was accepted: ${quote(message.variants[message.stored]?.body)}`,
      seen: quote(packet.body),
    });
  } else {
    book.exercise('IM-2-10');
    if (message.stored < 0 && fits.length === 1) message.stored = fits[0] as number;
  }
  if (message.acceptedAt === undefined || message.acceptedAt === packet.acceptedAt) {
    book.exercise('IM-2-9');
    message.acceptedAt = packet.acceptedAt;
    world.serverTime ??= packet.acceptedAt;
  } else {
    report(world, message, 'IM-2-9', {
      message: `acceptedAt of ${message.msgId} differs between two pushes`,
      expected: `acceptedAt ${message.acceptedAt}`,
      seen: `acceptedAt ${packet.acceptedAt}`,
    });
  }
};

/** A push of a message of which every msg:R was refused. */
const judgeRecord = (world: World, message: Message): void => {
  if (message.tries.some(mayBeStored) || world.forgetful) return;
  report(world, message, 'IM-4.2-5', {
    message: `${message.msgId} was refused and is pushed nevertheless`,
    expected: 'no push of a message that was refused',
    seen: 'msg:N',
  });
};

/** After ack:A nothing may be pushed: on that connection, and on those that began after it was received. */
const judgeAfterAck = (world: World, connection: Connection, message: Message): void => {
  const mark = message.ackedBy.find((ack) => isAfter(connection, ack));
  if (mark === undefined || world.forgetful) return;
  const end = world.endBetween(mark.line, world.line);
  report(world, message, end === undefined ? 'IM-3-5' : end.kind === 'killed' ? 'IM-3-6' : 'IM-4.2-29', {
    message: `${message.msgId} was pushed again after its ack:A`,
    expected: `no msg:N to ${connection.client} after its ${describeAck(message, mark)}`,
    seen: `msg:N at ${ms(world.at)}${end === undefined ? '' : `, after the server was ${end.kind}`}`,
    where: `${describeStages(message)}, pushed again at ${ms(world.at)}`,
    events: [mark.line, world.line],
  });
};

const isAfter = (connection: Connection, mark: Mark): boolean =>
  mark.device === connection.device && (connection.serial === mark.serial || connection.serial > mark.openings);

/** Notes the push, and counts what brought it. */
const countPush = (world: World, connection: Connection, message: Message): void => {
  const { book } = world;
  const last = message.tries[message.tries.length - 1];
  const first = message.tries[0];
  const mark = message.pushes.find((push) => push.serial === connection.serial);
  if (message.from === connection.device.user) book.exercise('IM-2-18');
  if (mark !== undefined) {
    const resent = last !== undefined && last.line > mark.line;
    mark.unasked = resent ? 0 : mark.unasked + 1;
    if (resent) book.exercise('IM-4.2-9');
    else book.exercise('IM-4.2-10');
    if (mark.unasked > 1) book.exercise('IM-4.2-11');
    mark.at = world.at;
    mark.line = world.line;
    return;
  }
  const { device, serial } = connection;
  message.pushes.push({ device, serial, at: world.at, line: world.line, unasked: 0 });
  connection.lastNewPushAt = world.at;
  if (first === undefined || last === undefined) return;
  const promised = message.promisedLine >= 0 ? message.promisedLine : world.line;
  if (promised < connection.openingLine) book.exercise('IM-4.2-8');
  else if (connection.openedLine < first.line) book.exercise('IM-4.2-7');
  else book.exercise('IM-4.2-19');
  if (last.line > promised && last.line > connection.openedLine) book.exercise('IM-4.2-9');
};

/** The application got the message: once for each device. */
export const onHanded = (world: World, connection: Connection, event: HistoryEventOf<'handed'>): void => {
  const sender = world.users.get(event.from);
  const message = sender === undefined ? undefined : world.messages.find(sender, event.msgId);
  if (message === undefined) return;
  const before = message.handed.find((entry) => entry.device === connection.device);
  if (before === undefined) {
    message.handed.push({ device: connection.device, at: world.at, line: world.line, times: 1 });
    return;
  }
  before.times += 1;
  const about = { from: event.from, msgId: event.msgId };
  const cause = world.book.lastAbout(about);
  const doubled = `the application of ${event.client} got it ${before.times} times`;
  if (cause === undefined) {
    world.book.leaveOpen(
      'handed-over-unexplained',
      `${doubled} (${event.msgId}), and no packet of the server explains it`,
    );
    return;
  }
  cause.where = `${cause.where.replace(/; the application of .*$/, '')}; ${doubled}`;
  cause.events.push(world.line);
};

const report = (
  world: World,
  message: Message,
  requirement: RequirementId,
  finding: { message: string; expected: string; seen: string; where?: string; events?: number[] },
): void => {
  world.book.report({
    requirement,
    events: [message.tries[0]?.line, world.line].filter((line) => line !== undefined),
    ...finding,
    about: aboutOf(message),
  });
};

/** A body for people: short, with what cannot be seen written as escapes. */
const quote = (body: string | undefined): string => {
  if (body === undefined) return '(known by its hash only)';
  const text = JSON.stringify(body.slice(0, 60)).replace(
    /[^\x20-\x7e]/gu,
    (character) => `\\u{${(character.codePointAt(0) as number).toString(16)}}`,
  );
  return body.length > 60 ? `${text}… (${body.length} UTF-16 units)` : text;
};
