import t, { type Test } from 'tap';
import { BOTS, type Bot, type RunningBot, startBot } from './testing/bots.js';
import { type Fields, KitSide } from './testing/kit-side.js';

interface Stage {
  side: KitSide;
  bot: RunningBot;
  restart(): void;
}
/** A bot that has said hello. */
const stage = async (t: Test, bot: Bot, timers: object = {}): Promise<Stage> => {
  const side = await KitSide.start(t);
  const data = t.testdir();
  const made: Stage = {
    side,
    bot: startBot(t, bot, side.url, data, timers),
    restart: () => {
      side.forgetWords();
      made.bot = startBot(t, bot, side.url, data, timers);
    },
  };
  await side.word('hello');
  return made;
};

let asks = 0;
const inventory = async (side: KitSide, from: string): Promise<unknown[]> => {
  asks += 1;
  const ask = asks;
  side.say({ do: 'inventory', from, ask });
  const { parts } = await side.word('inventory', { ask, part: 1 });
  const items: unknown[] = [];
  for (let part = 1; part <= Number(parts); part += 1)
    items.push(...((await side.word('inventory', { ask, part })).items as unknown[]));
  return items;
};

const send = (side: KitSide, ...bodies: string[]): void =>
  side.say({ do: 'send', messages: bodies.map((body) => ({ to: 'bob', body })) });
const requests = (side: KitSide, body: string): Fields[] => side.all({ way: 'in', type: 'msg:R', body });

type Case = (t: Test, bot: Bot) => Promise<void>;

