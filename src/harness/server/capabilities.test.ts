import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { WebSocketServer } from 'ws';
import type { NodeVerb, ScenarioResult } from '../../../schemas/index.js';
import type { Links } from '../../links.js';
import type { Scenario } from '../../script/index.js';
import { localFault } from '../local-fault.js';
import { FakeClock, whyNoClock } from '../process/fake-clock.js';
import { groupMemory } from '../process/group.js';
import { exitCodeOf, summarize } from '../run/exit-code.js';
import { showWhatIsUnproven } from '../run/requirements.js';
import type { Subject } from '../subject.js';
import type { NotPlayed } from '../tested.js';
import { whyNotRun } from './applicability.js';
import { capabilitiesOver } from './capabilities.js';
import { createAttacker } from './dialling/attacker.js';
import { createAuthenticate, type IdentityOptions } from './identity/index.js';
import { readMetrics } from './metrics-page.js';
import { notPlayedText } from './not-played.js';
import type { ServerSubject } from './server-subject.js';

const authenticate = createAuthenticate({ headers: {} });

const serve = async (t: Test, listener: RequestListener): Promise<string> => {
  const server = createServer(listener);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.teardown(() => server.closeAllConnections());
  t.teardown(() => server.close());
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}/chat`;
};

t.test('the metrics page', async (t) => {
  const page =
    (text: string, status = 200): RequestListener =>
    (request, response) => {
      response.writeHead(status, { 'Content-Type': 'application/openmetrics-text' }).end(`${request.url} ${text}`);
    };
  // Only where nothing comes is the bound waited for: a busy machine must not decide about the others.
  const read = async (listener: RequestListener, path?: string, boundMs = 60_000) =>
    readMetrics(await serve(t, listener), path, {}, boundMs);
  const type = { contentType: 'application/openmetrics-text' };
  t.same(await read(page('a'), '/m'), { status: 200, ...type, text: '/m a' });
  t.same(await read(page('a')), { status: 200, ...type, text: '/metrics a' }, 'a path that is not declared is tried');
  t.same(await read(page('a', 404)), { status: 404, ...type, text: '/metrics a' });
  t.equal((await read(page('x'.repeat(300_000)))).text?.length, 262_144, 'what a history keeps');
  t.match(await read(page('x'.repeat(5_000_000))), { status: 200, error: /larger than/, text: undefined });
  t.match(await read(() => {}, '/m', 300), { error: 'no answer within 300 ms' });
  t.match(await readMetrics('ws://127.0.0.1:1/', '/m', {}, 60_000), { error: /ECONNREFUSED/ });
});

t.test('handshakes that do not end', async (t) => {
  const open = new Set<Socket>();
  const texts: string[] = [];
  const server = createTcpServer((socket) => {
    open.add(socket);
    socket.once('data', (data) => texts.push(data.toString('latin1')));
    socket.on('error', () => {}).once('close', () => open.delete(socket));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.teardown(() => server.close());
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const stalled = await createAttacker(url, authenticate).stallHandshakes(60);
  t.equal(stalled.opened, 60);
  while (texts.length < 60) await new Promise((resolve) => setImmediate(resolve));
  t.equal(open.size, 60, 'they are all open');
  for (const text of texts.slice(0, 1)) t.match(text, /^GET \/ HTTP\/1\.1\r\n(?![\s\S]*\r\n\r\n)/, 'none is complete');
  stalled.end();
  const overTls = await createAttacker(url.replace('ws:', 'wss:'), authenticate).stallHandshakes(1);
  while (texts.length < 61) await new Promise((resolve) => setImmediate(resolve));
  t.match(texts[60], /^\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03/, 'before TLS: half a ClientHello');
  overTls.end();
  while (open.size > 0) await new Promise((resolve) => setImmediate(resolve));
  const attacker = createAttacker('ws://127.0.0.1:1/', authenticate);
  t.equal((await attacker.stallHandshakes(3)).opened, 0, 'a port that refuses is no abuse');
  if (process.platform === 'linux') {
    t.throws(() => attacker.assertRoom(1_000_000_000), { code: 'kit', remedy: /ulimit -n/ });
    t.doesNotThrow(() => attacker.assertRoom(1));
  }
});

const clockMissing = whyNoClock();
if (clockMissing !== undefined && process.env.IM_REQUIRE_ALL === '1') t.fail(clockMissing);

t.test('a process follows a clock that is set while it runs', { skip: clockMissing ?? false }, async (t) => {
  const clock = new FakeClock();
  t.teardown(() => clock.remove());
  const now = (): number => {
    const env = { ...process.env, ...clock.environment };
    return Number(spawnSync(process.execPath, ['-p', 'Date.now()'], { env, encoding: 'utf8' }).stdout);
  };
  const offset = () => Math.round((now() - Date.now()) / 60_000);
  t.equal(offset(), 0);
  clock.set(3_600_000);
  t.equal(offset(), 60);
  clock.set(-3_600_000);
  t.equal(offset(), -60);
  clock.stop(-7_200_000);
  t.equal(offset(), -120);
  t.equal(now(), now(), 'a clock that stands shows the same millisecond to whoever looks');
});

t.test(
  'memory of a process group',
  { skip: process.platform === 'linux' ? false : 'only Linux shows it' },
  async (t) => {
    const own = Number(
      /^\d+ \(.*\) \S \d+ (\d+)/.exec(spawnSync('cat', ['/proc/self/stat'], { encoding: 'utf8' }).stdout)?.[1],
    );
    t.ok((groupMemory(own) ?? 0) > 10_000_000, 'at least this process');
    t.equal(groupMemory(2 ** 30), undefined, 'nobody');
  },
);

/** With the sentence that the report makes of it. */
const told = (not: NotPlayed | undefined) => not && { ...not, reason: notPlayedText(not.because) };

t.test('what cannot be done here is not passed', async (t) => {
  const needs = {
    tokens: [],
    memory: false,
    clock: false,
    tls: false,
    oldTls: false,
    chosenIds: false,
    freshDevices: false,
  };
  const own = { headers: {} };
  const cases: [
    name: string,
    url: string,
    options: IdentityOptions,
    needs: object,
    verdict: string,
    because: object,
    reason: RegExp,
  ][] = [
    [
      'no key',
      'ws://h/',
      own,
      { tokens: ['own', 'expired'] },
      'not-applicable',
      { code: 'no-token', token: 'expired' },
      /an expired token .*--jwt-secret/,
    ],
    [
      'no place',
      'ws://h/{token}',
      own,
      { tokens: ['none'] },
      'not-applicable',
      { code: 'tokens-elsewhere' },
      /header or url of your own/,
    ],
    ['no process', 'ws://h/', own, { memory: true }, 'unproven', { code: 'no-control', needs: 'memory' }, /--exec/],
    [
      'no clock',
      'ws://h/',
      own,
      { clock: true },
      'not-applicable',
      { code: 'no-control', needs: 'clock' },
      /set the clock .*--exec/,
    ],
    ['no TLS', 'ws://h/', own, { tls: true }, 'unproven', { code: 'no-tls' }, /wss: url/],
    [
      'used ids',
      'ws://h/',
      { ...own, users: [{ user: 'a' }] },
      { chosenIds: true },
      'not-applicable',
      { code: 'account-used-before', needs: 'message-ids' },
      /--users/,
    ],
  ];
  const scenario = (more: object) =>
    ({ class: 'core', clients: [], needs: { ...needs, ...more } }) as unknown as Scenario;
  for (const [name, url, options, more, verdict, because, reason] of cases) {
    const capabilities = await capabilitiesOver({ url, close: async () => {} }, options);
    t.match(told(capabilities.whyNot(scenario(more))), { verdict, because, reason }, name);
    t.equal(capabilities.whyNot(scenario({})), undefined, `${name}: everything else is played`);
  }
  const secret = await capabilitiesOver({ url: 'ws://h/', close: async () => {} }, { ...own, jwtSecret: 's' });
  t.equal(secret.whyNot(scenario({ tokens: ['expired', 'unsigned'] })), undefined, 'a key makes every token');
});

t.test('what commands of the user cannot do to nodes is unproven, and says which one is missing', async (t) => {
  const scenario = (needs: object): Scenario =>
    ({ class: 'replicated', needs: { nodes: 2, services: 0, tokens: [], verbs: [], ...needs } }) as unknown as Scenario;
  const over = async (verbs: readonly NodeVerb[]) => {
    const links = verbs.includes('cut') ? ({} as Links) : undefined;
    const parts = { url: 'ws://h/', nodeUrls: ['ws://h/', 'ws://i/'], control: {}, links: [links, links] };
    const subject = { ...parts, verbs: new Set(verbs) } as unknown as Subject;
    const { whyNot } = await capabilitiesOver(subject, { headers: {} });
    return (needs: object) => told(whyNot(scenario(needs)))?.reason;
  };
  const kills = await over(['kill', 'start']);
  t.equal(kills({ control: true, verbs: ['kill', 'start'] }), undefined);
  t.match(
    kills({ control: true, verbs: ['freeze', 'thaw'] }),
    /nothing can freeze a node: give --node-command freeze=/,
  );
  t.match(kills({ links: true, verbs: ['cut', 'heal'] }), /nothing can cut a node/);
  t.match(kills({ memory: true }), /nobody can see the memory/);
  t.match(kills({ limits: true }), /nobody can take resources/);
  t.match(kills({ clock: true }), /nobody can set the clock/);
  const cuts = await over(['cut', 'heal']);
  t.equal(cuts({ links: true, verbs: ['cut', 'heal'] }), undefined);
  t.match(cuts({ links: true, relays: true, verbs: ['cut', 'heal'] }), /cannot cut a node off in this way/);
});

t.test('a class that is claimed and not shown is not passed', async (t) => {
  const flow = { class: 'flow-control', alsoNeeds: [], requires: ['limits.maxInFlight <= 200'] } as unknown as Scenario;
  const page = { ...flow, class: 'observable', requires: ['metrics'] } as Scenario;
  const frame = { ...flow, class: 'core', requires: ['limits.maxFrameBytes'], needs: {} } as unknown as Scenario;
  const whyNot = (scenario: Scenario, limits: object) => {
    const description = { protocol: 'im.ran.v1', limits };
    const classes = ['core', 'flow-control', 'observable'];
    const capabilities = { whyNot: () => undefined };
    const first = { subject: {} };
    return told(whyNotRun(scenario, { classes, description, first, capabilities } as unknown as ServerSubject));
  };
  t.match(whyNot(flow, {}), { verdict: 'unproven', reason: /does not declare limits.maxInFlight: give it/ });
  t.match(whyNot(flow, { maxInFlight: 500 }), { verdict: 'not-applicable' }, 'another scenario is for so many');
  t.match(whyNot(page, {}), { verdict: 'unproven', reason: /does not declare metrics/ });
  t.match(whyNot(frame, {}), { verdict: 'not-applicable' }, 'nobody has to declare this one');
  const killed = { ...frame, requires: [], needs: { control: true, clock: false } } as unknown as Scenario;
  t.match(whyNot(killed, {}), { verdict: 'unproven', reason: /nobody may kill or freeze .*leave core out/ });
  const clocked = { ...killed, needs: { clock: true } } as Scenario;
  t.equal(whyNot(clocked, {}), undefined, 'left to what the kit can do to this server: no class is unproven without');
  const inbox = { ...frame, requires: ['limits.maxInboxMessages >= 300 or none'] } as Scenario;
  const reason = 'the subject declares other than limits.maxInboxMessages >= 300 or none';
  t.match(whyNot(inbox, { maxInboxMessages: 20 }), { verdict: 'not-applicable', reason });

  const sends = (client: string, sends: string, to: string) => ({
    kind: 'client',
    client,
    action: { verb: 'sends', sends, to },
  });
  const crowded = {
    ...frame,
    requires: [],
    clients: [{ name: 'alice' }, { name: 'bob' }, { name: 'phone', userOf: 'bob' }],
    steps: [
      sends('alice', 'm1..m6', 'bob'),
      { kind: 'together', steps: [sends('bob', 'b1..b5', 'alice'), sends('alice', 'p1..p4', 'phone')] },
    ],
  } as unknown as Scenario;
  const full = /sends 10 messages to one user, and the subject declares limits.maxInboxMessages 9/;
  t.match(whyNot(crowded, { maxInboxMessages: 9 }), { verdict: 'not-applicable', reason: full });
  for (const limits of [{ maxInboxMessages: 10 }, {}]) t.equal(whyNot(crowded, limits), undefined);

  const codeOf = (...verdicts: string[]) =>
    exitCodeOf(
      summarize(
        verdicts.map((verdict) => ({ verdict, warnings: [] }) as unknown as ScenarioResult),
        [],
        1,
      ),
      true,
      0,
    );
  t.equal(codeOf('passed', 'not-applicable'), 0);
  t.equal(codeOf('passed', 'unproven'), 0, 'as allowed');
  t.equal(codeOf('not-applicable', 'not-applicable'), 4, 'nothing was played');
});

t.test('what the kit cannot play is unproven where nothing else shows it', async (t) => {
  const result = (id: string, proves: string[], exercised: Record<string, number>, unable?: true) =>
    ({
      id,
      proves,
      exercised,
      unable,
      verdict: Object.keys(exercised).length > 0 ? 'passed' : 'not-applicable',
    }) as ScenarioResult;
  const results = [
    result('a', ['x'], { x: 3 }),
    result('b', ['x'], {}, true),
    result('c', ['x', 'y'], {}, true),
    result('d', ['z'], {}),
  ];
  const verdicts = showWhatIsUnproven(results).map(({ verdict }) => verdict);
  t.same(verdicts, ['passed', 'not-applicable', 'unproven', 'not-applicable']);
});

t.test('a frame of many megabytes arrives whole, or stops where the server ends it', async (t) => {
  const { createDial } = await import('./dialling/dial.js');
  const open = async (maxPayload: number) => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1', maxPayload, handleProtocols: () => 'im.ran.v1' });
    await once(server, 'listening');
    t.teardown(() => server.close());
    const got = new Promise<string>((resolve) => {
      server.once('connection', (socket) => {
        socket.on('error', () => {}).once('message', (data) => resolve(String(data)));
      });
    });
    const closed = new Promise<number>((resolve) => {
      const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`;
      const handlers = { onText: () => {}, onBinary: () => {}, onPing: () => {}, onPong: () => {}, onClose: resolve };
      const request = { user: 'al', device: 'default', subprotocol: 'im.ran.v1', timeoutMs: 1_000 } as const;
      void createDial(url, authenticate)(request, {
        ...handlers,
        onOpen: (socket) => {
          socket.sendHugeFrame({ bytes: 20_000_000, head: '["', tail: '"]' });
          void got.then(() => socket.closeCleanly());
        },
      });
    });
    return { got, closed };
  };
  const whole = await open(32_000_000);
  const text = await whole.got;
  t.equal(text.length, 20_000_000);
  t.match([text.slice(0, 3), text.slice(-3)], ['["x', 'x"]']);
  t.equal(await whole.closed, 1000);
  const cut = await open(1_000);
  t.ok([1006, 1009].includes(await cut.closed), 'ended by the server');
});

t.test('what this machine refuses to the kit says nothing about the server', async (t) => {
  for (const code of ['EMFILE', 'ENFILE', 'EADDRNOTAVAIL', 'ENOSPC']) {
    const fault = localFault(Object.assign(new Error(`connect ${code}`), { code }));
    t.match(fault, { code: 'kit', message: new RegExp(`\\(${code}\\): nothing can be said`) }, code);
  }
  for (const code of ['ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT']) {
    t.equal(localFault(Object.assign(new Error(code), { code })), undefined, code);
  }
});
