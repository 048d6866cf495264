import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { packageRoot } from '../../package-root.js';
import type { Client } from './client.js';
import { connect, memoryStorage } from './node.js';
import { BOTS, type Bot, startBot } from './testing/bots.js';
import { type FaultProxy, startProxy } from './testing/fault-proxy.js';
import type { Fields } from './testing/kit-side.js';

const PROGRAM = join(packageRoot, 'dist', 'bin', 'im-conformance.js');
const PATIENCE_MS = 30_000;
const TIMEOUT_MS = 300_000;
const timers = { resendAfterMs: 200, resendMaxMs: 800, reconnectAfterMs: 50, reconnectMaxMs: 400, deadAfterMs: 5_000 };
const SIX = ['msg:R', 'msg:A', 'msg:N', 'ack:R', 'ack:A', 'ack:N'] as const;

t.setTimeout(TIMEOUT_MS);

t.before(() => {
  if (!existsSync(PROGRAM)) throw new Error('this test starts the built program: run "npm run build" first');
});

/** The reference server as a stranger starts it, behind a proxy that loses packets. */
const serve = async (t: Test): Promise<FaultProxy & { direct: string }> => {
  const flags = ['--data', t.testdir(), '--redeliver-after', '300', '--redeliver-max', '1000'];
  const child = spawn(process.execPath, [PROGRAM, 'serve', '--port', '0', ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  const [line] = await once(child.stdout, 'data');
  const direct = /ws:\S+/.exec(String(line))?.[0] ?? '';
  return Object.assign(await startProxy(t, direct), { direct });
};

const enter = async (t: Test, url: string, token: string): Promise<Client> => {
  const client = await connect({ url, token, storage: memoryStorage(), timers });
  t.teardown(() => client.close());
  await until(client, () => client.connection === 'online', `${token} online`);
  return client;
};

/** Resolves when the test holds; it is looked at after each event of the client. */
const until = (client: Client, test: () => boolean, what: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const stops: (() => void)[] = [];
    const end = (finish: () => void): void => {
      clearTimeout(timer);
      for (const stop of stops) stop();
      finish();
    };
    const look = (): void => {
      if (test()) end(resolve);
    };
    const timer = setTimeout(() => end(() => reject(new Error(`not seen: ${what}`))), PATIENCE_MS);
    for (const kind of ['message', 'status', 'forgotten', 'connection'] as const) stops.push(client.on(kind, look));
    look();
  });

const bodiesFrom = (client: Client, from: string): string[] =>
  client.inbox.filter((message) => message.from === from).map(({ body }) => body);

for (const lost of SIX) {
  t.test(`three ${lost} in a row are lost, and the line is cut: all is delivered once`, async (t) => {
    const proxy = await serve(t);
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

/** Kills a bot when a packet is on its way: before it goes on, or right after. */
const killAt = (proxy: FaultProxy, type: string, mark: string, when: 'before' | 'after', kill: () => Promise<void>) => {
  /** Ids that belong to the packet that carried the mark: its answers carry them, too. */
  const ids = new Set<unknown>();
  return new Promise<void>((resolve) => {
    let fired = false;
    proxy.filter = (packet) => {
      if (packet.body === mark) for (const id of [packet.msgId, packet.serverMsgId]) if (id !== undefined) ids.add(id);
      const belongs = ids.has(packet.msgId) || ids.has(packet.serverMsgId);
      if (fired || packet.type !== type || !belongs) return !fired || when === 'after';
      fired = true;
      void kill().then(resolve);
      return when === 'after';
    };
  });
};

const killBot = async (t: Test, bot: Bot): Promise<void> => {
  const proxy = await serve(t);
  const data = t.testdir({ data: {} });
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
      const killed = killAt(proxy, type, isSending ? `out ${name} 3` : `in ${name} 3`, when, () => running.kill());
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
