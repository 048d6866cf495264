import { join } from 'node:path';
import t, { type Test } from 'tap';
import { BOTS, type Bot, startBot } from './testing/bots.js';
import type { Fields } from './testing/kit-side.js';
import { bodiesFrom, enter, SIX, serve, strikeAt, until } from './testing/served.js';

const TIMEOUT_MS = 300_000;

t.setTimeout(TIMEOUT_MS);

for (const lost of SIX) {
  t.test(`three ${lost} in a row are lost, and the line is cut: all is delivered once`, async (t) => {
    const proxy = await serve(t, t.testdir());
    const alice = await enter(t, proxy.url, 'alice');
    const bob = await enter(t, proxy.url, 'bob');
    let left = 3;
    proxy.filter = ({ type }) => type !== lost || left-- <= 0;
    const sent = Array.from({ length: 20 }, (_, index) => `m${index}`);
    await Promise.all(sent.map((body) => alice.send({ to: 'bob', body })));
    await until(alice, () => alice.outgoing.length === 0, 'every message delivered');
    t.ok(left < 0, 'the fault fired');
    const more = Array.from({ length: 20 }, (_, index) => `n${index}`);
    const handed = Promise.all(more.map((body) => alice.send({ to: 'bob', body })));
    proxy.cut();
    await handed;
    await until(alice, () => alice.outgoing.length === 0, 'every message after the cut delivered');
    t.same(bodiesFrom(bob, 'alice').sort(), [...sent, ...more].sort());
  });
}

const killBot = async (t: Test, bot: Bot): Promise<void> => {
  const data = t.testdir({ data: {}, server: {} });
  const proxy = await serve(t, join(data, 'server'));
  const conductor = await enter(t, proxy.direct, 'conductor');
  const bob = await enter(t, proxy.direct, 'bob');
  const words = (member: string): Fields[] =>
    bodiesFrom(conductor, 'bot')
      .map((body) => JSON.parse(body))
      .filter((word) => member in word)
      .map((word) => word[member]);
  const say = (word: object) => conductor.send({ to: 'bot', body: JSON.stringify(word) });
  let running = startBot(t, bot, proxy.url, join(data, 'data'));
  const wanted: string[] = [];
  const pushed: string[] = [];
  let starts = 1;
  for (const type of SIX) {
    for (const when of ['before', 'after'] as const) {
      await until(conductor, () => words('hello').length >= starts, `hello number ${starts}`);
      const name = `${type} ${when}`;
      // What the bot sends has its own path; what it gets has the other.
      const isSending = type === 'msg:R' || type === 'msg:A' || type === 'ack:N';
      const killed = strikeAt(proxy, type, isSending ? `out ${name} 3` : `in ${name} 3`, when, () => running.kill());
      if (isSending) {
        const messages = [1, 2, 3].map((n) => ({ to: 'bob', body: `out ${name} ${n}` }));
        wanted.push(...messages.map(({ body }) => body));
        await say({ do: 'send', messages });
      } else {
        for (const n of [1, 2, 3]) {
          pushed.push(`in ${name} ${n}`);
          await bob.send({ to: 'bot', body: `in ${name} ${n}` });
        }
      }
      await killed;
      proxy.filter = () => true;
      running = startBot(t, bot, proxy.url, join(data, 'data'));
      starts += 1;
    }
  }
  await until(bob, () => bob.outgoing.length === 0, 'the bot has acked everything');
  const delivered = () =>
    new Set(
      words('outcome')
        .filter(({ status }) => status === 'delivered')
        .map(({ msgId }) => msgId),
    );
  await until(conductor, () => delivered().size === wanted.length, 'an outcome for each message');
  t.same(bodiesFrom(bob, 'bot').sort(), wanted.sort(), 'bob holds each message once');
  await until(conductor, () => words('hello').length >= starts, 'the last hello');
  await say({ do: 'inventory', from: 'bob', ask: 1 });
  await until(conductor, () => words('inventory').length > 0, 'the inventory');
  const [{ items } = {}] = words('inventory');
  t.same((items as string[]).sort(), pushed.sort(), 'the bot holds each message once');
  await say({ do: 'exit' });
  t.same(await running.ended, { code: 0, signal: null });
};

for (const bot of BOTS) {
  t.test(
    `${bot.name}: kill -9 before and after each of the six packets`,
    { skip: bot.whyNot ?? false, timeout: TIMEOUT_MS },
    (t) => killBot(t, bot),
  );
}
