import t, { type Test } from 'tap';
import type { Channel, Locks } from './browser-globals.js';
import { Client } from './client.js';
import { Engine } from './engine.js';
import { newMsgId } from './ids.js';
import { type ClientOptions, type ClientStorage, connect, memoryStorage, type StatusChange } from './node.js';
import { dialNode, readRetryAfter } from './node-dial.js';
import { readOptions } from './options.js';
import { Tabs } from './tabs.js';
import { KitSide } from './testing/kit-side.js';

const timers = { resendAfterMs: 100, resendMaxMs: 400, reconnectAfterMs: 50, reconnectMaxMs: 400, deadAfterMs: 2_000 };
type More = Partial<ClientOptions<ClientStorage>>;

const optionsFor = (side: KitSide, more: More = {}): ClientOptions<ClientStorage> => ({
  url: side.url,
  token: 'bob',
  storage: memoryStorage(),
  timers,
  ...more,
});
const join = async (t: Test, side: KitSide, more: More = {}): Promise<Client> => {
  const client = await connect(optionsFor(side, more));
  t.teardown(() => client.close());
  return client;
};
/** Resolves with the first event of that kind that matches. */
const next = <T>(subscribe: (listener: (data: T) => void) => () => void, test: (data: T) => boolean): Promise<T> =>
  new Promise((resolve) => {
    const stop = subscribe((data) => {
      if (!test(data)) return;
      stop();
      resolve(data);
    });
  });
const status = (client: Client, wanted: string): Promise<StatusChange> =>
  next<StatusChange>(
    (listener) => client.on('status', listener),
    (change) => change.status === wanted,
  );

