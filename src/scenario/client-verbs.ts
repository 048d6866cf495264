import { type ClientAction, type DurationSpec, WIRE } from '../../schemas/index.js';
import { KitError } from '../errors.js';
import type { Actor } from './actor.js';
import { type Awaited, connectionOf, describeMissed, PacketWait } from './await-packets.js';
import { bodyText } from './bodies.js';
import type { Message } from './book.js';
import { isTimed } from './declared-waits.js';
import { defaultRequirement } from './default-requirement.js';
import { durationMs } from './durations.js';
import { describePattern, describeReceived, labelsOfPacket, matches, patternOf } from './expectation.js';
import { expandLabels } from './labels.js';
import type { Link } from './link.js';
import type { Stage } from './stage.js';
import { recordExpectation, recordFault, recordNotConnected, recordUnreached, type StepPlace } from './step-outcome.js';
import { writeFrame } from './write-frame.js';

type Action<V extends ClientAction['verb']> = Extract<ClientAction, { verb: V }>;
type Perform<V extends ClientAction['verb']> = (
  stage: Stage,
  actor: Actor,
  action: Action<V>,
  place: StepPlace,
) => boolean | Promise<boolean>;

const requireOpen = (stage: Stage, actor: Actor, link: Link | undefined, place: StepPlace): link is Link => {
  if (link && link.state !== 'closed') return true;
  const why = link ? `the connection had ended with code ${link.closeCode}` : `${actor.name} never connected`;
  return recordUnreached(stage, place, `${actor.name} has an open connection`, why);
};

const connects: Perform<'connects'> = async (stage, actor, action, place) => {
  const outcome = await actor.connect(action.subprotocol ?? WIRE.subprotocol);
  if (action.refused !== undefined) {
    const seen = outcome.ok ? 'the upgrade succeeded' : `HTTP ${outcome.status ?? 'none'} (${outcome.error})`;
    if (outcome.ok) actor.link?.end('abruptly');
    return recordExpectation(stage, place, {
      requirement: action.by ?? 'IM-1-2',
      expected: `the upgrade is refused with HTTP ${action.refused}`,
      seen,
      met: !outcome.ok && outcome.status === action.refused,
      waitedMs: 0,
    });
  }
  if (outcome.ok) return true;
  if (action.by === undefined) return recordNotConnected(stage, place, actor.name, outcome.error);
  return recordExpectation(stage, place, {
    requirement: action.by,
    expected: `${actor.name} can connect`,
    seen: `HTTP ${outcome.status ?? 'none'} (${outcome.error})`,
    met: false,
    waitedMs: 0,
  });
};

/** A server learns of the end of a connection a moment after the client: it gets a twentieth of answerWithinMs. */
const SEE_THE_END_FRACTION = 20;

const disconnects: Perform<'disconnects'> = async (stage, actor, action, place) => {
  const link = actor.linkOf(action.connection);
  if (!requireOpen(stage, actor, link, place)) return false;
  const how = action.disconnects;
  let fired = link.state === 'open' || link.state === 'silent';
  if (action.before !== undefined) {
    const afterMs = Number(action.afterMs ?? 0);
    if (afterMs > 0) await stage.mustWait(stage.waits.pause(afterMs));
    const labels = action.of === undefined ? [] : expandLabels(action.of);
    fired &&= !link.inbox.some(
      (entry) =>
        entry.kind === 'packet' &&
        entry.packet.type === action.before &&
        (labels.length === 0 ||
          labelsOfPacket(stage, actor, link, entry.packet).some((label) => labels.includes(label))),
    );
  }
  link.end(how);
  const fault = how === 'cleanly' ? 'disconnect' : how === 'reset' ? 'reset' : 'cut';
  recordFault(stage, place, fault, fired, {
    client: actor.name,
    ...(action.before === undefined ? {} : { packet: action.before }),
  });
  const closed = await stage.waits.until(
    () => link.state === 'closed',
    stage.bound(stage.options.timers.answerWithinMs),
  );
  if (!closed) link.end('abruptly');
  if (action.before === undefined) await stage.waits.pause(stage.options.timers.answerWithinMs / SEE_THE_END_FRACTION);
  return true;
};

