import t from 'tap';
import { DEFAULT_TIMERS, type HistoryEvent, type MsgN, type MsgR } from '../../schemas/index.js';
import type { Attacker, Dial, DialRequest, Probes, SocketHandlers } from '../play/ports.js';
import { Stage, type StageOptions } from '../play/stage.js';
import { SubjectClock } from '../play/subject-clock.js';
import { parseSource } from '../script/source.js';
import { parseScenarioFile, play } from './index.js';

interface Fake {
  /** Changes a push on its way; undefined: it gets lost. */
  push?: (packet: MsgN) => MsgN | undefined;
  /** What the server does with a client's wish to connect. */
  admit?: (request: DialRequest) => number | undefined;
  /** Stops serving everybody once it is flooded. */
  breaksUnderFlood?: boolean;
  /** Ends a connection without a close frame when a binary frame comes. */
  cutsAtBinary?: boolean;
  pings?: number;
}

/** A small server that delivers, acks and counts what hostile clients write. */
const fakeDial = (
  fake: Fake,
  seen: { requests: DialRequest[]; fragments: number; pings: number; raw: number },
): Dial => {
  const online = new Map<string, SocketHandlers>();
  const senders = new Map<string, string>();
  let broken = false;
  return async (request, handlers) => {
    seen.requests.push(request);
    const status = fake.admit?.(request);
    if (status !== undefined) return { ok: false, refusal: 'status', status, error: `HTTP ${status}` };
    const { user, device } = request;
    if (!device.startsWith('flood')) online.set(user, handlers);
    const to = (target: string, packet: unknown) =>
      setImmediate(() => broken || online.get(target)?.onText(JSON.stringify(packet)));
    const flood = () => {
      broken ||= fake.breaksUnderFlood === true;
    };
    const answer = (text: string): void => {
      const { type, rid, msgId, serverMsgId, ...rest } = JSON.parse(text) as MsgR & { serverMsgId: string };
      if (rid.startsWith('flood')) {
        seen.raw += 1;
        const error = { code: 'unknown-message', message: 'no such message' };
        to(user, { type: 'ack:A', rid, serverMsgId, status: 'rejected', error });
        flood();
      } else if (type === 'msg:R') {
        const serverMsgId = `S-${msgId}`;
        senders.set(serverMsgId, user);
        to(user, { type: 'msg:A', rid, msgId, status: 'accepted', serverMsgId });
        const { to: target, body } = rest;
        const push: MsgN = { type: 'msg:N', msgId, serverMsgId, from: user, to: target, body, acceptedAt: 1 };
        const changed = fake.push ? fake.push(push) : push;
        if (changed) to(target, changed);
      } else {
        const sender = senders.get(serverMsgId);
        const error = { code: 'unknown-message', message: 'no such message' };
        to(user, { type: 'ack:A', rid, serverMsgId, ...(sender ? { status: 'ok' } : { status: 'rejected', error }) });
        const receipt = {
          type: 'ack:N',
          msgId: serverMsgId.slice(2),
          serverMsgId,
          to: user,
          status: 'delivered',
          at: 2,
        };
        if (sender) to(sender, receipt);
      }
    };
    handlers.onOpen({
      sendText: answer,
      sendBinary: () => fake.cutsAtBinary && setImmediate(() => handlers.onClose(1006)),
      sendTextBytes: () => {},
      sendHugeFrame: () => {},
      sendFragment: () => {
        seen.fragments += 1;
        flood();
      },
      ping: () => {
        seen.pings += 1;
        flood();
        handlers.onPong();
      },
      pong: () => {},
      pause: () => {},
      resume: () => {},
      closeCleanly: () => setImmediate(() => handlers.onClose(1000)),
      reset: () => {},
      terminate: () => {},
    });
    if (device.startsWith('flood')) flood();
    return { ok: true };
  };
};

const timers = { ...DEFAULT_TIMERS, answerWithinMs: 40 };

