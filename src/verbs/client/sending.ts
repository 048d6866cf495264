import { KitError } from '../../errors.js';
import type { Actor } from '../../play/clients/actor.js';
import type { Link } from '../../play/clients/link.js';
import { type Message, newMessage } from '../../play/clients/sent-messages.js';
import type { Stage } from '../../play/stage.js';
import { recordFault, recordUnreached, type StepPlace } from '../../play/step-outcome.js';
import { nextTurn } from '../../play/waits.js';
import { durationMs } from '../../script/durations.js';
import { expandLabels } from '../../script/labels.js';
import { bodyText } from './bodies.js';
import { type Action, type Perform, requireOpen } from './perform.js';
import { sealFor } from './sealed.js';
import { fillUsers } from './write-frame.js';

const messageOf = (stage: Stage, actor: Actor, action: Action<'sends'>, label: string): Message => {
  const recipient = stage.actors.get(action.to);
  if (!recipient) throw new KitError('usage', `"${label}" goes to "${action.to}", which is no client`, 'Correct `to`.');
  const original = action.sameIdAs === undefined ? undefined : stage.book.get(action.sameIdAs);
  const { ttlMs } = action;
  return newMessage({
    label,
    client: actor.name,
    fromUser: actor.user,
    toUser: recipient.user,
    toClient: recipient.name,
    msgId: original?.msgId ?? action.msgId ?? stage.nextMsgId(),
    body: bodyText(action.body, label, stage.options.description),
    ...(ttlMs === undefined ? {} : { ttlMs: Math.round(durationMs(ttlMs, stage.options.timers)) }),
    fields: fillUsers(stage, action.fields ?? {}),
  });
};

interface Sending {
  times?: number | string;
  lost?: true;
  delayed?: true;
  reordered?: true;
}

/** So much is written in one instant; with more, the event loop turns between, for the other clients. */
const PACKETS_AT_ONCE = 500;
const CHARACTERS_AT_ONCE = 2_000_000;

/** Writes one packet for each label, with what the network does to it. */
const sendAll = async (
  stage: Stage,
  actor: Actor,
  place: StepPlace,
  labels: string[],
  packet: 'msg:R' | 'ack:R',
  how: Sending,
  /** Tells how many characters the body has. */
  write: (label: string) => number,
): Promise<void> => {
  const times = Number(how.times ?? 1);
  const order = how.reordered ? [...labels].reverse() : labels;
  const aim = (message: string) => ({ client: actor.name, packet, message });
  if (how.reordered) recordFault(stage, place, 'reorder', labels.length > 1, { client: actor.name, packet });
  let packets = 0;
  let characters = 0;
  for (const label of order) {
    if (packets >= PACKETS_AT_ONCE || characters >= CHARACTERS_AT_ONCE) {
      await nextTurn();
      packets = 0;
      characters = 0;
    }
    packets += times;
    if (how.lost) recordFault(stage, place, 'drop', true, aim(label));
    else if (how.delayed) {
      stage.hold(`${packet} ${label}`, () => {
        recordFault(stage, place, 'delay', true, aim(label));
        write(label);
      });
    } else {
      for (let i = 0; i < times; i++) characters += write(label);
      if (times > 1) recordFault(stage, place, 'duplicate', true, aim(label));
    }
  }
};

/** Goes on when half of a portion is answered, so that the server always has something to do. */
const inPortions = async (
  stage: Stage,
  labels: string[],
  unanswered: number,
  send: (part: string[]) => Promise<void>,
): Promise<void> => {
  const portion = Math.ceil(unanswered / 2);
  for (let i = 0; i < labels.length; i += portion) {
    await send(labels.slice(i, i + portion));
    const before = i === 0 ? undefined : stage.book.get(labels[i - 1] as string);
    // Whoever waits for the answers later tells what was wrong with them.
    const answered = () => before === undefined || before.answer !== undefined;
    await stage.waits.until(answered, stage.bound(stage.options.timers.answerWithinMs));
  }
};

const transmit = (actor: Actor, link: Link, message: Message): number => {
  actor.transmit(link, message);
  return message.body.length;
};

export const sends: Perform<'sends'> = async (stage, actor, action, place) => {
  const link = actor.linkOf(action.connection);
  if (!requireOpen(stage, actor, link, place)) return false;
  const { body } = action;
  if (typeof body === 'object' && 'jwe' in body) return sendsSealed(stage, actor, action, body.jwe, place);
  return sendsNow(stage, actor, link, action, place);
};

