import { join } from 'node:path';
import type { Page } from 'playwright-core';
import t, { type Test } from 'tap';
import { skipWithoutChromium as skip } from '../../harness/testing/chromium.js';
import { awaitClient, type ClientPages, openClientPages } from './testing/browser-pages.js';
import { bodiesFrom, enter, QUICK_TIMERS, SIX, serve, strikeAt, until } from './testing/served.js';

const TIMEOUT_MS = 300_000;
t.setTimeout(TIMEOUT_MS);

/** How a page goes; what is returned is the page that goes on sending. */
type Blow = (pages: ClientPages, tabs: Page[]) => Promise<void>;

const crash = async ({ context }: ClientPages, page: Page): Promise<void> => {
  const session = await context.newCDPSession(page);
  // The tab dies before it can answer.
  void session.send('Page.crash').catch(() => {});
  await page.waitForEvent('crash');
  await page.close();
};

const BLOWS: Record<string, { tabs: number; blow: Record<'before' | 'after', Blow> }> = {
  'one page is loaded again': {
    tabs: 1,
    blow: {
      before: async (_, [page]) => void (await page?.reload()),
      after: async (_, [page]) => void (await page?.reload()),
    },
  },
  'of two tabs the one with the connection crashes or is closed': {
    tabs: 2,
    blow: {
      before: async (pages, tabs) => crash(pages, tabs.shift() as Page),
      after: async (_, tabs) => (tabs.shift() as Page).close(),
    },
  },
};

const held = (page: Page): Promise<string[]> => page.evaluate('client.inbox.map(({ body }) => body)');

const strikeAll = async (t: Test, name: string): Promise<void> => {
  const { tabs: count, blow } = BLOWS[name] as (typeof BLOWS)[string];
  const folder = t.testdir({ profile: {}, data: {} });
  const proxy = await serve(t, join(folder, 'data'));
  const options = { url: proxy.url, token: 'alice', timers: QUICK_TIMERS };
  const pages = await openClientPages(t, join(folder, 'profile'), options);
  const bob = await enter(t, proxy.direct, 'bob');
  const tabs = [await pages.open()];
  const sent: string[] = [];
  const pushed: string[] = [];
  for (const type of SIX) {
    for (const when of ['before', 'after'] as const) {
      while (tabs.length < count) tabs.push(await pages.open());
      const speaker = tabs.at(-1) as Page;
      const isSending = type === 'msg:R' || type === 'msg:A' || type === 'ack:N';
      const bodies = [1, 2, 3].map((n) => `${isSending ? 'out' : 'in'} ${type} ${when} ${n}`);
      const struck = strikeAt(proxy, type, bodies[2] as string, when, () => blow[when](pages, tabs));
      if (isSending) {
        sent.push(...bodies);
        await speaker.evaluate(`void ${JSON.stringify(bodies)}.map((body) => client.send({ to: 'bob', body }))`);
      } else {
        pushed.push(...bodies);
        for (const body of bodies) await bob.send({ to: 'alice', body });
      }
      await struck;
      proxy.filter = () => true;
      await awaitClient(tabs.at(-1) as Page);
    }
  }
  await until(bob, () => bob.outgoing.length === 0, 'the pages have acked everything');
  const last = tabs.at(-1) as Page;
  await last.waitForFunction('client.outgoing.length === 0');
  t.same(bodiesFrom(bob, 'alice').sort(), sent.sort(), 'bob holds each message once');
  t.same((await held(last)).sort(), pushed.sort(), 'the page holds each message once');
};

for (const name of Object.keys(BLOWS)) {
  t.test(`before and after each of the six packets: ${name}`, { skip, timeout: TIMEOUT_MS }, (t) => strikeAll(t, name));
}

t.test(
  'tabs share one device: one connection, one inbox, and the same events',
  { skip, timeout: TIMEOUT_MS },
  async (t) => {
    const folder = t.testdir({ profile: {}, data: {} });
    const proxy = await serve(t, join(folder, 'data'));
    const pages = await openClientPages(t, join(folder, 'profile'), { url: proxy.url, token: 'alice' });
    const bob = await enter(t, proxy.direct, 'bob');
    const [one, two] = [await pages.open(), await pages.open()];
    await Promise.all(
      [one, two].map((page, tab) =>
        page.evaluate(
          `void Array.from({ length: 50 }, (_, n) => client.send({ to: 'bob', body: '${tab} ' + n }).catch(console.error))`,
        ),
      ),
    );
    await until(bob, () => bob.inbox.length >= 100, 'what both tabs sent');
    for (const page of [one, two]) await page.waitForFunction('client.outgoing.length === 0');
    const bodies = bodiesFrom(bob, 'alice');
    t.equal(new Set(bodies).size, 100);
    t.equal(bodies.length, 100, 'each once');
    for (const tab of ['0', '1']) {
      const order = bodies.filter((body) => body.startsWith(`${tab} `)).map((body) => Number(body.slice(2)));
      t.same(
        order,
        order.toSorted((a, b) => a - b),
        'in the order of each tab',
      );
    }
    t.equal((await one.evaluate('told.length')) as number, 200, 'the tab with the connection calls the handlers');
    t.equal((await two.evaluate('told.length')) as number, 0, 'and no other');
    await bob.send({ to: 'alice', body: 'for both' });
    for (const page of [one, two]) await page.waitForFunction('client.inbox.length === 1');
    await two.evaluate('client.confirm(client.inbox[0])');
    await one.waitForFunction('client.inbox.length === 0');
  },
);

t.test(
  'a storage that is given as an object belongs to one client at a time',
  { skip, timeout: TIMEOUT_MS },
  async (t) => {
    const folder = t.testdir({ profile: {}, data: {} });
    const proxy = await serve(t, join(folder, 'data'));
    const options = { url: proxy.url, token: 'alice' };
    const pages = await openClientPages(t, join(folder, 'profile'), options);
    const [one, two] = [await pages.open(), await pages.open()];
    const more = JSON.stringify({ ...options, token: 'carol' });
    const join_ = `library.connect({ ...${more}, storage: library.indexedDbStorage('carol') })`;
    await one.evaluate(`${join_}.then((client) => { globalThis.carol = client; })`);
    const refused = `${join_}.then(() => 'shared', ({ code, message }) => code + ': ' + message)`;
    t.match(await two.evaluate(refused), /^storage: .*carol.* in use/);
    await one.evaluate('carol.close()');
    t.equal(await two.evaluate(`${join_}.then((client) => client.close()).then(() => 'free')`), 'free');
  },
);