const run = async (steps: string, fake: Fake = {}, more: Partial<StageOptions> = {}, head = 'bystanders: true\n') => {
  const seen = { requests: [] as DialRequest[], fragments: 0, pings: 0, raw: 0, stalled: 0, ended: 0 };
  const text = `scenario: Nobody notices abuse\nclass: secured\nproves: [IM-1-25]\nclients: [alice, bob]\n${head}script:\n${steps}`;
  const [scenario] = parseScenarioFile(parseSource(text, 'x.yaml'), 'server/secured/x');
  if (!scenario) throw new Error('no scenario');
  const events: HistoryEvent[] = [];
  const attacker: Attacker = {
    assertRoom: () => {},
    stallHandshakes: async (count) => {
      seen.stalled = count;
      return { opened: count, end: () => (seen.ended += 1) };
    },
    tryOver: async (transport) =>
      transport === 'plaintext' ? { ok: true } : { ok: false, refusal: 'network', error: 'too old' },
  };
  const stage = new Stage({
    dial: fakeDial(fake, seen),
    attacker,
    description: { protocol: 'im.ran.v1' },
    timers,
    patienceMs: 10,
    userSuffix: '1',
    random: Math.random,
    signal: new AbortController().signal,
    onEvent: (event) => events.push(event),
    ...more,
  });
  await play(stage, scenario);
  const of = <K extends HistoryEvent['kind']>(kind: K) =>
    events.filter((event): event is Extract<HistoryEvent, { kind: K }> => event.kind === kind);
  const own = () => of('step').filter(({ step }) => step !== 'bystanders');
  return { of, own, seen, stage };
};

t.test('every flood reaches the server, while two others talk', async (t) => {
  const counts = {
    connections: (seen: { requests: DialRequest[] }) =>
      seen.requests.filter(({ device }) => /^flood-/.test(device)).length,
    handshakes: (seen: { stalled: number }) => seen.stalled,
    pings: (seen: { pings: number }) => seen.pings,
    fragments: (seen: { fragments: number }) => seen.fragments,
    requests: (seen: { raw: number }) => seen.raw,
  };
  for (const [what, count] of Object.entries(counts)) {
    const { own, of, seen } = await run(`  - alice: { floods: ${what}, times: 3000 }\n`);
    t.equal(count(seen as never), 3000, `${what}: as many as the script says`);
    t.same(of('got-invalid'), [], 'what was asked for is no flood of the server');
    t.match(own(), [{ outcome: 'met', requirement: 'IM-1-25' }], what);
    t.match(of('fault'), [{ fired: true }], what);
    const exchanges = of('step').filter(({ step }) => step === 'bystanders');
    t.ok(
      exchanges.length >= 3 &&
        exchanges.every(({ outcome, requirement }) => outcome === 'met' && requirement === 'IM-1-25'),
    );
    if (what === 'handshakes') t.equal(seen.ended, 1, 'they end with the step');
  }
});

t.test('a server that stops serving others under a flood is caught', async (t) => {
  for (const what of ['connections', 'pings', 'fragments', 'requests']) {
    const { own } = await run(`  - alice: { floods: ${what}, times: 100 }\n`, { breaksUnderFlood: true });
    t.match(own(), [{ outcome: 'missed', requirement: 'IM-1-25', seen: /they exchanged [012];/ }], what);
  }
  const refused = await run('  - alice: { floods: connections, times: 60 }\n', {
    admit: ({ device }) => (device.startsWith('flood') ? 429 : undefined),
  });
  t.match(refused.own(), [{ outcome: 'met', seen: /60 refused with HTTP 429/ }], 'to refuse is an answer');
});

t.test('the code of a close may be lost before a server that the kit did not start, and only there', async (t) => {
  const steps = (code: number) =>
    `  - alice: { writes: { base64: AAAA, binary: true }, what: a frame }\n  - alice: { gets: close, code: ${code} }\n`;
  const control = {} as NonNullable<StageOptions['control']>;
  const cases = [
    ['by url', 1009, {}, 'unreached'],
    ['started by the kit', 1009, { control }, 'missed'],
    ['another code', 4400, {}, 'missed'],
  ] as const;
  for (const [name, code, more, outcome] of cases) {
    const { own } = await run(steps(code), { cutsAtBinary: true }, more, '');
    t.match(own(), [{ outcome }], name);
  }
});

