import fc from 'fast-check';
import t from 'tap';
import {
  ackAnswerEvent,
  isWindowOver,
  newReceiverEntry,
  newSenderEntry,
  RECEIVER_EVENTS,
  RECEIVER_STATES,
  RECEIVER_TABLE,
  receiptEvent,
  refusalEvent,
  SENDER_EVENTS,
  SENDER_STATES,
  SENDER_TABLE,
  type SenderEvent,
  stepReceiver,
  stepSender,
} from './index.js';

const marks = (effects: readonly string[]): string =>
  `${effects.includes('send') || effects.includes('send-ack') ? '*' : ''}${effects.includes('report') || effects.includes('hand-over') ? '!' : ''}`;

t.test('every state × event: * sends, ! reports or hands over', async (t) => {
  const sender: Record<string, string> = {
    pending: 'pending* pending pending* pending accepted refused! pending stored expired! delivered! unknown!',
    accepted: 'accepted* accepted accepted* accepted accepted refused! accepted stored expired! delivered! unknown!',
    stored: 'stored* stored stored stored* stored stored stored stored expired! delivered! unknown!',
    delivered: Array(11).fill('delivered').join(' '),
    expired: `${Array(9).fill('expired').join(' ')} delivered! expired`,
    refused: Array(11).fill('refused').join(' '),
    unknown: `${Array(8).fill('unknown').join(' ')} expired! delivered! unknown`,
  };
  for (const state of SENDER_STATES) {
    const row = SENDER_EVENTS.map((event) => SENDER_TABLE[state][event]);
    t.equal(row.map(({ to, effects }) => to + marks(effects)).join(' '), sender[state], state);
  }
  const receiver: Record<string, string> = {
    unknown: 'owed*! unknown unknown unknown unknown unknown',
    owed: 'owed* owed* owed owed* unknown owed',
  };
  for (const state of RECEIVER_STATES) {
    const row = RECEIVER_EVENTS.map((event) => RECEIVER_TABLE[state][event]);
    t.equal(row.map(({ to, effects }) => to + marks(effects)).join(' '), receiver[state], state);
  }
});

t.test('sender: pauses, jitter, retry-after and window', async (t) => {
  let { entry } = stepSender(newSenderEntry(), 'connect', { now: 0, random: 0.5 });
  const pauses: number[] = [];
  for (let count = 0; count < 7; count += 1) {
    const now = entry.dueAt as number;
    ({ entry } = stepSender(entry, 'due', { now, random: 0.5 }));
    pauses.push((entry.dueAt as number) - now);
  }
  t.same(pauses, [4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  t.equal(stepSender(newSenderEntry(), 'connect', { now: 0, random: 0 }).entry.dueAt, 1_600);
  ({ entry } = stepSender(newSenderEntry(), 'connect', { now: 0, random: 1 }));
  t.equal(entry.dueAt, 2_400);
  t.equal(stepSender(entry, 'retry-later', { now: 0, random: 0.5, retryAfterMs: 9_000 }).entry.dueAt, 9_000);
  t.equal(stepSender(entry, 'disconnect', { now: 1, random: 0 }).entry.dueAt, undefined);
  t.notOk(isWindowOver(entry, 86_399_999));
  const late = stepSender(entry, 'due', { now: 86_400_000, random: 0 });
  t.equal(late.entry.state, 'unknown');
  t.same(late.effects, ['stop-clock', 'report'], 'nothing is sent after the window');
  t.equal(refusalEvent('id-conflict'), 'refused');
  t.equal(refusalEvent('busy'), 'retry-later');
  t.equal(receiptEvent('stored'), 'told-stored');
});

t.test('sender: an end is reported once, and no clock runs after it', async () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom<SenderEvent>(...SENDER_EVENTS)), (events) => {
      let entry = newSenderEntry();
      const reported: string[] = [];
      events.forEach((event, now) => {
        const step = stepSender(entry, event, { now, random: 0.5 });
        if (step.effects.includes('report')) reported.push(step.entry.state);
        entry = step.entry;
      });
      const ends = ['stored', 'delivered', 'expired', 'refused', 'unknown'];
      return new Set(reported).size === reported.length && !(ends.includes(entry.state) && entry.dueAt !== undefined);
    }),
  );
});

t.test('receiver: hands over once, acks until it is settled', async (t) => {
  const seen: string[] = [];
  let entry = newReceiverEntry();
  for (const event of ['pushed', 'pushed', 'due', 'connect', 'retry-later', 'settled'] as const) {
    const step = stepReceiver(entry, event, { now: 10, retryAfterMs: 5 });
    seen.push(...step.effects.filter((effect) => !effect.endsWith('pause')));
    entry = step.entry;
  }
  t.same(seen, ['hand-over', 'send-ack', 'send-ack', 'send-ack', 'send-ack', 'wait', 'stop-clock', 'forget']);
  t.match(entry, { state: 'unknown', dueAt: undefined });
  let owed = stepReceiver(newReceiverEntry(), 'pushed', { now: 0 }).entry;
  t.equal(owed.dueAt, 2_000);
  owed = stepReceiver(owed, 'due', { now: 2_000 }).entry;
  t.equal(owed.dueAt, 6_000);
  t.equal(stepReceiver(owed, 'disconnect', { now: 3_000 }).entry.dueAt, undefined);
  t.equal(ackAnswerEvent('ok'), 'settled');
  t.equal(ackAnswerEvent('rejected', 'unknown-message'), 'settled');
  t.equal(ackAnswerEvent('rejected', 'busy'), 'retry-later');
});
