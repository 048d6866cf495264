import t from 'tap';
import type { AckR } from '../../../../schemas/index.js';
import type { Dial, Socket } from '../../../play/index.js';
import type { Scenario } from '../../../script/index.js';
import type { Account } from '../../options.js';
import { createAuthenticate } from '../identity/index.js';
import { AccountPool, checkAccounts } from './index.js';

const scenario = (id: string, clients: Record<string, string[]>, more: object = {}): Scenario =>
  ({
    id,
    bystanders: false,
    clients: Object.entries(clients).flatMap(([user, devices]) =>
      devices.map((device, i) => ({ name: `${user}${i}`, userOf: user, device, start: 'present', autoAcks: false })),
    ),
    ...more,
  }) as unknown as Scenario;

const users = (...names: string[]): Account[] => names.map((user) => ({ user }));
const TALK = scenario('talk', { alice: ['default'], bob: ['default'] });

/** A server that holds messages for users, and pushes them until they are acked. */
const holding = (waiting: Map<string, number>) => {
  const log: string[] = [];
  const dial: Dial = async ({ user, device }, handlers) => {
    log.push(`${user}/${device}`);
    const key = `${user}/${device}`;
    handlers.onOpen({
      sendText: () => waiting.set(key, (waiting.get(key) ?? 0) - 1),
      closeCleanly: () => handlers.onClose(1000),
    } as unknown as Socket);
    for (let i = 0; i < (waiting.get(key) ?? 0); i++) {
      const packet = {
        type: 'msg:N',
        msgId: `m${i}`,
        serverMsgId: `s${i}`,
        from: 'x',
        to: user,
        body: '',
        acceptedAt: 1,
      };
      setImmediate(() => handlers.onText(JSON.stringify(packet)));
    }
    return { ok: true };
  };
  return { dial, log };
};

const pool = (accounts: Account[], dial: Dial, devicesApart = false) =>
  new AccountPool(accounts, { dial, devicesApart, quietMs: 5, connectMs: 100 });

t.test('accounts are emptied before the first scenario, and after one that left something', async (t) => {
  const waiting = new Map([['u1/default', 3]]);
  const { dial, log } = holding(waiting);
  const accounts = pool(users('u1', 'u2'), dial);
  const lease = await accounts.lease(TALK);
  t.same([...waiting.values()], [0], 'what an earlier run left is acked');
  t.same(log, ['u1/default', 'u2/default']);
  t.same([lease.identity('alice', 'default'), lease.identity('bob', 'default')].map(({ user }) => user).sort(), [
    'u1',
    'u2',
  ]);
  await lease.release(true);
  t.equal(log.length, 2, 'a scenario that settled leaves nothing');
  await (await accounts.lease(TALK)).release(false);
  t.equal(log.length, 4, 'both are emptied together');
});

t.test('through a dialect the accounts are emptied, too', async (t) => {
  const waiting = new Map([['u1', ['s1', 's2']]]);
  const dial: Dial = async ({ user }, handlers) => {
    const left = waiting.get(user) ?? [];
    handlers.onOpen({
      sendPacket: (packet: AckR) => {
        left.splice(left.indexOf(packet.serverMsgId), 1);
        return undefined;
      },
      closeCleanly: () => handlers.onClose(1000),
    } as unknown as Socket);
    for (const serverMsgId of left) {
      const packet = { msgId: serverMsgId, serverMsgId, from: 'x', to: user, body: '', acceptedAt: 1 };
      setImmediate(() => handlers.onPacket?.({ type: 'msg:N', ...packet }));
    }
    return { ok: true };
  };
  await pool(users('u1', 'u2'), dial).lease(TALK);
  t.same(waiting.get('u1'), [], 'what an earlier run left is acked');
});

t.test('what an account sent before is known to whoever has it later', async (t) => {
  const receipt = { type: 'ack:N', msgId: 'of-an-earlier-run', serverMsgId: 's', to: 'x', status: 'delivered', at: 1 };
  const dial: Dial = async (_, handlers) => {
    handlers.onOpen({ closeCleanly: () => handlers.onClose(1000) } as unknown as Socket);
    setImmediate(() => handlers.onText(JSON.stringify(receipt)));
    return { ok: true };
  };
  const accounts = pool(users('u1', 'u2'), dial);
  const first = await accounts.lease(TALK);
  t.ok(first.wasSentEarlier('u1', 'of-an-earlier-run'), 'its receipt came while the accounts were emptied');
  first.noteSent('u1', 'm1');
  t.notOk(first.wasSentEarlier('u1', 'm1'), 'what it sends itself is its own');
  await first.release(true);
  const second = await accounts.lease(TALK);
  t.ok(second.wasSentEarlier('u1', 'm1'));
  t.notOk(second.wasSentEarlier('u2', 'm1'));
  second.noteSent('u2', 'm2');
  second.abandon();
  t.ok((await accounts.lease(TALK)).wasSentEarlier('u2', 'm2'), 'even after a scenario that broke off');
});

