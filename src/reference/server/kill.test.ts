import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { packageRoot } from '../../package-root.js';
import { TestClient } from './testing/client.js';

const PROGRAM = join(packageRoot, 'dist', 'bin', 'im-conformance.js');

const serve = (t: Test, data: string, ...more: string[]): ChildProcess => {
  const child = spawn(process.execPath, [PROGRAM, 'serve', '--port', '0', '--data', data, ...more], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  return child;
};

const textOf = async (stream: NodeJS.ReadableStream | null): Promise<string> => {
  let text = '';
  for await (const chunk of stream ?? []) text += String(chunk);
  return text;
};

/** A server that does not start says so, instead of being waited for. */
const urlOf = async (child: ChildProcess): Promise<string> => {
  const errors = textOf(child.stderr);
  const exited = once(child, 'exit').then(async ([code]) => {
    throw new Error(`the server ended with exit code ${code}: ${await errors}`);
  });
  exited.catch(() => {});
  const [line] = await Promise.race([once(child.stdout as NodeJS.ReadableStream, 'data'), exited]);
  return /ws:\S+/.exec(String(line))?.[0] ?? '';
};

t.before(() => {
  if (!existsSync(PROGRAM)) throw new Error('this test starts the built program: run "npm run build" first');
});

t.test('kill -9 with many messages in flight: what was answered is there', async (t) => {
  const data = t.testdir();
  const ids = new Map<string, unknown>();
  const acked = new Set<unknown>();
  for (let round = 0; round < 3; round += 1) {
    const child = serve(t, data);
    const url = await urlOf(child);
    const bob = await TestClient.connect(url, 'bob');
    const alice = await TestClient.connect(url, 'alice');
    bob.webSocket.on('message', (text) => {
      const packet = JSON.parse(String(text));
      if (packet.type === 'msg:N') {
        if (acked.has(packet.serverMsgId)) t.fail('push after an ack:A', packet);
        // Some are left for the last process.
        if (!packet.msgId.endsWith('0'))
          bob.send({ type: 'ack:R', rid: `a${packet.attempt}`, serverMsgId: packet.serverMsgId });
      } else if (packet.type === 'ack:A') {
        acked.add(packet.serverMsgId);
      }
    });
    for (let index = 0; index < 200; index += 1) {
      const msgId = `${round}-${index}`;
      alice.send({ type: 'msg:R', rid: msgId, msgId, to: 'bob', body: 'x'.repeat(500) });
    }
    alice.webSocket.on('message', (text) => {
      const packet = JSON.parse(String(text));
      if (packet.type !== 'msg:A') return;
      ids.set(packet.msgId, packet.serverMsgId);
      // In the middle of the traffic, at another moment each time.
      if (packet.msgId === `${round}-${40 * round}`) child.kill('SIGKILL');
    });
    await Promise.all([alice.closed, bob.closed]);
    // The kernel closes the sockets of a killed process before it lets go of the lock of its folder.
    if (child.signalCode === null) await once(child, 'exit');
  }
  const child = serve(t, data);
  const url = await urlOf(child);
  const alice = await TestClient.connect(url, 'alice');
  t.equal(new Set(ids.values()).size, ids.size, 'no serverMsgId twice');
  const waiting = new Set<unknown>();
  await Promise.all(
    [...ids].map(async ([msgId, serverMsgId]) => {
      const answer = await alice.message(msgId, 'bob', 'x'.repeat(500));
      if (answer.status !== 'duplicate' || answer.serverMsgId !== serverMsgId) t.fail('forgotten', { answer });
      const { status } = await alice.next('ack:N', { serverMsgId });
      if (acked.has(serverMsgId) && status !== 'delivered') t.fail('ack forgotten', { serverMsgId });
      if (status === 'stored') waiting.add(serverMsgId);
    }),
  );
  t.ok(waiting.size > 0, 'some messages are still to be acked');
  const bob = await TestClient.connect(url, 'bob');
  while (waiting.size > 0) {
    const { serverMsgId } = await bob.next('msg:N');
    if (acked.has(serverMsgId)) t.fail('push of what an earlier process has acked', { serverMsgId });
    // What was stored without an answer is acked, too: left alone it would fill the window.
    bob.send({ type: 'ack:R', rid: `${serverMsgId}`, serverMsgId: `${serverMsgId}` });
    t.match(await bob.next('ack:A', { serverMsgId }), { status: /^(ok|duplicate)$/ });
    waiting.delete(serverMsgId);
  }
  t.ok(ids.size >= 3);
  child.kill('SIGTERM');
  t.equal(await alice.closed, 1001);
  t.same(await once(child, 'exit'), [0, null]);
});

t.test('a locked folder, an unknown class, a port that is no number: exit 2 and what to do', async (t) => {
  const data = t.testdir();
  const first = serve(t, data);
  await urlOf(first);
  const cases: [string[], RegExp][] = [
    [[], /in use by another process/],
    [['--class', 'core,swift'], /there is no class "swift"/],
    [['--port', 'x'], /--port is "x"/],
    [['--dead-after', '0'], /deadAfterMs is 0/],
  ];
  for (const [more, expected] of cases) {
    const child = serve(t, data, ...more);
    const [errors, exit] = await Promise.all([textOf(child.stderr), once(child, 'exit')]);
    t.match(errors, expected);
    t.equal(exit[0], 2);
  }
});
