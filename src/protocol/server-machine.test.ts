import fc from 'fast-check';
import t from 'tap';
import { CLIENT_PACKETS, ERROR_CODES, RETRYABLE_CODES, SERVER_PACKETS } from '../../schemas/index.js';
import {
  type AckFound,
  type AdmissionFacts,
  DELIVERY_EVENTS,
  DELIVERY_STATES,
  DELIVERY_TABLE,
  type Delivery,
  type DeliveryEvent,
  decideAck,
  decideMessage,
  deliveredAt,
  dueEvents,
  findToken,
  followUp,
  isStuck,
  judgeBadPacket,
  judgeLife,
  lookEveryMs,
  type MessageFacts,
  newDelivery,
  packetError,
  readToken,
  refuseAdmission,
  stepDelivery,
  tellStoredAfterMs,
  wakeAt,
  wasStalled,
} from './index.js';

const timings = { redeliverAfterMs: 400, redeliverMaxMs: 1_000, tellStoredAfterMs: 750 };

const run = (events: readonly DeliveryEvent[], state: 'away' | 'queued' = 'queued'): [Delivery, string[]] => {
  let delivery = newDelivery(state);
  const seen: string[] = [];
  for (const event of events) {
    const step = stepDelivery(delivery, event, 0, timings);
    delivery = step.delivery;
    seen.push(...step.effects.filter((effect) => effect === 'push' || effect === 'tell-stored'));
  }
  return [delivery, seen];
};

t.test('delivery: every state × event, as one readable matrix', async (t) => {
  // state: the state after each event, in the order of DELIVERY_EVENTS; * where a msg:N goes out, ! where `stored` is told.
  const matrix: Record<string, string> = {
    away: 'queued away away away away away acking acked away ended',
    queued: 'queued away pushed* queued queued queued acking acked queued ended',
    pushed: 'queued away! pushed pushed* pushed* pushed! acking acked pushed ended',
    acking: 'acking acking acking acking acking acking acking acked queued acking',
    acked: 'acked acked acked acked acked acked acked acked acked acked',
    ended: 'ended ended ended ended ended ended acking acked ended ended',
  };
  for (const state of DELIVERY_STATES) {
    const row = DELIVERY_EVENTS.map((event) => {
      const { to, effects } = DELIVERY_TABLE[state][event];
      return `${to}${effects.includes('push') ? '*' : ''}${effects.includes('tell-stored') ? '!' : ''}`;
    });
    t.equal(row.join(' '), matrix[state], state);
  }
});

t.test('delivery: nothing is pushed while an ack is being stored, after it, or after the end', async () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...DELIVERY_EVENTS)), (events) => {
      let delivery = newDelivery('away');
      for (const event of events) {
        const before = delivery.state;
        const step = stepDelivery(delivery, event, 0, timings);
        if (step.effects.includes('push') && ['acking', 'acked', 'ended'].includes(before)) return false;
        if (before === 'acked' && step.delivery.state !== 'acked') return false;
        // No clock runs where nothing may be pushed.
        if (step.delivery.state !== 'pushed' && wakeAt(step.delivery) !== undefined) return false;
        delivery = step.delivery;
      }
      return true;
    }),
  );
});

