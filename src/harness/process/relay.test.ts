import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { pickPort, releasePort } from './port.js';
import { Relay } from './relay.js';

const BOUND_MS = 2_000;

/** A server that answers each chunk with `echo:`, behind a relay; `heard` is what it got. */
const setUp = async (t: Test) => {
  const heard: string[] = [];
  const ends: string[] = [];
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => ends.push('far'));
    socket.on('data', (chunk) => {
      heard.push(String(chunk));
      socket.write(`echo:${chunk}`);
    });
  });
  const [far, near] = [await pickPort(), await pickPort()];
  server.listen(far, '127.0.0.1');
  await once(server, 'listening');
  const relay = new Relay(far);
  await relay.listen(near);
  t.teardown(() => {
    relay.close();
    server.close();
    for (const socket of sockets) socket.destroy();
    for (const port of [far, near]) releasePort(port);
  });
  const dial = async (): Promise<Client> => {
    const socket = connect(near, '127.0.0.1');
    socket.setNoDelay(true);
    const client: Client = { socket, got: '', ended: false };
    socket.on('data', (chunk) => {
      client.got += String(chunk);
    });
    socket.on('error', () => undefined);
    socket.once('close', () => {
      client.ended = true;
    });
    await Promise.race([once(socket, 'connect'), once(socket, 'close')]).catch(() => undefined);
    return client;
  };
  return { relay, heard, ends, dial };
};

interface Client {
  socket: Socket;
  got: string;
  ended: boolean;
}

const until = async (done: () => boolean): Promise<boolean> => {
  const end = performance.now() + BOUND_MS;
  while (!done() && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 5));
  return done();
};

t.test('what crosses a link is counted, and reaches the other side with its end', async (t) => {
  const { relay, heard, ends, dial } = await setUp(t);
  const client = await dial();
  client.socket.write('a');
  t.ok(await until(() => client.got === 'echo:a'));
  t.same(heard, ['a']);
  t.same(relay.traffic, { carried: 7, blocked: 0 });
  client.socket.end();
  t.ok(await until(() => ends.length === 1 && client.ended), 'the end of one side ends the other');
});

/** Whether what is said on a connection that is open already, and on a new one, is heard, and its answer. */
const CUTS = [
  { way: 'both', open: [false, false], fresh: [false, false] },
  { way: 'out', open: [false, false], fresh: [false, false] },
  { way: 'in', open: [true, false], fresh: [true, false] },
  { way: 'half-open', open: [false, false], fresh: [true, true] },
  { way: 'refused', open: [false, false], fresh: [false, false] },
] as const;

for (const { way, open, fresh } of CUTS) {
  t.test(`a link that is cut: ${way}`, async (t) => {
    const { relay, heard, dial } = await setUp(t);
    const before = await dial();
    before.socket.write('a');
    t.ok(await until(() => before.got === 'echo:a'));
    relay.cut(way);
    before.socket.write('b');
    const after = await dial();
    after.socket.write('c');
    await until(() => relay.traffic.blocked > 0 && heard.length === 1 + Number(open[0]) + Number(fresh[0]));
    // What is lost shows in nothing: a third exchange that surely crosses comes after it.
    const blocked = relay.traffic.blocked;
    t.ok(blocked > 0, 'something was kept');
    t.equal(heard.includes('b'), open[0], 'said on the open one');
    t.equal(heard.includes('c'), fresh[0], 'said on the new one');
    if (fresh[1]) t.ok(await until(() => after.got === 'echo:c'));
    t.equal(before.got, 'echo:a', 'no answer on the open one');
    if (way === 'refused') t.ok(await until(() => before.ended));
    else t.notOk(before.ended, 'nobody is told');
    relay.heal();
    t.ok(await until(() => before.ended), 'a stream with a gap is reset');
    const whole = await dial();
    whole.socket.write('d');
    t.ok(await until(() => whole.got === 'echo:d'), 'and a new one works');
  });
}

t.test('a slow link keeps the order of bytes, and is fast again when it is healed', async (t) => {
  const { relay, dial } = await setUp(t);
  const client = await dial();
  relay.delay(60);
  const from = performance.now();
  client.socket.write('a');
  setImmediate(() => client.socket.write('b'));
  t.ok(await until(() => client.got === 'echo:aecho:b' || client.got === 'echo:ab'));
  t.ok(performance.now() - from >= 110, 'both ways');
  relay.heal();
  client.socket.write('c');
  t.ok(await until(() => client.got.endsWith('echo:c')));
});

t.test('a link that is healed while it holds bytes keeps their order, and their end', async (t) => {
  const { relay, heard, dial, ends } = await setUp(t);
  const client = await dial();
  relay.delay(200);
  client.socket.write('held,');
  await until(() => client.socket.bytesWritten === 5);
  // By then the relay has read it, and holds it back.
  await new Promise((resolve) => setTimeout(resolve, 20));
  relay.heal();
  client.socket.end('later');
  t.ok(await until(() => heard.join('').length === 10));
  t.equal(heard.join(''), 'held,later');
  t.ok(await until(() => ends.length > 0 || client.got.length > 0));
});
