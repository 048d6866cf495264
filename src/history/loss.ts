import type { RequirementId } from '../../schemas/index.js';
import { lifetimeOf } from './lifetime.js';
import { aboutOf, type Message, recipientOf, type Try } from './message.js';
import { countOutcome } from './settle.js';
import { describeDevice, describeWhere } from './where.js';
import { type Connection, isReachable, ms, type User, type World } from './world.js';

/** Judged when settling has ended: every message that was promised has reached its receiver. */
export const judgeLoss = (world: World, complete: boolean): void => {
  world.settledAt = world.at;
  const findingsBefore = world.book.findings.length;
  const openBefore = world.book.undecided.length;
  for (const message of world.messages.unsettled()) {
    countOutcome(world, message);
    judgeMessage(world, message, complete);
  }
  countKeptAcks(world);
  world.expiry?.count();
  const explained = world.book.findings.length > 0 || findingsBefore > 0 || world.book.undecided.length > openBefore;
  if (!complete && !explained) {
    world.book.leaveOpen('not-settled', 'settling did not complete, and no message explains why');
  }
};

const judgeMessage = (world: World, message: Message, complete: boolean): void => {
  if (message.promisedLine < 0 || message.spoiled || world.forgetful) return;
  const settled = message.acks.length > 0 || message.told !== undefined;
  if (world.devicesApart === undefined ? settled : message.told !== undefined && message.acks.length === 0) return;
  if (message.expired || isPastItsEnd(world, message)) return;
  const recipient = world.users.get(recipientOf(message));
  if (recipient === undefined) return;
  const open = [...recipient.connections].filter((one) => isReachable(one) && isOwed(world, message, one));
  // Whoever never came back could not be reached: nothing is said of messages for it.
  if (open.length === 0) return;
  let watchedTooShort = false;
  for (const connection of open) {
    const due = dueSince(message, connection);
    if (due === undefined) continue;
    const quiet = Math.max(due.at, connection.lastNewPushAt);
    if (world.awakeBetween(quiet, world.at) >= world.timers.answerWithinMs + world.patienceMs / 2) {
      reportLoss(world, message, recipient, connection, due);
      return;
    }
    watchedTooShort = true;
  }
  if (watchedTooShort) {
    world.book.leaveOpen(
      'watched-too-short',
      `${message.msgId} did not reach ${recipient.name}, who was not watched for long enough`,
    );
  } else if (!complete) {
    world.book.leaveOpen('never-acked', `${message.msgId} was pushed to ${recipient.name} and never acked by the kit`);
  }
};

/** Its lifetime may have ended: then nothing is owed any more. */
const isPastItsEnd = (world: World, message: Message): boolean => {
  const lifetime = lifetimeOf(world, message);
  return lifetime !== undefined && (world.clockMoved || world.at >= lifetime.from);
};

/** With class `multi-device` each device is owed the message for itself. */
const isOwed = (world: World, message: Message, { device }: Connection): boolean => {
  if (world.devicesApart === undefined) return true;
  return world.devicesApart.owes(message, device) && !message.acks.some((ack) => ack.device === device);
};

interface Due {
  at: number;
  line: number;
  why: string;
}

/** Since when a push on this connection is due that has not come; undefined if none is. */
const dueSince = (message: Message, connection: Connection): Due | undefined => {
  const push = message.pushes.find((mark) => mark.serial === connection.serial);
  if (push === undefined) {
    const accepted = message.promisedAt >= connection.openedAt;
    return accepted
      ? { at: message.promisedAt, line: message.promisedLine, why: 'accepted while the receiver was connected' }
      : { at: connection.openedAt, line: connection.openedLine, why: 'the receiver connected' };
  }
  // Once another device has acked, a re-sending need not bring a push.
  if (message.acks.length > 0) return undefined;
  const asked = message.tries.find(
    (attempt: Try) => attempt.line > push.line && (attempt.answer === 'duplicate' || attempt.answer === 'accepted'),
  );
  return asked === undefined
    ? undefined
    : { at: asked.answeredAt, line: asked.answeredLine, why: 'the msg:R was sent again' };
};