const CASES: Record<string, Case> = {
  'says hello, sends in order, tells the outcomes, and exits with 0': async (t, bot) => {
    const { side, bot: running } = await stage(t, bot);
    const hello = await side.word('hello');
    t.match(hello, { words: 1, start: String, name: String, roles: ['sender', 'receiver'], classes: ['durable'] });
    t.match(hello, {
      limits: { maxUnanswered: 16 },
      can: ['status', 'ping', 'disconnect'],
      timers: { deadAfterMs: 1_500 },
    });
    const bodies = Array.from({ length: 40 }, (_, index) => `m${index}`);
    send(side, ...bodies);
    await side.wait(
      () => (side.words('outcome').length >= 40 ? true : undefined),
      () => '40 outcomes',
    );
    // A busy machine may bring a legal re-sending between two first ones.
    t.same([...new Set(side.all({ way: 'in', type: 'msg:R', to: 'bob' }).map(({ body }) => body))], bodies);
    t.ok(side.words('outcome').every(({ status }) => status === 'delivered'));
    side.say({ do: 'exit' });
    t.same(await running.ended, { code: 0, signal: null });
  },

  'sends again under one msgId with a fresh rid until the answer, then until a receipt': async (t, bot) => {
    const { side } = await stage(t, bot);
    side.script = ({ type, body }) => type === 'msg:R' && body === 'lost' && requests(side, 'lost').length < 3;
    send(side, 'lost');
    await side.word('outcome', { status: 'delivered' });
    const sent = requests(side, 'lost');
    t.equal(new Set(sent.map(({ msgId }) => msgId)).size, 1);
    t.equal(new Set(sent.map(({ rid }) => rid)).size, 3);
    side.script = (packet) => {
      if (packet.body !== 'no receipt') return false;
      side.accept(packet);
      if (requests(side, 'no receipt').length === 3) side.receipt(packet, 'stored');
      return true;
    };
    send(side, 'no receipt');
    await side.wait(
      () => (requests(side, 'no receipt').length >= 3 ? true : undefined),
      () => 'three sendings',
    );
    // The reconnect is the fence: `stored` had ended the timer, and the entry is asked for once more.
    side.script = () => false;
    side.socket?.terminate();
    await side.wait(
      () => (side.words('outcome').length >= 2 ? true : undefined),
      () => 'an outcome',
    );
    t.ok(requests(side, 'no receipt').length <= 4);
  },

  'keeps retryAfterMs over a reconnect, and takes a final rejection for the end': async (t, bot) => {
    // The timer is slower than any stall of a busy machine: nothing is sent again before the rejection has come.
    const { side } = await stage(t, bot, { resendAfterMs: 1_500 });
    side.script = (packet) => {
      if (packet.body === 'later' && requests(side, 'later').length === 1)
        side.reject(packet, { code: 'busy', retryAfterMs: 2_500 });
      else if (packet.body === 'never') side.reject(packet, { code: 'brand-new' });
      else return false;
      return true;
    };
    send(side, 'later', 'never');
    await side.word('outcome', { status: 'refused' });
    side.socket?.close(1011);
    await side.word('outcome', { status: 'delivered' });
    const [first, second] = requests(side, 'later') as [Fields, Fields];
    t.ok(Number(second.at) - Number(first.at) >= 2_490, `${Number(second.at) - Number(first.at)} ms`);
    t.equal(requests(side, 'never').length, 1);
    side.say({
      do: 'send',
      messages: [
        { to: 'no such user!', body: 'x' },
        { to: 'bob', body: 'lone \ud800' },
      ],
    });
    await side.word('outcome', { status: 'refused', body: 'x' });
    await side.word('outcome', { status: 'refused', body: 'lone \ud800' });
  },

  'hands over once, acks each push, and repeats the ack until its answer': async (t, bot) => {
    const { side } = await stage(t, bot);
    let answers = false;
    side.script = ({ type }) => type === 'ack:R' && !answers;
    const push = side.push('bob', 'once', { msgId: 'constructor' });
    side.send(push);
    side.push('carol', 'once', { msgId: 'constructor' });
    const other = side.push('bob', 'once', { msgId: 'Constructor' });
    await side.until({ way: 'in', type: 'ack:R', serverMsgId: push.serverMsgId }, 4);
    answers = true;
    side.socket?.terminate();
    await side.until({ way: 'out', type: 'ack:A', serverMsgId: push.serverMsgId });
    await side.until({ way: 'out', type: 'ack:A', serverMsgId: other.serverMsgId });
    t.same(await inventory(side, 'bob'), ['once', 'once']);
    t.same(await inventory(side, 'carol'), ['once']);
    t.same(await inventory(side, 'nobody'), []);
    const rids = side.all({ way: 'in', type: 'ack:R' }).map(({ rid }) => rid);
    t.equal(new Set(rids).size, rids.length);
  },

  'survives what is no packet, and takes large frames and many of them': async (t, bot) => {
    const { side } = await stage(t, bot);
    for (const text of [
      '',
      '[]',
      'null',
      '{',
      '"x"',
      '{"type":"msg:N"}',
      '{"type":"constructor"}',
      '{"type":"ack:N","status":"stored"}',
    ])
      side.socket?.send(text);
    side.socket?.send(Buffer.from([1, 2, 3]));
    for (const more of [{ body: 7 }, { body: '\ud800' }, { from: '' }, { acceptedAt: null }, { serverMsgId: 'ä' }])
      side.push('bob', 'x', more);
    side.send({ type: 'msg:A', rid: 'nobody', msgId: 'x', status: 'accepted', serverMsgId: 'y' });
    side.send({ type: 'ack:A', rid: 'nobody', status: 'rejected', error: 5 });
    side.send({ type: 'ack:N', msgId: '__proto__', serverMsgId: 'y', to: 'bob', status: 'delivered', at: 1 });
    const large = '\u0000'.repeat(87_000);
    side.push('bob', large, { unknown: { __proto__: 1 } });
    for (let n = 0; n < 200; n += 1) side.push('bob', `${n} ${'é'.repeat(900)}`);
    const items = await inventory(side, 'bob');
    t.match(items[0], { head: '\u0000'.repeat(64), bytes: 87_000 });
    t.equal(items.length, 201);
    t.equal(side.connection, 1);
    for (const { body } of side.all({ way: 'in', to: 'conductor' })) t.ok(Buffer.byteLength(String(body)) <= 60_000);
  },

  'streams over a dead line, and brings everything when it is back, in order': async (t, bot) => {
    const { side } = await stage(t, bot);
    side.say({ do: 'stream', to: 'bob', prefix: 's', count: 60, everyMs: 5 });
    await side.until({ way: 'in', body: 's5' });
    side.refusal = '503 Busy\r\nRetry-After: 1';
    side.socket?.terminate();
    await side.until({ way: 'refused' });
    side.refusal = undefined;
    await side.wait(
      () => (side.words('outcome').length >= 60 ? true : undefined),
      () => '60 outcomes',
    );
    const firsts = [...new Set(side.all({ way: 'in', type: 'msg:R', to: 'bob' }).map(({ body }) => body))];
    t.same(
      firsts,
      Array.from({ length: 60 }, (_, index) => `s${index + 1}`),
    );
    const refused = side.all({ way: 'refused' });
    const [open] = side.all({ way: 'open', connection: 2 });
    t.equal(refused.length, 1);
    t.ok(Number(open?.at) - Number(refused[0]?.at) >= 990, 'not before Retry-After');
  },

  'notices a silent server, gives up an upgrade that is not answered': async (t, bot) => {
    const { side } = await stage(t, bot, { deadAfterMs: 600 });
    // From here on the side of the kit reads nothing and answers nothing, pings included.
    const silent = side.socket as unknown as { _socket: { pause(): void } };
    silent._socket.pause();
    await side.until({ way: 'open' }, 2);
    const [first, second] = side.all({ way: 'open' }) as Fields[] as [Fields, Fields];
    t.ok(Number(second.at) - Number(first.at) >= 500);
  },

  'goes offline and comes back on request; stays away after 4409': async (t, bot) => {
    const { side, bot: running } = await stage(t, bot);
    side.say({ do: 'disconnect', forMs: 300 });
    const [closed] = await side.until({ way: 'close' });
    const [, back] = await side.until({ way: 'open' }, 2);
    t.ok(Number(back?.at) - Number(closed?.at) >= 250);
    t.equal(closed?.code, 1000);
    side.socket?.close(4409);
    await side.until({ way: 'close' }, 2);
    const quiet = new Promise((resolve) => setTimeout(() => resolve('quiet'), 2_200));
    t.equal(
      await Promise.race([quiet, running.ended, side.until({ way: 'open' }, 3)]),
      'quiet',
      'reconnectMaxMs has passed twice',
    );
  },
};