t.test('delivery: the clock', async (t) => {
  let { delivery } = stepDelivery(newDelivery('queued'), 'turn', 1_000, timings);
  t.equal(wakeAt(delivery), 1_400);
  const pauses: number[] = [];
  for (let pushes = 0; pushes < 4; pushes += 1) {
    const due = delivery.pushDueAt as number;
    t.same(dueEvents({ ...delivery, storedDueAt: undefined }, due - 1), []);
    ({ delivery } = stepDelivery(delivery, 'push-due', due, timings));
    pauses.push((delivery.pushDueAt as number) - due);
  }
  t.same(pauses, [800, 1_000, 1_000, 1_000], 'each pause at most twice the last, and at most redeliverMaxMs');
  t.equal(delivery.attempt, 5);
  t.same(dueEvents(delivery, 1_750).slice(0, 1), ['stored-due']);
  ({ delivery } = stepDelivery(delivery, 'stored-due', 1_750, timings));
  t.equal(delivery.storedDueAt, undefined, 'told once');
  ({ delivery } = stepDelivery(delivery, 'resend', 9_000, timings));
  t.match(delivery, { pushDueAt: 9_400, storedDueAt: 9_750 }, 'a re-sending starts both anew');
  ({ delivery } = stepDelivery(delivery, 'resend', 9_500, timings));
  t.equal(delivery.storedDueAt, 9_750, 'but does not put the receipt off');
  t.equal(wakeAt(stepDelivery(newDelivery('queued'), 'turn', 0).delivery), undefined, 'no class, no timer');
  t.equal(run(['turn', 'ack', 'ack-failed', 'turn'])[0].state, 'pushed', 'a refused ack: pushed again');
  t.same(run(['turn', 'disconnect'])[1], ['push', 'tell-stored'], 'a receiver that leaves: the sender is told');
  t.same(run(['turn', 'connect'])[1], ['push'], 'one that was replaced is not away');
});

const facts: MessageFacts = {
  bodyBytes: 10,
  maxBodyBytes: 10,
  knownAs: 'new',
  recipientExists: true,
  inboxMessages: 4,
  maxInboxMessages: 5,
};
const all = { bodyBytes: 11, recipientExists: false, inboxMessages: 5 };

t.test('msg:R: verdicts, and the order of the checks', async (t) => {
  const cases: [Partial<MessageFacts>, string][] = [
    [{}, 'accepted'],
    [{ knownAs: 'same' }, 'duplicate'],
    [{ knownAs: 'other' }, 'id-conflict'],
    [{ bodyBytes: 11 }, 'body-too-large'],
    [{ recipientExists: false }, 'unknown-recipient'],
    [{ inboxMessages: 5 }, 'inbox-full'],
    [{ inboxMessages: 6 }, 'inbox-full'],
    [{ ...all }, 'body-too-large'],
    [{ ...all, bodyBytes: 10 }, 'unknown-recipient'],
    [{ ...all, bodyBytes: 10, knownAs: 'same' }, 'duplicate'],
    [{ ...all, knownAs: 'same' }, 'body-too-large'],
    [{ ...all, bodyBytes: 10, knownAs: 'other' }, 'id-conflict'],
  ];
  for (const [change, expected] of cases) {
    const verdict = decideMessage({ ...facts, ...change });
    t.equal(verdict.status === 'rejected' ? verdict.code : verdict.status, expected, JSON.stringify(change));
  }
});

t.test('msg:R: what follows the answer', async (t) => {
  const cases: ['accepted' | 'duplicate', boolean, boolean, boolean, string][] = [
    ['accepted', false, false, true, 'push'],
    ['accepted', false, false, false, 'tell-stored'],
    ['duplicate', false, false, true, 'push-again'],
    ['duplicate', false, false, false, 'tell-stored'],
    ['duplicate', true, false, true, 'tell-delivered'],
    ['duplicate', true, false, false, 'tell-delivered'],
    ['duplicate', false, true, true, 'tell-expired'],
    ['duplicate', false, true, false, 'tell-expired'],
    ['duplicate', true, true, false, 'tell-delivered'],
  ];
  for (const [status, delivered, expired, receiverConnected, expected] of cases) {
    t.equal(followUp(status, { delivered, expired, receiverConnected }), expected);
  }
});

