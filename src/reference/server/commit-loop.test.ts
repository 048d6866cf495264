import t from 'tap';
import type { Packet } from '../../../schemas/index.js';
import { CommitLoop } from './commit-loop.js';
import type { Connection } from './connection.js';
import { CorkGroup } from './cork.js';
import { MemoryStore } from './memory-store.js';
import { Outbox } from './outbox.js';
import { Registry } from './registry.js';
import type { Change } from './store.js';
import { UserCache } from './user-cache.js';

/** A disk that is full whenever it is told to be. */
class FailingStore extends MemoryStore {
  fails = false;
  override async commit(changes: readonly Change[]): Promise<void> {
    if (this.fails) throw new Error('no space left on device');
    await super.commit(changes);
  }
}

const setUp = (maxPendingRequests = 100) => {
  const store = new FailingStore();
  const registry = new Registry();
  const logged: string[] = [];
  const commitLoop = new CommitLoop({
    store,
    registry,
    cache: new UserCache(),
    cork: new CorkGroup(),
    log: (_, event) => logged.push(event),
    epoch: 'e',
    wallClock: () => 1_000,
    expires: false,
    multiDevice: false,
    counters: undefined,
    maxBodyBytes: 65_536,
    maxInboxMessages: 1,
    maxDevicesPerUser: 8,
    maxPendingRequests,
    maxPendingBytes: 1_000_000,
  });
  const join = (user: string): { connection: Connection; sent: Packet[] } => {
    const sent: Packet[] = [];
    const outbox = new Outbox(user, {
      now: () => 0,
      wallClock: () => 1_000,
      device: undefined,
      timings: undefined,
      maxInFlight: 10,
      push: (message, attempt) => sent.push({ ...message, type: 'msg:N', attempt }),
      isCongested: () => false,
      tellStored: () => {},
      requestScan: (of) => commitLoop.requestScan(of),
    });
    const fake = { user, device: 'default', outbox, send: (packet: Packet) => sent.push(packet), settleRequest() {} };
    const connection = fake as unknown as Connection;
    registry.add(connection);
    outbox.pump();
    return { connection, sent };
  };
  const exist = (user: string): Promise<string> =>
    new Promise((done) => {
      commitLoop.submit({ kind: 'user', user, device: 'default', done });
    });
  const message = (connection: Connection, rid: string, msgId: string): void =>
    commitLoop.submit({ kind: 'message', connection, packet: { type: 'msg:R', rid, msgId, to: 'bob', body: '' } });
  const ack = (connection: Connection, rid: string, serverMsgId: string): void =>
    commitLoop.submit({ kind: 'ack', connection, packet: { type: 'ack:R', rid, serverMsgId } });
  return { store, commitLoop, logged, join, exist, message, ack };
};

const told = (sent: readonly Packet[]): string[] =>
  sent.map((packet) => {
    const rid = 'rid' in packet ? ` ${packet.rid}` : '';
    const status = 'status' in packet ? ` ${packet.status}` : '';
    return `${packet.type}${rid}${status}${'error' in packet && packet.error ? ` ${packet.error.code}` : ''}`;
  });

t.test('a commit that fails: every copy is refused, nothing is remembered, the next try is new', async (t) => {
  const { store, commitLoop, logged, join, exist, message, ack } = setUp();
  t.equal(await exist('bob'), 'stored');
  const alice = join('alice');
  store.fails = true;
  t.equal(await exist('carol'), 'failed');
  message(alice.connection, '1', 'm');
  message(alice.connection, '2', 'm');
  await commitLoop.drain();
  t.same(told(alice.sent), ['msg:A 1 rejected internal', 'msg:A 2 rejected internal']);
  t.same(logged, ['commit-failed', 'commit-failed']);
  store.fails = false;
  message(alice.connection, '3', 'm');
  message(alice.connection, '4', 'm');
  message(alice.connection, '5', 'other');
  await commitLoop.drain();
  t.same(told(alice.sent.slice(2)), [
    'msg:A 3 accepted',
    'ack:N stored',
    'msg:A 4 duplicate',
    'ack:N stored',
    'msg:A 5 rejected inbox-full',
  ]);

  const bob = join('bob');
  await commitLoop.drain();
  const [pushed] = bob.sent;
  const serverMsgId = pushed?.type === 'msg:N' ? pushed.serverMsgId : '';
  store.fails = true;
  ack(bob.connection, '1', serverMsgId);
  message(alice.connection, '6', 'm');
  await commitLoop.drain();
  t.same(told(bob.sent), ['msg:N', 'ack:A 1 rejected internal', 'msg:N'], 'not acked, so it is pushed again');
  store.fails = false;
  ack(bob.connection, '2', serverMsgId);
  message(alice.connection, '7', 'm');
  ack(bob.connection, '3', serverMsgId);
  await commitLoop.drain();
  t.same(told(bob.sent.slice(3)), ['ack:A 2 ok', 'ack:A 3 duplicate']);
  t.same(told(alice.sent.slice(8)), ['ack:N delivered', 'msg:A 7 duplicate', 'ack:N delivered']);
});

t.test('more requests than may wait are answered `busy`', async (t) => {
  const { commitLoop, join, exist, message, ack } = setUp(1);
  await exist('bob');
  const alice = join('alice');
  message(alice.connection, '1', 'm1');
  message(alice.connection, '2', 'm2');
  ack(alice.connection, '3', 'x');
  t.same(told(alice.sent), ['msg:A 2 rejected busy', 'ack:A 3 rejected busy']);
  await commitLoop.drain();
  t.same(told(alice.sent.slice(2)), ['msg:A 1 accepted', 'ack:N stored']);
});