/** Only what must be encrypted first waits: a step that sends is otherwise done in the same instant. */
const sendsSealed = async (
  stage: Stage,
  actor: Actor,
  action: Action<'sends'>,
  text: string,
  place: StepPlace,
): Promise<boolean> => {
  const body = await sealFor(stage, action.to, text);
  const link = actor.linkOf(action.connection);
  if (!requireOpen(stage, actor, link, place)) return false;
  return sendsNow(stage, actor, link, { ...action, body }, place);
};

const sendsNow = async (
  stage: Stage,
  actor: Actor,
  link: Link,
  action: Action<'sends'>,
  place: StepPlace,
): Promise<boolean> => {
  const known = new Set<string>();
  const messageFor = (label: string): Message => {
    if (known.has(label)) return stage.book.get(label);
    const message = messageOf(stage, actor, action, label);
    known.add(label);
    stage.book.add(message);
    return message;
  };
  const labels = expandLabels(action.sends);
  // What the network loses or holds back was sent all the same.
  if (action.lost || action.delayed) labels.forEach(messageFor);
  const send = (part: string[]) =>
    sendAll(stage, actor, place, part, 'msg:R', action, (label) => transmit(actor, link, messageFor(label)));
  if (action.unanswered === undefined) await send(labels);
  else await inPortions(stage, labels, action.unanswered, send);
  return true;
};

export const resends: Perform<'resends'> = async (stage, actor, action, place) => {
  const link = actor.linkOf(action.connection);
  if (!requireOpen(stage, actor, link, place)) return false;
  await sendAll(stage, actor, place, expandLabels(action.resends), 'msg:R', action, (label) =>
    transmit(actor, link, stage.book.get(label)),
  );
  return true;
};

export const acks: Perform<'acks'> = async (stage, actor, action, place) => {
  const link = actor.linkOf(action.connection);
  if (!requireOpen(stage, actor, link, place)) return false;
  const labels = expandLabels(action.acks);
  const unknown = labels.find((label) => stage.book.get(label).serverMsgId === undefined);
  if (unknown !== undefined)
    return recordUnreached(stage, place, `the serverMsgId of ${unknown} is known`, 'no packet told it');
  await sendAll(stage, actor, place, labels, 'ack:R', action, (label) => {
    actor.ack(link, stage.book.get(label).serverMsgId as string, label);
    return 0;
  });
  return true;
};

const ALPHABETS = ['abcdefghijklmnopqrstuvwxyz', 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', '0123456789'];

/** A fresh id of the same length, with a character of the same kind in each place: small, capital, digit, or itself. */
const alike = (stage: Stage, id: string): string => {
  const hexadecimal = /^[0-9a-f-]+$/.test(id);
  return id.replaceAll(/[A-Za-z0-9]/g, (character) => {
    const alphabet = hexadecimal
      ? '0123456789abcdef'
      : (ALPHABETS.find((letters) => letters.includes(character)) as string);
    return alphabet[Math.floor(stage.options.random() * alphabet.length)] as string;
  });
};

/** `{like:m1}`: what a stranger would guess who has seen ids of this server. */
const unknownId = (stage: Stage, text: string): string => {
  const label = /^\{like:([a-z][A-Za-z0-9-]*)\}$/.exec(text)?.[1];
  const model = label === undefined ? undefined : stage.book.find(label)?.serverMsgId;
  return model === undefined ? text : alike(stage, model);
};

export const acksId: Perform<'acksId'> = (stage, actor, action, place) => {
  const link = actor.linkOf(action.connection);
  if (!requireOpen(stage, actor, link, place)) return false;
  actor.ack(link, unknownId(stage, action.acksId), 'unknown');
  return true;
};

export const releases: Perform<'releases'> = (stage, _actor, action, place) => {
  for (const label of expandLabels(action.releases)) {
    if (!stage.release(`msg:R ${label}`) && !stage.release(`ack:R ${label}`)) {
      return recordUnreached(stage, place, `a packet of ${label} was held back`, 'none was');
    }
  }
  return true;
};

export const autoAcks: Perform<'autoAcks'> = (_stage, actor, action) => {
  actor.autoAcks = action.autoAcks;
  const { link } = actor;
  if (!action.autoAcks || link?.state !== 'open') return true;
  actor.resendOwedAcks();
  actor.ackHandedOver(link);
  for (const entry of link.inbox) {
    if (entry.kind === 'packet' && !entry.taken) actor.takePush(link, entry);
  }
  return true;
};
