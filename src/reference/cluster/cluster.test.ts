import t, { type Test } from 'tap';
import { type RunningServer, startServer } from '../server/index.js';
import { TestClient } from '../server/testing/client.js';
import { CALM } from '../server/testing/place.js';
import { MemoryLog } from './memory-log.js';

interface Nodes {
  log: MemoryLog;
  servers: RunningServer[];
  join(token: string, node: number): Promise<TestClient>;
}

/** A refused upgrade passes when the node has caught up. */
const MAX_TRIES = 200;

const connect = async (url: string, token: string): Promise<TestClient> => {
  for (let tries = 1; ; tries += 1) {
    try {
      return await TestClient.connect(url, token);
    } catch (error) {
      if (tries === MAX_TRIES || !/503/.test(String(error))) throw error;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
};

/** Nodes in this process, whose log is in memory. */
const start = async (t: Test, count: number, log = new MemoryLog()): Promise<Nodes> => {
  const servers: RunningServer[] = [];
  const clients: TestClient[] = [];
  for (let node = 1; node <= count; node += 1) {
    const cluster = { node: String(node), log, urls: [] };
    servers.push(await startServer({ cluster, timers: { ...CALM, answerWithinMs: 400 } }));
  }
  t.teardown(async () => {
    for (const client of clients) client.webSocket.terminate();
    log.unreachable.clear();
    await Promise.all(servers.map((server) => server.stop()));
  });
  const join = async (token: string, node: number): Promise<TestClient> => {
    const client = await connect(servers[node - 1]?.url ?? '', token);
    clients.push(client);
    return client;
  };
  return { log, servers, join };
};

t.test('a message, its copy and its receipt cross from node to node', async (t) => {
  const { join } = await start(t, 3);
  const bob = await join('bob', 2);
  const alice = await join('alice', 1);
  const accepted = await alice.message('m-1', 'bob');
  t.match(accepted, { status: 'accepted' });
  const pushed = await bob.next('msg:N', { msgId: 'm-1' });
  t.equal(pushed.serverMsgId, accepted.serverMsgId);
  const elsewhere = await join('alice', 3);
  t.equal(await alice.closed, 4409, 'the older connection is replaced, on another node');
  t.match(await elsewhere.message('m-1', 'bob'), { status: 'duplicate', serverMsgId: accepted.serverMsgId });
  t.match(await bob.ack(pushed.serverMsgId), { status: 'ok' });
  t.match(await elsewhere.next('ack:N', { status: 'delivered' }), { msgId: 'm-1' });
});

t.test('copies at the same moment on two nodes are one message', async (t) => {
  const { join } = await start(t, 2);
  const bob = await join('bob', 1);
  const [phone, desk] = [await join('alice/phone', 1), await join('alice/desk', 2)];
  for (let round = 0; round < 10; round += 1) {
    const answers = await Promise.all([phone, desk].map((client) => client.message(`m-${round}`, 'bob')));
    t.same(answers.map(({ status }) => status).sort(), ['accepted', 'duplicate']);
    t.equal(answers[0]?.serverMsgId, answers[1]?.serverMsgId);
    const { serverMsgId } = await bob.next('msg:N', { msgId: `m-${round}` });
    t.equal(serverMsgId, answers[0]?.serverMsgId);
  }
});

t.test('a node whose lease lapsed closes with 1001, and its users are away for the others', async (t) => {
  const { log, join } = await start(t, 2);
  const bob = await join('bob', 2);
  const alice = await join('alice', 1);
  await alice.message('m-1', 'bob');
  await bob.next('msg:N');
  log.lapse('2');
  t.equal(await bob.closed, 1001);
  await alice.message('m-1', 'bob');
  t.match(await alice.next('ack:N'), { status: 'stored' }, 'nobody is connected any more');
  const back = await join('bob', 2);
  t.match(await back.next('msg:N'), { msgId: 'm-1' }, 'the node has begun a new life');
});

t.test('a node that cannot reach the log closes the connection of what it handed on', async (t) => {
  const { log, join } = await start(t, 2);
  await join('bob', 1);
  const alice = await join('alice', 2);
  log.unreachable.add('2');
  const sent = alice.message('m-1', 'bob').catch(() => undefined);
  const code = await alice.closed;
  t.equal(code, 1001, 'the first one was handed on: nobody knows what came of it');
  log.unreachable.clear();
  await Promise.race([sent, new Promise((resolve) => setImmediate(resolve))]);
  const again = await join('alice', 1);
  t.match(await again.message('m-1', 'bob'), { status: /accepted|duplicate/ });
});

t.test('a node that starts late has read everything before it lets anybody in', async (t) => {
  const { log, join } = await start(t, 1);
  const alice = await join('alice', 1);
  await (await join('bob', 1)).close();
  for (let index = 0; index < 50; index += 1) await alice.message(`m-${index}`, 'bob');
  const late = await startServer({ cluster: { node: '2', log, urls: [] }, timers: CALM });
  t.teardown(() => late.stop());
  const bob = await connect(late.url, 'bob');
  t.teardown(() => bob.webSocket.terminate());
  for (let index = 0; index < 50; index += 1) await bob.next('msg:N', { msgId: `m-${index}` });
});
