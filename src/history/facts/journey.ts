import type { VanishPoint } from '../../../schemas/index.js';
import type { MessageKey } from '../terms/judgement.js';
import { ms, type Text, text } from '../terms/text.js';
import type { Connection, Device } from './connection.js';
import type { Facts } from './facts.js';
import { recipientOf, type TrackedMessage } from './message.js';

const RECEIPTS = ['', 'stored', 'expired', 'delivered'] as const;

/** How far a message is known to have come: the stages it reached, in the order of their times. */
export const describeStages = (message: TrackedMessage): Text => {
  if (wasFolded(message)) return text`accepted, handed over and reported as delivered, ${describeAck(message)}`;
  const stages: { at: number; text: string }[] = [];
  const reached = (at: number, text: string, more = '') => stages.push({ at, text: `${text} at ${ms(at)}${more}` });
  const [first] = message.attempts;
  const last = message.attempts.at(-1);
  if (first !== undefined && last !== undefined) {
    reached(first.at, `sent by ${message.from.name}`, times(message.attempts.length, last.at));
    const refused = last.answer === 'refused' || last.answer === 'conflict';
    if (message.promisedAt < 0 && refused) reached(last.answeredAt, 'rejected');
  }
  if (message.promisedAt >= 0) reached(message.promisedAt, 'accepted');
  for (const { rank, at } of message.receipts) if (rank < 3) reached(at, `reported as ${RECEIPTS[rank] ?? ''}`);
  const push = message.pushes.at(-1);
  if (push !== undefined) reached(push.at, `pushed to ${describeDevice(push.device)}`);
  const [handed] = message.handed;
  if (handed !== undefined) reached(handed.at, 'handed over');
  const [ack] = message.acks;
  if (ack !== undefined) reached(ack.at, 'acked', times(message.acks.length, message.acks.at(-1)?.at ?? ack.at));
  const [acked] = message.ackedBy;
  if (acked !== undefined) reached(acked.at, 'ack:A');
  if (message.told !== undefined) reached(message.told.at, 'reported as delivered');
  stages.sort((a, b) => a.at - b.at);
  return stages.map(({ text }) => text).join(', ');
};

const times = (count: number, last: number): string => (count < 2 ? '' : ` (${count} times, last at ${ms(last)})`);

/** Of a message that was folded the exact times are gone; the line of its ack:A is left. */
const wasFolded = (message: TrackedMessage): boolean => message.slot >= 0;

/** When the ack:A came: its line in the history where no more is known. */
export const describeAck = (message: TrackedMessage, mark = message.ackedBy[0]): Text => {
  if (mark === undefined) return 'no ack:A';
  return wasFolded(message) && mark === message.ackedBy[0]
    ? text`ack:A ${{ line: mark.line }}`
    : `ack:A at ${ms(mark.at)}`;
};

/** `connection 2 of bob, open since 6.4 ms`. */
export const describePlace = ({ number, client, openedAt }: Connection): string =>
  `connection ${number} of ${client}, ${Number.isFinite(openedAt) ? `open since ${ms(openedAt)}` : 'not open yet'}`;

/** The user, and which of its devices where it has several. */
export const describeDevice = ({ user, name }: Device): string =>
  user.devices.length > 1 ? `${user.name} on device ${name}` : user.name;

const describePresence = (name: string, connections: readonly Connection[]): string => {
  const open = connections.findLast((one) => !one.closed && Number.isFinite(one.openedAt));
  if (open !== undefined) {
    const how = open.silent ? ', silent' : open.paused ? ', not reading' : '';
    return `${name} connected since ${ms(open.openedAt)}${how}`;
  }
  const left = connections.findLast((one) => Number.isFinite(one.openedAt));
  return left === undefined ? `${name} never connected` : `${name} away since ${ms(left.closedAt)}`;
};

/** Whether the receiver could have been reached, each of its devices, and since when. */
const describeReceiver = (facts: Facts, message: TrackedMessage): string => {
  const name = recipientOf(message);
  if (name === '') return 'for nobody that the kit knows';
  const connections = [...facts.connections.values()].filter((one) => one.device.user.name === name);
  const devices = facts.users.get(name)?.devices ?? [];
  if (devices.length < 2) return describePresence(name, connections);
  return devices
    .map((device) =>
      describePresence(
        describeDevice(device),
        connections.filter((one) => one.device === device),
      ),
    )
    .join(', ');
};

/** The joined view of sender, server and receiver at this moment: how far the message has come, and who is there. */
export const describeJourney = (facts: Facts, about: MessageKey | undefined): Text => {
  if (about === undefined) return 'of a message that was delivered before';
  const user = facts.users.get(about.from);
  const message = user === undefined ? undefined : facts.messages.find(user, about.msgId);
  if (message === undefined || message.attempts.length === 0) return `${about.from} never sent a msg:R of it`;
  return text`${describeStages(message)}; ${describeReceiver(facts, message)}`;
};

/** The last stage that the message is known to have reached: what failures of one cause have in common. */
export const vanishPointOf = (facts: Facts, about: MessageKey): VanishPoint => {
  const user = facts.users.get(about.from);
  const message = user === undefined ? undefined : facts.messages.find(user, about.msgId);
  return message === undefined ? 'unsent' : pointOf(message);
};

const pointOf = (message: TrackedMessage): VanishPoint => {
  const { receipts, acks, handed, pushes, promisedAt, attempts, told } = message;
  if (wasFolded(message) || told !== undefined) return 'told';
  if (receipts.some(({ rank }) => RECEIPTS[rank] === 'expired')) return 'expired';
  if (acks.length > 0) return 'acked';
  if (handed.length > 0) return 'handed-over';
  if (pushes.length > 0) return 'pushed';
  if (promisedAt >= 0) return 'accepted';
  const answer = attempts.at(-1)?.answer;
  if (attempts.length === 0) return 'unsent';
  return answer === 'refused' || answer === 'conflict' ? 'rejected' : 'sent';
};

/** What should have followed the last stage, when it fell due and how long it was watched for. */
export interface Vanished {
  /** The packet that never came, as a verb: `never pushed to bob`. */
  missing: string;
  /** Who could have received it, since when. */
  watched: string;
  /** What fell due when. */
  due: string;
}

/** "accepted at 12 ms, never pushed to bob, who reconnected at 40 ms and was watched until 1,040 ms". */
export const describeVanishing = (message: TrackedMessage, vanished: Vanished): Text =>
  text`${describeStages(message)}, ${vanished.missing}, ${vanished.watched}${vanished.due === '' ? '' : ` (${vanished.due})`}`;