t.test('send, status, inbox, confirm, iteration, close', async (t) => {
  const side = await KitSide.start(t);
  const client = await join(t, side);
  const statuses = client.statuses();
  const msgId = await client.send({ to: 'carol', body: 'hi' });
  t.match(msgId, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  t.match(client.outgoing, [{ msgId, to: 'carol', body: 'hi', status: 'pending' }]);
  t.same((await statuses.next()).value, { msgId, to: 'carol', status: 'accepted' });
  t.same((await statuses.next()).value, { msgId, to: 'carol', status: 'delivered' });
  t.same(client.outgoing, []);
  side.push('dave', 'one');
  side.push('dave', 'two');
  const bodies: string[] = [];
  for await (const message of client.messages()) {
    bodies.push(message.body);
    t.ok(await client.settled(message, 5_000));
    if (bodies.length === 2) break;
  }
  t.same(bodies, ['one', 'two']);
  const [first] = client.inbox;
  await client.confirm(first as { id: number });
  t.same(
    client.inbox.map(({ body }) => body),
    ['two'],
  );
  await t.rejects(client.send({ to: '', body: '' }), { code: 'invalid-message' });
  const messages = client.messages();
  await messages.next();
  const last = messages.next();
  await client.close();
  t.ok((await last).done, 'the end of the client ends the iteration');
  t.equal(client.connection, 'closed');
  await t.rejects(client.send({ to: 'carol', body: 'late' }), { code: 'closed' });
});

t.test('offline first: what was sent before a connection goes out when it is there', async (t) => {
  const side = await KitSide.start(t);
  side.refusal = '404 Not Found';
  const records = new Map<string, unknown>();
  const before = await join(t, side, { storage: memoryStorage(records) });
  const ids = await Promise.all(['a', 'b', 'c'].map((body) => before.send({ to: 'carol', body })));
  t.ok(await before.cancel(ids[1] as string));
  await before.close();
  side.refusal = undefined;
  const after = await join(t, side, { storage: memoryStorage(records), token: async () => 'bob' });
  t.same(
    after.outgoing.map(({ body }) => body),
    ['a', 'c'],
  );
  await status(after, 'delivered');
  t.same(
    side
      .all({ way: 'in', type: 'msg:R' })
      .slice(0, 2)
      .map(({ msgId }) => msgId),
    [ids[0], ids[2]],
  );
});

t.test('handlers confirm by returning; one that throws is called again, in order', async (t) => {
  const side = await KitSide.start(t);
  const calls: string[] = [];
  const errors: string[] = [];
  let failures = 2;
  const client = await join(t, side, {
    onMessage: ({ body }) => {
      calls.push(body);
      if (body === 'one' && failures-- > 0) throw new Error('not now');
    },
  });
  client.on('error', ({ code }) => errors.push(code));
  await next<{ state: string }>(
    (listener) => client.on('connection', listener),
    ({ state }) => state === 'online',
  );
  side.push('dave', 'one');
  side.push('dave', 'two');
  await next<{ id: number }>(
    (listener) => client.on('confirmed', listener),
    ({ id }) => id === 2,
  );
  t.same(calls, ['one', 'one', 'one', 'two']);
  t.same(errors, ['handler', 'handler']);
  t.same(client.inbox, []);
});

t.test('a storage that fails ends the client: nothing is promised that is not stored', async (t) => {
  const side = await KitSide.start(t);
  const good = memoryStorage();
  let fails = false;
  const write = async (changes: Parameters<ClientStorage['write']>[0]): Promise<void> => {
    if (fails) throw new Error('disk full');
    await good.write(changes);
  };
  const client = await join(t, side, { storage: { ...good, write } });
  await client.send({ to: 'carol', body: 'good' });
  await status(client, 'delivered');
  fails = true;
  await t.rejects(client.send({ to: 'carol', body: 'bad' }), { code: 'storage' });
  await side.until({ way: 'close' });
  t.equal(side.all({ body: 'bad' }).length, 0);
  t.equal(client.connection, 'closed');
});

t.test('options are checked', async (t) => {
  const base = { url: 'ws://x/', token: 'x', storage: memoryStorage() };
  for (const more of [
    { url: 'http://x/' },
    { token: '' },
    { timers: { deadAfterMs: 0 } },
    { limits: { maxQueue: 1 } as object },
  ])
    t.throws(() => readOptions({ ...base, ...more }), { code: 'invalid-option' });
  t.equal(readRetryAfter('7', 0), 7_000);
  t.equal(readRetryAfter('Thu, 01 Jan 1970 00:00:09 GMT', 1_000), 8_000);
  t.equal(readRetryAfter('Thu, 01 Jan 1970 00:00:09 GMT', 99_000), 0);
  t.equal(readRetryAfter('soon', 0), undefined);
  t.ok(newMsgId(1) < newMsgId(2), 'ids sort by time');
});

/** One lock after another, as Web Locks give them. */
const fakeLocks = (): Locks => {
  let last: Promise<unknown> = Promise.resolve();
  return {
    request: (_, { signal }, held) => {
      const turn = last.then(() => (signal?.aborted ? undefined : held()));
      last = turn.catch(() => {});
      return turn;
    },
  };
};

interface TabsOf {
  locks: Locks;
  side: KitSide;
  storage(): ClientStorage;
}

const openTab = async (t: Test, name: string, { locks, side, storage }: TabsOf): Promise<Client> => {
  const tabs = new Tabs({
    name,
    locks,
    channel: new BroadcastChannel(name) as unknown as Channel,
    newEngine: () => new Engine(readOptions(optionsFor(side)), { storage: storage(), dial: dialNode, canPing: true }),
  });
  const client = new Client(tabs);
  t.teardown(() => client.close());
  await tabs.start(client);
  return client;
};

t.test('tabs: who cannot lead refuses what it is asked, until the next one leads', async (t) => {
  const side = await KitSide.start(t);
  const name = `failing-tabs-${process.pid}`;
  const locks = fakeLocks();
  const good = memoryStorage();
  const broken: ClientStorage = { ...good, load: () => Promise.reject(new Error('no room')) };
  const one = await openTab(t, name, { locks, side, storage: () => good });
  const two = await openTab(t, name, { locks, side, storage: () => broken });
  const closed = next<{ state: string }>(
    (listener) => two.on('connection', listener),
    ({ state }) => state === 'closed',
  );
  await one.close();
  const kept = two.send({ to: 'carol', body: 'kept waiting' });
  await t.rejects(kept, { code: 'storage' });
  await closed;
  await t.rejects(two.send({ to: 'carol', body: 'refused at once' }), { code: 'storage' });
  const led = next<{ state: string }>(
    (listener) => two.on('connection', listener),
    ({ state }) => state !== 'closed',
  );
  const three = await openTab(t, name, { locks, side, storage: () => good });
  await led;
  const delivered = status(three, 'delivered');
  const msgId = await two.send({ to: 'carol', body: 'by the next' });
  t.equal((await delivered).msgId, msgId);
});

t.test('tabs: one leads, the others speak through it, and the next takes over with what is open', async (t) => {
  const side = await KitSide.start(t);
  const records = new Map<string, unknown>();
  const locks = fakeLocks();
  const tab = (): Promise<Client> =>
    openTab(t, `tabs-${process.pid}`, { locks, side, storage: () => memoryStorage(records) });
  const one = await tab();
  const two = await tab();
  const three = await tab();
  const delivered = status(two, 'delivered');
  const heardByOne = status(one, 'delivered');
  const msgId = await two.send({ to: 'carol', body: 'from two' });
  t.equal((await delivered).msgId, msgId);
  t.equal((await heardByOne).msgId, msgId);
  t.equal(side.connection, 1, 'one connection');
  await t.rejects(two.send({ to: '', body: '' }), { code: 'invalid-message' });

  side.script = ({ body }) => body === 'open';
  const push = side.push('dave', 'held');
  await side.until({ way: 'out', type: 'ack:A', serverMsgId: push.serverMsgId });
  const open = await three.send({ to: 'carol', body: 'open' });
  await side.until({ way: 'in', body: 'open' });
  await one.close();
  await side.until({ way: 'open' }, 2);
  side.script = () => false;
  const end = await status(three, 'delivered');
  t.equal(end.msgId, open);
  t.same(new Set(side.all({ way: 'in', body: 'open' }).map((packet) => packet.msgId)), new Set([open]));
  t.same(
    two.inbox.map(({ body }) => body),
    ['held'],
  );
  await three.confirm(two.inbox[0] as { id: number });
  t.same(three.inbox, []);
  await two.close();
  await three.send({ to: 'carol', body: 'last' });
  t.equal((await status(three, 'delivered')).to, 'carol');
  t.equal(side.connection, 3);
});
