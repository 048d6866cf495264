import { KitError } from '../errors.js';
import type { Actor } from './actor.js';
import { bodyText } from './bodies.js';
import type { Message } from './book.js';
import { durationMs } from './durations.js';
import { expandLabels } from './labels.js';
import { type Action, type Perform, requireOpen } from './perform.js';
import type { Stage } from './stage.js';
import { recordFault, recordUnreached, type StepPlace } from './step-outcome.js';
import { fillUsers } from './write-frame.js';

const newMessage = (stage: Stage, actor: Actor, action: Action<'sends'>, label: string): Message => {
  const recipient = stage.actors.get(action.to);
  if (!recipient) throw new KitError('usage', `"${label}" goes to "${action.to}", which is no client`, 'Correct `to`.');
  const original = action.sameIdAs === undefined ? undefined : stage.book.get(action.sameIdAs);
  const { ttlMs } = action;
  return {
    label,
    client: actor.name,
    fromUser: actor.user,
    toUser: recipient.user,
    toClient: recipient.name,
    msgId: original?.msgId ?? action.msgId ?? stage.nextMsgId(),
    body: bodyText(action.body, label, stage.options.description),
    ...(ttlMs === undefined ? {} : { ttlMs: Math.round(durationMs(ttlMs, stage.options.timers)) }),
    fields: fillUsers(stage, action.fields ?? {}),
    accepted: false,
    final: false,
    settled: false,
  };
};

interface Sending {
  times?: number | string;
  lost?: true;
  delayed?: true;
  reordered?: true;
}

/** Writes one packet for each label, with what the network does to it. */
const sendAll = (
  stage: Stage,
  actor: Actor,
  place: StepPlace,
  labels: string[],
  packet: 'msg:R' | 'ack:R',
  how: Sending,
  write: (label: string) => void,
): void => {
  const times = Number(how.times ?? 1);
  const order = how.reordered ? [...labels].reverse() : labels;
  const aim = (message: string) => ({ client: actor.name, packet, message });
  if (how.reordered) recordFault(stage, place, 'reorder', labels.length > 1, { client: actor.name, packet });
  for (const label of order) {
    if (how.lost) recordFault(stage, place, 'drop', true, aim(label));
    else if (how.delayed) {
      stage.hold(`${packet} ${label}`, () => {
        recordFault(stage, place, 'delay', true, aim(label));
        write(label);
      });
    } else {
      for (let i = 0; i < times; i++) write(label);
      if (times > 1) recordFault(stage, place, 'duplicate', true, aim(label));
    }
  }
};

export const sends: Perform<'sends'> = (stage, actor, action, place) => {
  const link = actor.linkOf(action.connection);
  if (!requireOpen(stage, actor, link, place)) return false;
  const labels = expandLabels(action.sends);
  for (const label of labels) stage.book.add(newMessage(stage, actor, action, label));
  sendAll(stage, actor, place, labels, 'msg:R', action, (label) => actor.transmit(link, stage.book.get(label)));
  return true;
};

export const resends: Perform<'resends'> = (stage, actor, action, place) => {
  const link = actor.linkOf(action.connection);
  if (!requireOpen(stage, actor, link, place)) return false;
  sendAll(stage, actor, place, expandLabels(action.resends), 'msg:R', action, (label) =>
    actor.transmit(link, stage.book.get(label)),
  );
  return true;
};

export const acks: Perform<'acks'> = (stage, actor, action, place) => {
  const link = actor.linkOf(action.connection);
  if (!requireOpen(stage, actor, link, place)) return false;
  const labels = expandLabels(action.acks);
  const unknown = labels.find((label) => stage.book.get(label).serverMsgId === undefined);
  if (unknown !== undefined)
    return recordUnreached(stage, place, `the serverMsgId of ${unknown} is known`, 'no packet told it');
  sendAll(stage, actor, place, labels, 'ack:R', action, (label) =>
    actor.ack(link, stage.book.get(label).serverMsgId as string, label),
  );
  return true;
};

export const acksId: Perform<'acksId'> = (stage, actor, action, place) => {
  const link = actor.linkOf(action.connection);
  if (!requireOpen(stage, actor, link, place)) return false;
  actor.ack(link, action.acksId, 'unknown');
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
  for (const entry of link.inbox) {
    if (entry.kind === 'packet' && !entry.taken) actor.takePush(link, entry);
  }
  return true;
};