const goes: Perform<'goes'> = (stage, actor, action, place) => {
  const link = actor.linkOf(action.connection);
  if (!requireOpen(stage, actor, link, place)) return false;
  link.goSilent();
  recordFault(stage, place, 'silence', true, { client: actor.name });
  return true;
};

const reads: Perform<'reads'> = (stage, actor, action, place) => {
  const link = actor.linkOf(action.connection);
  if (!requireOpen(stage, actor, link, place)) return false;
  link.setReading(action.reads);
  if (!action.reads) recordFault(stage, place, 'stall', true, { client: actor.name });
  return true;
};

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
    fields: action.fields ?? {},
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

const sends: Perform<'sends'> = (stage, actor, action, place) => {
  const link = actor.linkOf(action.connection);
  if (!requireOpen(stage, actor, link, place)) return false;
  const labels = expandLabels(action.sends);
  for (const label of labels) stage.book.add(newMessage(stage, actor, action, label));
  sendAll(stage, actor, place, labels, 'msg:R', action, (label) => actor.transmit(link, stage.book.get(label)));
  return true;
};

const resends: Perform<'resends'> = (stage, actor, action, place) => {
  const link = actor.linkOf(action.connection);
  if (!requireOpen(stage, actor, link, place)) return false;
  sendAll(stage, actor, place, expandLabels(action.resends), 'msg:R', action, (label) =>
    actor.transmit(link, stage.book.get(label)),
  );
  return true;
};