const reportLoss = (world: World, message: Message, recipient: User, connection: Connection, due: Due): void => {
  const end = world.ends.findLast((candidate) => candidate.after > message.promisedLine);
  const promise =
    end === undefined || end.kind === 'exited' ? 'IM-3-1' : end.kind === 'killed' ? 'IM-3-2' : 'IM-4.2-29';
  const requirement = requirementOf(world, message, connection) ?? promise;
  const receiver = describeDevice(connection.device);
  const pushed = message.pushes.some((push) => push.device === connection.device);
  const again = connection.device.serials.length > 1 ? 'reconnected' : 'was connected';
  const after = end === undefined ? '' : ` after the server was ${end.kind} at ${ms(end.at)}`;
  world.book.report({
    requirement,
    message: `${message.msgId} from ${message.from.name} to ${recipient.name} was accepted and lost`,
    expected: `msg:N on the connection of ${connection.client} by ${ms(due.at + world.timers.answerWithinMs)}`,
    seen: `no msg:N there until ${ms(world.at)}${after}`,
    where: describeWhere(message, {
      missing: pushed ? `not pushed again to ${receiver}` : `never pushed to ${receiver}`,
      watched: `who ${again} at ${ms(connection.openedAt)} and was watched until ${ms(world.at)}`,
      due: `due since ${ms(due.at)}: ${due.why}${after === '' ? '' : `;${after}`}`,
    }),
    events: [...new Set([message.promisedLine, ...(end === undefined ? [] : [end.line]), due.line, world.line])].sort(
      (a, b) => a - b,
    ),
    about: aboutOf(message),
  });
};

/** Judged when settling has ended, while the bounds still count: acks of which the sender was told nothing. */
export const judgeReceipts = (world: World): void => {
  for (const message of world.messages.unsettled()) judgeUntold(world, message);
};

/** The rule of a claimed class that such a loss breaks, if it is one. */
const requirementOf = (world: World, message: Message, connection: Connection): RequirementId | undefined => {
  const { device, serial } = connection;
  const elsewhere = message.acks.length > 0 || message.pushes.some((push) => push.device !== device);
  if (world.devicesApart !== undefined && elsewhere) {
    return device.firstOpenLine > message.promisedLine ? 'IM-4.2-46' : 'IM-4.2-45';
  }
  if (world.flow === undefined || message.pushes.some((push) => push.serial === serial)) return undefined;
  if (world.flow.hadFullWindow(connection)) return 'IM-4.2-50';
  if (world.flow.wasCutOff(message, device)) return 'IM-4.2-51';
  return world.flow.sawFull(message) ? 'IM-4.2-54' : undefined;
};

/** An acked message of which the sender was told nothing, on a connection that has sent it and stayed open. */
const judgeUntold = (world: World, message: Message): void => {
  const ack = message.ackedBy[0];
  if (ack === undefined || message.told !== undefined || message.spoiled || message.promisedLine < 0) return;
  // With several devices this is a debt to each of them.
  if (world.devicesApart !== undefined) return;
  for (const attempt of message.tries) {
    const { connection } = attempt;
    if (connection === undefined || attempt.raw || attempt.line > ack.line) continue;
    if (attempt.answer !== 'accepted' && attempt.answer !== 'duplicate') continue;
    if (!isReachable(connection) || connection.excused) continue;
    const waited = world.awakeBetween(ack.at, world.at);
    if (waited <= world.boundMs) continue;
    world.book.report({
      requirement: message.expired ? 'IM-4.2-43' : 'IM-4.2-16',
      message: `${message.from.name} was never told that ${message.msgId} was delivered`,
      expected: `ack:N delivered within ${ms(world.boundMs)} of the ack`,
      seen: `no ack:N delivered for ${ms(waited)} on the connection that sent the msg:R`,
      where: describeWhere(message, {
        missing: 'never reported as delivered',
        watched: `${connection.client} was watched until ${ms(world.at)}`,
        due: `due by ${ms(ack.at + world.boundMs)}`,
      }),
      late: true,
      events: [ack.line],
      about: aboutOf(message),
    });
    return;
  }
};

/** Acks that were answered before the server ended, of devices that came back after it: none was forgotten. */
const countKeptAcks = (world: World): void => {
  for (const end of world.ends) {
    if (end.kind === 'exited' || world.forgetful) continue;
    const returned = world.devices.map((device) => (device.serials.at(-1) ?? 0) > end.openings);
    let kept = 0;
    for (let slot = 0; slot < world.messages.store.size; slot += 1) {
      const entry = world.messages.store.read(slot);
      if (entry.openingsAtAck <= end.openings && returned[entry.ackDevice] === true) kept += 1;
    }
    for (const message of world.messages.unsettled()) {
      const mark = message.slot < 0 ? message.ackedBy[0] : undefined;
      if (mark !== undefined && mark.line < end.after && returned[mark.device.number] === true) kept += 1;
    }
    if (kept > 0) world.book.exercise(end.kind === 'killed' ? 'IM-3-6' : 'IM-4.2-29', kept);
  }
};
