import { type Static, Type } from '@sinclair/typebox';
import {
  bodyText as bodySpec,
  clientName,
  count,
  duration,
  label,
  messages,
  which,
} from '../../../schemas/script-values.js';
import { KitError } from '../../errors.js';
import type { Actor } from '../../play/clients/actor.js';
import type { Link } from '../../play/clients/link.js';
import { requireOpen } from '../../play/clients/open-link.js';
import { newMessage, type SentMessage } from '../../play/clients/sent-messages.js';
import type { Stage } from '../../play/stage.js';
import type { StepPlace } from '../../play/step-outcome.js';
import { durationMs, expandLabels, messagesWaitMs } from '../../script/index.js';
import { fillTree } from '../../template.js';
import { defineClientVerb } from '../define.js';
import { bodyText } from './bodies.js';
import { sealFor } from './sealed.js';
import { sendAll, transmit } from './sending.js';

const fields = {
  sends: messages,
  to: clientName,
  body: Type.Optional(bodySpec),
  ttlMs: Type.Optional(Type.Union([Type.Integer({ minimum: 1 }), duration])),
  msgId: Type.Optional(Type.String({ description: 'A chosen msgId instead of a fresh one.' })),
  sameIdAs: Type.Optional(label),
  fields: Type.Optional(
    Type.Record(Type.String(), Type.Unknown(), {
      description: 'Further fields; `{user:NAME}` is the user id of a client.',
    }),
  ),
  times: Type.Optional(count),
  lost: Type.Optional(Type.Literal(true, { description: 'The packet is lost on its way: never written.' })),
  delayed: Type.Optional(Type.Literal(true, { description: 'Held back until `releases`.' })),
  reordered: Type.Optional(Type.Literal(true, { description: 'Written in the reverse order of the labels.' })),
  unanswered: Type.Optional(
    Type.Integer({
      minimum: 1,
      description: 'At most that many without a msg:A at once: for ranges of thousands.',
    }),
  ),
  connection: which,
};
type Sends = Static<ReturnType<typeof Type.Object<typeof fields>>>;

/** `{user:NAME}` in a further field of a packet: the user id of that client in this run. */
const fillUsers = (stage: Stage, further: Record<string, unknown>): Record<string, unknown> =>
  fillTree(further, ({ name, argument = '' }) =>
    name === 'user' ? stage.actors.get(argument)?.user : undefined,
  ) as Record<string, unknown>;

const NO_FIELDS: Record<string, unknown> = Object.freeze({});

const messageOf = (stage: Stage, actor: Actor, link: Link, action: Sends, label: string): SentMessage => {
  const recipient = stage.actors.get(action.to);
  if (!recipient) throw new KitError('kit', `client "${action.to}" has no actor`, 'Please report this.');
  const original = action.sameIdAs === undefined ? undefined : stage.messages.get(action.sameIdAs);
  const { ttlMs } = action;
  const message = newMessage({
    label,
    client: actor.name,
    fromUser: actor.user,
    toUser: recipient.user,
    toClient: recipient.name,
    msgId: original?.msgId ?? action.msgId ?? stage.nextMsgId(),
    body: '',
    ttlMs: ttlMs === undefined ? undefined : Math.round(durationMs(ttlMs, stage.options.timers)),
    fields: action.fields === undefined ? NO_FIELDS : fillUsers(stage, action.fields),
  });
  const overheads = () => ({
    request: stage.messages.requestBytes(message, link.nextRidBytes),
    push: stage.messages.pushOverhead(recipient.user) ?? 0,
  });
  // Of two contents under one id the long ones begin alike.
  const name = typeof action.body === 'object' ? (original?.label ?? label) : label;
  message.body = bodyText(action.body, name, stage.options.description, overheads);
  return message;
};

/** After so many portions that nobody answered in time the rest is written at once: these waits have a bound, too. */
const LATE_PORTIONS = 3;

/**
 * Goes on when half of a portion is answered, so that the server always has something to do. Nothing is waited for on a
 * connection that has ended.
 */
const inPortions = async (
  stage: Stage,
  link: Link,
  labels: string[],
  unanswered: number,
  send: (part: string[]) => Promise<void>,
): Promise<void> => {
  const portion = Math.ceil(unanswered / 2);
  let late = 0;
  for (let i = 0; i < labels.length; i += portion) {
    if (link.state === 'closed') return;
    await send(labels.slice(i, i + portion));
    const before = i === 0 ? undefined : stage.messages.get(labels[i - 1] as string);
    // Whoever waits for the answers later tells what was wrong with them.
    const goesOn = () => before === undefined || before.answer !== undefined || link.state === 'closed';
    if (late >= LATE_PORTIONS) continue;
    if (!(await stage.waits.until(goesOn, stage.bound(stage.options.timers.answerWithinMs)))) late += 1;
  }
};

const sendsNow = async (stage: Stage, actor: Actor, link: Link, action: Sends, place: StepPlace): Promise<boolean> => {
  const known = new Set<string>();
  const messageFor = (label: string): SentMessage => {
    if (known.has(label)) return stage.messages.get(label);
    const message = messageOf(stage, actor, link, action, label);
    known.add(label);
    stage.messages.add(message);
    return message;
  };
  const labels = expandLabels(action.sends);
  // What the network loses or holds back was sent all the same.
  if (action.lost || action.delayed) labels.forEach(messageFor);
  const send = (part: string[]) =>
    sendAll(stage, actor, place, part, 'msg:R', action, (label) => transmit(actor, link, messageFor(label)));
  if (action.unanswered === undefined) await send(labels);
  else {
    await inPortions(stage, link, labels, action.unanswered, send);
    labels.forEach(messageFor);
  }
  return true;
};

/** Only what must be encrypted first waits: a step that sends is otherwise done in the same instant. */
const sendsSealed = async (
  stage: Stage,
  actor: Actor,
  action: Sends,
  text: string,
  place: StepPlace,
): Promise<boolean> => {
  const body = await sealFor(stage, action.to, text);
  const link = actor.linkOf(action.connection);
  if (!requireOpen(stage, actor, link, place)) return false;
  return sendsNow(stage, actor, link, { ...action, body }, place);
};

export const sends = defineClientVerb({
  name: 'sends',
  example: 'sends: m1',
  fields,
  does: 'Sends msg:R of new messages. `body` is a text, `{ bytes: 65536, of: € }`, `{ limit: 1 }` over the declared limit, or `{ jwe: text }`, encrypted for the recipient.',
  defines: (action) => ({ labels: expandLabels(action.sends), to: action.to }),
  uses: ({ sameIdAs }) => (sameIdAs === undefined ? [] : [sameIdAs]),
  clients: ({ to }) => [to],
  waitMs: (action) => messagesWaitMs(action.sends),
  // A msgId that stands in the script was perhaps used before by whoever plays the user.
  needs: ({ msgId }) => ({ chosenIds: msgId !== undefined }),
  fills: ['user'],
  verbatim: ['body', 'msgId'],
  perform: async (stage, actor, action, place) => {
    const link = actor.linkOf(action.connection);
    if (!requireOpen(stage, actor, link, place)) return false;
    const { body } = action;
    if (typeof body === 'object' && 'jwe' in body) return sendsSealed(stage, actor, action, body.jwe, place);
    return sendsNow(stage, actor, link, action, place);
  },
});