/** Kills around each packet: after which event, and how many milliseconds later. */
const KILLS: readonly [string, Fields][] = [
  ['msg:R', { way: 'in', type: 'msg:R', to: 'bob' }],
  ['msg:A', { way: 'out', type: 'msg:A' }],
  ['ack:N', { way: 'out', type: 'ack:N', to: 'bob' }],
  ['msg:N', { way: 'out', type: 'msg:N', from: 'bob' }],
  ['ack:R', { way: 'in', type: 'ack:R' }],
  ['ack:A', { way: 'out', type: 'ack:A' }],
];

for (const [packet, event] of KILLS) {
  CASES[`kill -9 around ${packet}: nothing is lost, nothing held twice`] = async (t, bot) => {
    const made = await stage(t, bot);
    const { side } = made;
    const wanted = Array.from({ length: 20 }, (_, index) => `out-${index}`);
    const pushes: Fields[] = [];
    const acked = new Set<unknown>();
    // A server that goes on pushing, on each connection, what has no ack.
    side.script = (packet) => {
      if (packet.type === 'ack:R') acked.add(packet.serverMsgId);
      return false;
    };
    for (const [round, delayMs] of [0, 1, 3, 8].entries()) {
      const after = side.seen.length;
      send(side, ...wanted.slice(round * 5, round * 5 + 5));
      for (let n = 0; n < 5; n += 1) pushes.push(side.push('bob', `in-${round}-${n}`));
      // The fifth message was seen, so all of this word are in the client's hands.
      await side.until({ way: 'in', type: 'msg:R', body: wanted[round * 5 + 4] }, 1, after);
      await side.until(event, 3, after);
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      await made.bot.kill();
      const before = side.seen.length;
      made.restart();
      await side.word('hello', {}, before);
      for (const push of pushes) if (!acked.has(push.serverMsgId)) side.send(push);
    }
    const delivered = () =>
      new Set(
        side
          .words('outcome')
          .filter(({ status }) => status === 'delivered')
          .map(({ msgId }) => msgId),
      ).size;
    await side.wait(
      () => (delivered() === 20 ? true : undefined),
      () => '20 outcomes',
    );
    const sent = side.all({ way: 'in', type: 'msg:R', to: 'bob' });
    t.equal(new Set(sent.map(({ msgId }) => msgId)).size, 20, 'one msgId for each message');
    t.same([...new Set(sent.map(({ body }) => body))].sort(), [...wanted].sort());
    await side.wait(
      () => (pushes.every(({ serverMsgId }) => acked.has(serverMsgId)) ? true : undefined),
      () => 'every push acked',
    );
    const items = (await inventory(side, 'bob')) as string[];
    t.same([...items].sort(), pushes.map(({ body }) => body).sort());
    const rids = side.all({ way: 'in' }).map(({ rid }) => rid);
    t.equal(new Set(rids).size, rids.length, 'no rid is used again over restarts');
    side.say({ do: 'exit' });
    t.same(await made.bot.ended, { code: 0, signal: null });
  };
}

const TIMEOUT_MS = 300_000;
t.setTimeout(TIMEOUT_MS);

for (const bot of BOTS) {
  t.test(bot.name, { skip: bot.whyNot ?? false, jobs: 2, timeout: TIMEOUT_MS }, async (t) => {
    for (const [name, run] of Object.entries(CASES)) t.test(name, (t) => run(t, bot));
  });
}
