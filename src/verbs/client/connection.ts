import { type TokenKind, WIRE } from '../../../schemas/index.js';
import { KitError } from '../../errors.js';
import type { Actor } from '../../play/clients/actor.js';
import { labelsOfPacket } from '../../play/clients/expectation.js';
import type { TokenChoice } from '../../play/ports.js';
import type { Stage } from '../../play/stage.js';
import {
  recordExpectation,
  recordFault,
  recordNotConnected,
  recordUnreached,
  type StepPlace,
} from '../../play/step-outcome.js';
import { expandLabels } from '../../script/labels.js';
import { type Action, type Perform, requireOpen } from './perform.js';
import { withMsgIds, writeFrame } from './write-frame.js';

const tokensOf = (stage: Stage, { token, query }: Action<'connects'>): TokenChoice | undefined => {
  if (token === undefined && query === undefined) return undefined;
  const header = (token ?? 'own') as TokenKind;
  if (query === undefined) return { header };
  if (typeof query === 'string') return { header, query: query as TokenKind };
  const other = stage.actors.get(query.of);
  if (!other)
    throw new KitError('usage', `query names "${query.of}", which is no client`, 'Name a client of the file.');
  return { header, query: { user: other.user, device: other.device } };
};

const HIDDEN = { plaintext: ['IM-1-26', 'without TLS'], 'tls-1.1': ['IM-1-27', 'with TLS 1.1'] } as const;

/** The same upgrade over a transport that the server must refuse. */
const connectsOver = async (
  stage: Stage,
  actor: Actor,
  transport: keyof typeof HIDDEN,
  action: Action<'connects'>,
  place: StepPlace,
): Promise<boolean> => {
  const { intruder } = stage.options;
  const [requirement, how] = HIDDEN[transport];
  if (!intruder) return recordUnreached(stage, place, `an upgrade ${how} can be tried`, 'this run cannot');
  const { user, device } = actor;
  const request = { user, device, subprotocol: WIRE.subprotocol, timeoutMs: stage.connectBoundMs };
  const outcome = await intruder.tryOver(transport, request);
  return recordExpectation(stage, place, {
    requirement: action.by ?? requirement,
    expected: `nobody gets in ${how}`,
    seen: outcome.ok ? 'the server let the client in' : outcome.error,
    met: !outcome.ok,
    waitedMs: 0,
  });
};

export const connects: Perform<'connects'> = async (stage, actor, action, place) => {
  if (action.over !== undefined) return connectsOver(stage, actor, action.over, action, place);
  const outcome = await actor.connect(
    action.subprotocol ?? WIRE.subprotocol,
    tokensOf(stage, action),
    action.reading ?? true,
  );
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
  if (action.by === undefined) return recordNotConnected(stage, place, actor.name, outcome);
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

export const disconnects: Perform<'disconnects'> = async (stage, actor, action, place) => {
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
        (action.status === undefined || ('status' in entry.packet && entry.packet.status === action.status)) &&
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

export const goes: Perform<'goes'> = (stage, actor, action, place) => {
  const link = actor.linkOf(action.connection);
  if (!requireOpen(stage, actor, link, place)) return false;
  link.goSilent();
  recordFault(stage, place, 'silence', true, { client: actor.name });
  return true;
};

export const reads: Perform<'reads'> = (stage, actor, action, place) => {
  const link = actor.linkOf(action.connection);
  if (!requireOpen(stage, actor, link, place)) return false;
  link.setReading(action.reads);
  if (!action.reads) recordFault(stage, place, 'stall', true, { client: actor.name });
  return true;
};

export const writes: Perform<'writes'> = (stage, actor, action, place) => {
  const link = actor.linkOf(action.connection);
  if (!requireOpen(stage, actor, link, place)) return false;
  const frame = withMsgIds(stage, action.writes);
  actor.writeAgain = () => writeFrame(stage, link, frame, action.what);
  actor.writeAgain();
  return true;
};

export const pings: Perform<'pings'> = (stage, actor, _action, place) => {
  if (!requireOpen(stage, actor, actor.link, place)) return false;
  actor.link.ping();
  return true;
};

export const answersPings: Perform<'answersPings'> = (stage, actor, action, place) => {
  if (!requireOpen(stage, actor, actor.link, place)) return false;
  actor.link.answersPings = action.answersPings;
  if (!action.answersPings) recordFault(stage, place, 'mute', true, { client: actor.name });
  return true;
};

export const fetches: Perform<'fetches'> = (stage, _actor, _action, place) => {
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