t.test('ack:R, and bad packets', async (t) => {
  const verdicts: Record<AckFound, string> = {
    unacked: 'ok',
    acked: 'duplicate',
    expired: 'ok',
    nothing: 'unknown-message',
  };
  for (const [found, expected] of Object.entries(verdicts) as [AckFound, string][]) {
    const verdict = decideAck(found);
    t.equal(verdict.status === 'rejected' ? verdict.code : verdict.status, expected);
  }
  t.equal(deliveredAt(50, 60), 60);
  t.equal(deliveredAt(50, 40), 50, 'a clock that went back');
  t.equal(judgeBadPacket({ type: 'msg:R', rid: 'r' }), 'refuse-message');
  t.equal(judgeBadPacket({ type: 'ack:R', rid: 'r' }), 'refuse-ack');
  for (const type of CLIENT_PACKETS) t.equal(judgeBadPacket({ type }), 'close', `${type} without rid`);
  for (const type of SERVER_PACKETS) t.equal(judgeBadPacket({ type, rid: 'r' }), 'close', type);
  t.equal(judgeBadPacket({ rid: 'r' }), 'close', 'unknown type');
  for (const code of ERROR_CODES) {
    t.equal(packetError(code).retryAfterMs !== undefined, RETRYABLE_CODES.has(code), `${code}: retryAfterMs`);
  }
});

t.test('upgrade: tokens and checks', async (t) => {
  const tokens: [string, unknown][] = [
    ['alice', { user: 'alice', device: 'default' }],
    ['alice/phone', { user: 'alice', device: 'phone' }],
    ['a@b.c-d_e', { user: 'a@b.c-d_e', device: 'default' }],
    ['', undefined],
    ['alice/', undefined],
    ['/phone', undefined],
    ['alice/phone/x', undefined],
    ['al ice', undefined],
    ['a'.repeat(65), undefined],
    [`a/${'d'.repeat(33)}`, undefined],
  ];
  for (const [token, identity] of tokens) t.same(readToken(token), identity, JSON.stringify(token));
  t.equal(findToken(['Bearer alice'], ['bob']), 'alice', 'the header wins');
  t.equal(findToken(['bearer alice'], []), 'alice');
  for (const bad of ['Bearer', 'Bearer ', 'Bearer a b']) {
    t.equal(findToken([bad], ['bob']), undefined, 'also when it is unusable');
  }
  t.equal(findToken(['Basic alice'], ['bob']), 'bob', 'another scheme is no token');
  t.equal(findToken(['Basic alice'], []), undefined);
  t.equal(findToken([], ['bob']), 'bob');
  t.equal(findToken([], []), undefined);
  t.equal(findToken([], ['bob', 'bob']), undefined, 'a place that holds two');
  t.equal(findToken(['Bearer alice', 'Bearer alice'], []), undefined);
  const good: AdmissionFacts = {
    path: '/',
    identity: { user: 'alice', device: 'default' },
    offeredSubprotocols: ['other', 'im.ran.v1'],
    stopping: false,
    connections: 9,
    maxConnections: 10,
    otherConnectionsOfUser: 1,
    maxConnectionsPerUser: 2,
  };
  const cases: [Partial<AdmissionFacts>, number | undefined][] = [
    [{}, undefined],
    [{ path: '/x' }, 404],
    [{ identity: undefined, offeredSubprotocols: [] }, 401],
    [{ offeredSubprotocols: ['IM.RAN.V1'] }, 400],
    [{ stopping: true }, 503],
    [{ connections: 10 }, 503],
    [{ otherConnectionsOfUser: 2 }, 429],
  ];
  for (const [change, status] of cases) {
    t.equal(refuseAdmission({ ...good, ...change })?.httpStatus, status, JSON.stringify(change));
  }
});

t.test('liveness', async (t) => {
  const at = (seenAt: number, pingedAt: number, now: number) => judgeLife({ seenAt, pingedAt }, now, 1_000);
  t.equal(at(0, 0, 249), 'alive');
  t.equal(at(0, 0, 250), 'ping');
  t.equal(at(0, 250, 499), 'alive');
  t.equal(at(0, 250, 500), 'ping');
  t.equal(at(0, 750, 849), 'alive');
  t.equal(at(0, 750, 850), 'dead');
  t.ok(850 + lookEveryMs(1_000) < 1_000, 'found within deadAfterMs');
  t.notOk(wasStalled(lookEveryMs(1_000), 1_000));
  t.ok(wasStalled(500, 1_000));
  t.ok(tellStoredAfterMs(1_500) < 1_500);
  t.notOk(isStuck(0, 849, 1_000));
  t.ok(isStuck(0, 850, 1_000));
});