const acks: Perform<'acks'> = (stage, actor, action, place) => {
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

const acksId: Perform<'acksId'> = (stage, actor, action, place) => {
  const link = actor.linkOf(action.connection);
  if (!requireOpen(stage, actor, link, place)) return false;
  actor.ack(link, action.acksId, 'unknown');
  return true;
};

const releases: Perform<'releases'> = (stage, _actor, action, place) => {
  for (const label of expandLabels(action.releases)) {
    if (!stage.release(`msg:R ${label}`) && !stage.release(`ack:R ${label}`)) {
      return recordUnreached(stage, place, `a packet of ${label} was held back`, 'none was');
    }
  }
  return true;
};

/** Until a timer of the subject has run out the kit can only wait; an answer it could have had at once. */
const waitFor = (stage: Stage, wait: PacketWait, within: DurationSpec | undefined): Promise<Awaited> =>
  within !== undefined && isTimed(within) ? stage.mustWait(wait.run()) : wait.run();

const gets: Perform<'gets'> = async (stage, actor, action, place) => {
  const link = connectionOf(actor, action.connection);
  const labels = action.of === undefined ? [] : expandLabels(action.of);
  const pattern = patternOf(action);
  const boundMs = stage.bound(durationMs(action.within ?? 'answerWithinMs', stage.options.timers));
  const from = performance.now();
  const want = { pattern, labels, times: Number(action.times ?? 1), boundMs };
  const wait = new PacketWait(stage, actor, link, want, (entry) => {
    if (entry.kind === 'packet') actor.handOver(link, entry);
  });
  const result = await waitFor(stage, wait, action.within);
  const waitedMs = performance.now() - from;
  const detail = pattern.error ?? pattern.statuses?.[0] ?? pattern.codes?.[0]?.toString();
  const [message] = result.met ? labels : result.missing;
  return recordExpectation(stage, place, {
    requirement: action.by ?? defaultRequirement(pattern.what, detail),
    expected: `${actor.name} gets ${describePattern(pattern, labels)} within ${Math.round(boundMs)} ms`,
    seen: result.met ? 'it came' : describeMissed(result, boundMs),
    met: result.met,
    waitedMs,
    late: !result.wrong && result.closed === undefined,
    ...(message ? { message } : {}),
  });
};

const drops: Perform<'drops'> = async (stage, actor, action, place) => {
  const link = connectionOf(actor, undefined);
  const labels = expandLabels(action.of);
  const pattern = { what: action.drops };
  const boundMs = stage.bound(durationMs(action.within ?? 'answerWithinMs', stage.options.timers));
  const from = performance.now();
  const wait = new PacketWait(stage, actor, link, { pattern, labels, times: Number(action.times ?? 1), boundMs });
  const result = await waitFor(stage, wait, action.within);
  recordFault(stage, place, 'drop', result.met, { client: actor.name, packet: action.drops });
  const [message] = result.met ? labels : result.missing;
  return recordExpectation(stage, place, {
    requirement: action.by ?? defaultRequirement(action.drops, undefined),
    expected: `${action.drops} of ${labels.join(', ')} reaches ${actor.name}, where it is lost`,
    seen: result.met ? 'it came and was thrown away' : describeMissed(result, boundMs),
    met: result.met,
    waitedMs: performance.now() - from,
    late: !result.wrong && result.closed === undefined,
    ...(message ? { message } : {}),
  });
};

const getsNo: Perform<'getsNo'> = async (stage, actor, action, place) => {
  const link = connectionOf(actor, action.connection);
  const labels = action.of === undefined ? [] : expandLabels(action.of);
  const pattern = patternOf(action);
  const windowMs = stage.bound(durationMs(action.for, stage.options.timers));
  let cursor = 0;
  let unwanted: string | undefined;
  const look = (): boolean => {
    for (; cursor < link.inbox.length; cursor++) {
      const entry = link.inbox[cursor];
      if (!entry || entry.taken || matches(pattern, entry) !== 'yes') continue;
      const of = entry.kind === 'packet' ? labelsOfPacket(stage, actor, link, entry.packet) : labels;
      if (labels.length === 0 || of.some((label) => labels.includes(label))) unwanted = describeReceived(entry);
    }
    return unwanted !== undefined;
  };
  const from = performance.now();
  await stage.mustWait(stage.waits.until(look, windowMs));
  const [message] = labels;
  return recordExpectation(stage, place, {
    requirement: action.by,
    expected: `no ${describePattern(pattern, labels)} reaches ${actor.name} for ${Math.round(windowMs)} ms`,
    seen: unwanted ?? 'none came',
    met: unwanted === undefined,
    waitedMs: performance.now() - from,
    ...(message ? { message } : {}),
  });
};

const writes: Perform<'writes'> = (stage, actor, action, place) => {
  const link = actor.linkOf(action.connection);
  if (!requireOpen(stage, actor, link, place)) return false;
  writeFrame(stage, link, action.writes, action.what);
  return true;
};

const pings: Perform<'pings'> = (stage, actor, _action, place) => {
  if (!requireOpen(stage, actor, actor.link, place)) return false;
  actor.link.ping();
  return true;
};

const answersPings: Perform<'answersPings'> = (stage, actor, action, place) => {
  if (!requireOpen(stage, actor, actor.link, place)) return false;
  actor.link.answersPings = action.answersPings;
  return true;
};

const autoAcks: Perform<'autoAcks'> = (_stage, actor, action) => {
  actor.autoAcks = action.autoAcks;
  const { link } = actor;
  if (!action.autoAcks || link?.state !== 'open') return true;
  actor.resendOwedAcks();
  for (const entry of link.inbox) {
    if (entry.kind === 'packet' && !entry.taken) actor.takePush(link, entry);
  }
  return true;
};

const fetches: Perform<'fetches'> = (stage, _actor, _action, place) => {
  const { served } = stage.options;
  if (!served) return true;
  return recordExpectation(stage, place, {
    requirement: 'IM-1-19',
    expected: 'the served description is valid against its schema',
    seen: served.faults[0] ?? 'it is valid',
    met: served.faults.length === 0,
    waitedMs: 0,
  });
};

const PERFORM: { [V in ClientAction['verb']]: Perform<V> } = {
  connects,
  disconnects,
  goes,
  reads,
  sends,
  resends,
  releases,
  acks,
  acksId,
  gets,
  drops,
  getsNo,
  writes,
  pings,
  answersPings,
  autoAcks,
  fetches,
};

/** Performs one step of a client. Resolves with false when the script cannot go on. */
export const performClientStep = async (
  stage: Stage,
  actor: Actor,
  action: ClientAction,
  place: StepPlace,
): Promise<boolean> => (PERFORM[action.verb] as Perform<ClientAction['verb']>)(stage, actor, action as never, place);