t.test('scenarios take turns', async (t) => {
  const accounts = pool(users('u1', 'u2', 'u3'), holding(new Map()).dial);
  const first = await accounts.lease(TALK);
  const order: string[] = [];
  const second = accounts.lease(TALK).then((lease) => {
    order.push('second');
    return lease;
  });
  const alone = accounts.lease(scenario('small', { alice: ['default'] })).then((lease) => {
    order.push('third');
    return lease;
  });
  await new Promise((resolve) => setImmediate(resolve));
  t.same(order, [], 'one account is free, and nobody overtakes');
  await first.release(true);
  const leases = await Promise.all([second, alone]);
  t.same(order, ['second', 'third']);
  const names = leases.flatMap((lease) =>
    ['alice', 'bob'].flatMap((role) => {
      try {
        return [lease.identity(role, 'default').user];
      } catch {
        return [];
      }
    }),
  );
  t.equal(new Set(names).size, 3, 'no account plays two parts at once');
});

t.test('devices', async (t) => {
  const fixed: Account[] = [
    { user: 'u1', token: 'a' },
    { user: 'u2', token: 'b' },
    { user: 'u2', device: 'tablet', token: 'c' },
  ];
  const { dial, log } = holding(new Map());
  const lease = await pool(fixed, dial).lease(scenario('two', { alice: ['default', 'phone'], bob: ['default'] }));
  t.same(lease.identity('alice', 'phone'), { user: 'u2', device: 'tablet' }, 'a device that has a token');
  t.same(lease.identity('bob', 'default'), { user: 'u1', device: 'default' });
  t.same(log, ['u1/default', 'u2/default', 'u2/tablet']);

  const apart = holding(new Map());
  const any = pool(users('u1', 'u2'), apart.dial, true);
  await (await any.lease(scenario('two', { alice: ['default', 'phone'], bob: ['default'] }))).release(true);
  apart.log.length = 0;
  await (await any.lease(TALK)).release(true);
  t.equal(apart.log.filter((name) => name.endsWith('/phone')).length, 1, 'the phone got copies that nobody acked');
  t.equal(apart.log.length, 3);
});

t.test('too few accounts, accounts that do not work', async (t) => {
  const three = scenario(
    'server/core/three',
    { a: ['default'], b: ['default'], c: ['phone', 'default'] },
    { bystanders: true },
  );
  t.throws(() => checkAccounts(users('u1', 'u2'), [TALK, three]), {
    code: 'usage',
    message: '--users names 2 accounts, and server/core/three needs 5, one of them with 2 devices',
  });
  t.doesNotThrow(() => checkAccounts(users('u1', 'u2'), [TALK]));
  t.throws(
    () =>
      checkAccounts(
        [
          { user: 'u1', token: 't' },
          { user: 'u2', token: 't' },
        ],
        [scenario('x', { a: ['p', 'q'] })],
      ),
    {
      code: 'usage',
    },
  );
  const refused: Dial = async () => ({ ok: false, refusal: 'status', status: 401, error: 'HTTP 401' });
  await t.rejects(pool(users('u1', 'u2'), refused).lease(TALK), { code: 'usage', message: /account u1 .*HTTP 401/ });
});

t.test('the tokens of accounts', async (t) => {
  const accounts: Account[] = [
    { user: 'u1' },
    { user: 'u2', token: 'secret-2' },
    { user: 'u2', device: 'phone', token: 'secret-3' },
  ];
  const authenticate = createAuthenticate({ headers: {}, users: accounts });
  const tokenOf = async (user: string, device: string) =>
    (await authenticate('ws://h/', user, device)).headers.Authorization;
  t.equal(await tokenOf('u1', 'default'), 'Bearer u1', 'made as always');
  t.equal(await tokenOf('u2', 'default'), 'Bearer secret-2');
  t.equal(await tokenOf('u2', 'phone'), 'Bearer secret-3');
  t.equal(await tokenOf('kit-preflight-x', 'default'), 'Bearer u1', 'the kit itself comes as one of them');
});