t.test('the kit itself must have room for a flood', async (t) => {
  const attacker = {
    assertRoom: () => {
      throw new Error('no room');
    },
  } as unknown as Attacker;
  await t.rejects(run('  - alice: { floods: connections, times: 60 }\n', {}, { attacker }), { message: 'no room' });
});

t.test('tokens and transports', async (t) => {
  const admit = ({ tokens }: DialRequest) => (tokens?.header === 'expired' ? 401 : undefined);
  const { own, seen } = await run(
    `  - alice: { connects: true, token: expired, refused: 401, by: IM-1-21 }
  - alice: { connects: true, token: none, query: { of: bob }, by: IM-1-22 }
  - alice: { connects: true, token: own, query: malformed, refused: 401, by: IM-1-23 }
`,
    { admit },
  );
  t.match(own(), [
    { outcome: 'met', requirement: 'IM-1-21' },
    { outcome: 'missed', requirement: 'IM-1-23' },
  ]);
  t.same(
    seen.requests.flatMap(({ tokens }) => tokens ?? []),
    [
      { header: 'expired' },
      { header: 'none', query: { user: 'bob.1', device: 'default' } },
      { header: 'own', query: 'malformed' },
    ],
  );
  const named = await run("  - alice: { connects: true, headers: { X-Token: '{token:bob}', X-User: '{user:bob}' } }\n");
  t.match(
    named.seen.requests.flatMap(({ tokens }) => tokens ?? []),
    [{ header: 'own', headers: { 'X-Token': '{token:bob}', 'X-User': 'bob.1' } }],
  );
  t.match(named.seen.requests.at(-1)?.tokens?.owners?.get('bob'), { user: 'bob.1', device: 'default' });
  const over = await run(
    '  - alice: { connects: true, over: tls-1.1 }\n  - alice: { connects: true, over: plaintext }\n',
  );
  t.match(over.own(), [
    { outcome: 'met', requirement: 'IM-1-27', seen: 'too old' },
    { outcome: 'missed', requirement: 'IM-1-26', seen: /let the client in/ },
  ]);
});

const SEALED = `  - alice: { sends: m1, to: bob, body: { jwe: 'héllo 👩' } }
  - bob: { gets: msg:N, of: m1 }
  - bob: { opens: m1, by: IM-2-21 }
`;

t.test('what was encrypted is opened by its receiver, and one changed byte is seen', async (t) => {
  t.match((await run(SEALED)).own().at(-1), { outcome: 'met', requirement: 'IM-2-21' });
  const bend = (body: string, at: number) => `${body.slice(0, at)}${body[at] === 'A' ? 'B' : 'A'}${body.slice(at + 1)}`;
  const bent = await run(SEALED, { push: (push) => ({ ...push, body: bend(push.body, push.body.length - 3) }) });
  t.match(bent.own().at(-1), { outcome: 'missed', requirement: 'IM-2-21', seen: /could not be opened/ });
  const padded = await run(SEALED, { push: (push) => ({ ...push, body: `${push.body}\n` }) });
  t.match(padded.own().at(-1), { outcome: 'missed', requirement: 'IM-2-21' });
});

t.test('members that must not be there, and ids that look real', async (t) => {
  const steps = `  - alice: { sends: m1, to: bob }
  - bob: { gets: msg:N, of: m1, lacks: [polluted], by: IM-2-20 }
`;
  t.match((await run(steps)).own(), [{ outcome: 'met' }]);
  const polluted = await run(steps, { push: (push) => ({ ...push, extra: [{ polluted: 1 }] }) as MsgN });
  t.match(polluted.own(), [{ outcome: 'missed', requirement: 'IM-2-20' }]);

  const guess = await run(`  - alice: { sends: m1, to: bob }
  - alice: { gets: msg:A, of: m1 }
  - alice: { acksId: '{like:m1}' }
  - alice: { gets: any }
`);
  const ids = guess
    .of('sent')
    .map(({ packet }) => packet)
    .filter(({ type }) => type === 'ack:R')
    .map(({ serverMsgId }) => String(serverMsgId));
  const real = guess.stage.messages.get('m1').serverMsgId ?? '';
  const [guessed = ''] = ids.filter((id) => id !== real);
  const shape = (id: string) => id.replaceAll(/[a-z]/g, 'a').replaceAll(/\d/g, '0');
  t.equal(guessed.length, real.length);
  t.equal(shape(guessed).replaceAll('a', '0'), shape(real).replaceAll('a', '0'));
});

t.test('what is seen beside the WebSocket', async (t) => {
  let held = 50_000_000;
  const page = { status: 200, text: '# EOF\n' };
  const probes: Probes = { metrics: async () => [page], listed: async () => [], memory: () => (held += 5_000_000) };
  const steps = (below: number) =>
    `  - subject: { scrapes: true }\n  - subject: { marksMemory: true }\n  - subject: { memoryStays: { below: ${below} }, by: IM-4.2-52 }\n`;
  const kept = await run(steps(100_000_000), {}, { probes });
  t.match(kept.of('metrics'), [{ ...page, askedAt: Number }]);
  t.match(kept.own(), [{ outcome: 'met', requirement: 'IM-4.2-52' }]);
  t.match((await run(steps(2_000_000), {}, { probes })).own(), [{ outcome: 'missed', seen: /MiB more at its peak/ }]);
  t.match(
    (await run(steps(2_000_000), {}, { probes: { metrics: async () => [page], listed: async () => [] } })).own(),
    [{ outcome: 'unreached' }],
  );
});

t.test('a clock has jumped when the server says so', (t) => {
  const clock = new SubjectClock();
  const now = 1_700_000_000_000;
  clock.jumped('1', 3_600_000);
  clock.noteAcceptedAt(now, now);
  t.equal(clock.jumps[0]?.seen, false, 'a server with a clock of its own does not follow');
  clock.noteAcceptedAt(now + 3_600_100, now);
  t.equal(clock.jumps[0]?.seen, true);
  clock.jumped('2', 0);
  clock.noteAcceptedAt(now + 3_600_000, now);
  t.equal(clock.jumps[1]?.seen, false);
  const behind = new SubjectClock();
  const years = 160_000_000_000;
  behind.noteAcceptedAt(now - years, now);
  behind.jumped('1', 3_600_000);
  behind.noteAcceptedAt(now - years + 3_600_050, now);
  t.equal(behind.jumps[0]?.seen, true, 'a clock that is wrong by years jumps like any other');
  t.end();
});

t.test('a script says what it needs', (t) => {
  const parse = (steps: string, head = '') =>
    parseScenarioFile(
      parseSource(
        `scenario: A message arrives\nclass: core\nproves: [IM-3-1]\nclients: [alice, bob]\n${head}script:\n${steps}`,
        'x.yaml',
      ),
      'server/core/x',
    )[0];
  t.match(parse('  - alice: { connects: true, token: expired, query: own }\n')?.needs, { tokens: ['expired', 'own'] });
  t.match(parse('  - alice: { connects: true, over: tls-1.1 }\n')?.needs, { tls: true, oldTls: true });
  t.match(parse('  - alice: { sends: m1, to: bob, msgId: known }\n')?.needs, { chosenIds: true });
  t.match(parse('  - subject: { scrapes: true }\n'), { exclusive: true, needs: { control: false } });
  t.match(parse('  - subject: { jumps: 3600000 }\n'), { needs: { control: true, clock: true } });
  const flood = '  - together: [{ alice: { floods: connections, times: 5 } }, { bob: { pings: true } }]\n';
  t.match(parse(flood, 'bystanders: true\n')?.needs, { freshDevices: true });
  t.throws(() => parse(flood), { code: 'usage', message: /nobody must not notice/, remedy: /bystanders: true/ });
  t.end();
});
