import t from 'tap';
import { DEFAULT_TIMERS, type HistoryEvent, type MsgR } from '../../schemas/index.js';
import { KitError } from '../errors.js';
import type { Dial, SocketHandlers } from '../play/ports.js';
import { Stage } from '../play/stage.js';
import { Interrupted } from '../play/waits.js';
import { parseSource } from '../script/source.js';
import { declaredWaitMs, parseScenarioFile, play } from './index.js';

type Reply = (packet: MsgR, to: (user: string, packet: unknown) => void, from: string) => void;

/** A server of a few lines in memory: what it answers is up to the test. */
const fakeDial = (reply: Reply): Dial => {
  const online = new Map<string, SocketHandlers>();
  return async ({ user }, handlers) => {
    online.set(user, handlers);
    const to = (target: string, packet: unknown) =>
      setImmediate(() => online.get(target)?.onText(JSON.stringify(packet)));
    const end = (code: number) => setImmediate(() => handlers.onClose(code));
    const socket = {
      sendText: (text: string) => reply(JSON.parse(text) as MsgR, to, user),
      sendBinary: () => end(1003),
      sendTextBytes: () => end(1007),
      sendHugeFrame: () => {},
      sendFragment: () => {},
      ping: () => setImmediate(() => handlers.onPong()),
      // A server that takes a pong that it did not ask for amiss.
      pong: () => end(4400),
      // What waits in a socket that is not read never arrives.
      pause: () => void online.delete(user),
      resume: () => {},
      closeCleanly: () => end(1000),
      reset: () => {},
      terminate: () => {},
    };
    handlers.onOpen(socket);
    return { ok: true };
  };
};

const HEAD = 'scenario: A message arrives\nclass: core\nproves: [IM-3-1]\nclients: [alice, bob]\nscript:\n';
const timers = { ...DEFAULT_TIMERS, answerWithinMs: 40 };

const run = async (steps: string, reply: Reply, signal = new AbortController().signal) => {
  const [scenario] = parseScenarioFile(parseSource(`${HEAD}${steps}`, 'x.yaml'), 'server/core/x');
  if (!scenario) throw new Error('no scenario');
  const events: HistoryEvent[] = [];
  const stage = new Stage({
    dial: fakeDial(reply),
    description: { protocol: 'im.ran.v1' },
    timers,
    patienceMs: 10,
    userSuffix: '1',
    random: () => 0.5,
    signal,
    onEvent: (event) => events.push(event),
  });
  await play(stage, scenario);
  const of = <K extends HistoryEvent['kind']>(kind: K) =>
    events.filter((event): event is Extract<HistoryEvent, { kind: K }> => event.kind === kind);
  return { events, of, stage };
};

/** Stores nothing, answers everything: enough for one message. */
const honest: Reply = (packet, to, from) => {
  const { type, rid, msgId } = packet;
  if (type === 'msg:R') {
    to(from, { type: 'msg:A', rid, msgId, status: 'accepted', serverMsgId: `S-${msgId}` });
    to(packet.to, { ...packet, type: 'msg:N', serverMsgId: `S-${msgId}`, from, acceptedAt: 1 });
    return;
  }
  const { serverMsgId } = packet as unknown as { serverMsgId: string };
  to(from, { type: 'ack:A', rid, serverMsgId, status: 'ok' });
  to('alice.1', { type: 'ack:N', msgId: serverMsgId.slice(2), serverMsgId, to: from, status: 'delivered', at: 2 });
};

t.test('the plain exchange runs, settles at once and leaves nothing open', async (t) => {
  const { of } = await run(
    `  - alice: { sends: m1, to: bob }
  - alice: { gets: msg:A, of: m1, status: accepted }
  - bob: { gets: msg:N, of: m1 }
  - bob: { acks: m1 }
  - bob: { gets: ack:A, of: m1, status: ok }
  - alice: { gets: ack:N, of: m1, status: delivered }
`,
    honest,
  );
  t.same(
    of('step').map((step) => [step.step, step.outcome, step.requirement]),
    [
      ['2', 'met', 'IM-4.2-1'],
      ['3', 'met', 'IM-4.2-7'],
      ['5', 'met', 'IM-4.2-14'],
      ['6', 'met', 'IM-4.2-16'],
    ],
  );
  t.same(
    of('handed').map((event) => event.client),
    ['bob'],
  );
  t.equal(of('settled')[0]?.complete, true);
  t.equal(of('closed').length, 2);
});

const busyOnce = (): Reply => {
  let refused = false;
  return (packet, to, from) => {
    if (refused || packet.type !== 'msg:R') return honest(packet, to, from);
    refused = true;
    const error = { code: 'busy', message: 'later', retryAfterMs: 1 };
    to(from, { type: 'msg:A', rid: packet.rid, msgId: packet.msgId, status: 'rejected', error });
  };
};

t.test('what a step sees when it is missed', async (t) => {
  const conflict: Reply = ({ rid, msgId }, to, from) =>
    to(from, { type: 'msg:A', rid, msgId, status: 'rejected', error: { code: 'id-conflict', message: 'no' } });
  const silent: Reply = () => {};
  const cases: [name: string, steps: string, reply: Reply, outcome: string, seen: RegExp, late: boolean | undefined][] =
    [
      ['nothing', '{ gets: msg:A, of: m1 }', silent, 'missed', /nothing that matches for 50 ms/, true],
      [
        'another answer',
        '{ gets: msg:A, of: m1, status: accepted }',
        conflict,
        'missed',
        /msg:A rejected id-conflict/,
        false,
      ],
      ['busy, then accepted', '{ gets: msg:A, of: m1, status: accepted }', busyOnce(), 'met', /it came/, undefined],
      [
        'something unwanted',
        '{ getsNo: msg:A, of: m1, for: 20, by: IM-2-2 }',
        honest,
        'missed',
        /msg:A accepted/,
        undefined,
      ],
      ['nothing unwanted', '{ getsNo: msg:A, of: m1, for: 20, by: IM-2-2 }', silent, 'met', /none came/, undefined],
    ];
  for (const [name, step, reply, outcome, seen, late] of cases) {
    t.test(name, async (t) => {
      const { of } = await run(`  - alice: { sends: m1, to: bob }\n  - alice: ${step}\n`, reply);
      const [result] = of('step');
      t.equal(result?.outcome, outcome);
      t.match(result?.seen, seen);
      if (late !== undefined) t.equal(result?.late ?? false, late);
    });
  }
});

t.test('a frame that was put off is written again', async (t) => {
  const frame = `'{"type":"msg:R","rid":"{rid}","msgId":"{msgId}","to":"{user:bob}","body":"x"}'`;
  const { of } = await run(
    `  - alice: { writes: { text: ${frame} }, what: a msg:R }\n  - alice: { gets: msg:A, of: raw, status: accepted, by: IM-2-2 }\n`,
    busyOnce(),
  );
  t.equal(of('step')[0]?.outcome, 'met');
  t.equal(of('sent-raw').length, 2);
});

t.test('autoAcks acks what the application has, without a new push', async (t) => {
  const { of } = await run(
    '  - alice: { sends: m1, to: bob }\n  - bob: { gets: msg:N, of: m1 }\n  - bob: { autoAcks: true }\n  - alice: { gets: ack:N, of: m1, status: delivered }\n',
    honest,
  );
  t.equal(of('step').at(-1)?.outcome, 'met');
});

t.test('a connection that does not read gets nothing, also of what came with the upgrade', async (t) => {
  const { of } = await run(
    `  - bob: { connects: true, reading: false }
  - alice: { sends: m1, to: bob }
  - alice: { gets: msg:A, of: m1 }
  - bob: { disconnects: abruptly, before: msg:N, of: m1 }
`,
    honest,
  );
  t.match(of('reading')[0], { client: 'bob', reading: false });
  t.match(of('fault').at(-1), { fault: 'cut', fired: true });
});

t.test('faults say whether they fired', async (t) => {
  const cases: [name: string, steps: string, fault: string, fired: boolean][] = [
    ['a lost msg:R', 'alice: { sends: m1, to: bob, lost: true }', 'drop', true],
    ['a doubled msg:R', 'alice: { sends: m1, to: bob, times: 2 }', 'duplicate', true],
    ['a reset in time', 'alice: { disconnects: reset, before: msg:A }', 'reset', true],
    ['silence', 'alice: { goes: silent }', 'silence', true],
  ];
  for (const [name, step, fault, fired] of cases) {
    t.test(name, async (t) => {
      const { of } = await run(`  - ${step}\n`, honest);
      t.match(of('fault')[0], { fault, fired, step: '1' });
    });
  }
  t.test('a reset that came too late', async (t) => {
    const { of } = await run(
      `  - alice: { sends: m1, to: bob }
  - bob: { gets: msg:N, of: m1 }
  - alice: { disconnects: reset, before: msg:A, of: m1 }
`,
      honest,
    );
    t.match(of('fault')[0], { fault: 'reset', fired: false });
  });
});

t.test('a message that never arrives leaves settling incomplete', async (t) => {
  const lossy: Reply = (packet, to, from) => {
    if (packet.type === 'msg:R') {
      to(from, { type: 'msg:A', rid: packet.rid, msgId: packet.msgId, status: 'accepted', serverMsgId: 'S-1' });
    }
  };
  const { of } = await run('  - alice: { sends: m1, to: bob }\n  - alice: { gets: msg:A, of: m1 }\n', lossy);
  t.equal(of('settled')[0]?.complete, false);
});

t.test('an invalid packet is recorded, and a packet that the kit must not send is its own fault', async (t) => {
  const garbage: Reply = (_packet, to, from) => to(from, { type: 'msg:A' });
  const { of } = await run(
    '  - alice: { sends: m1, to: bob }\n  - alice: { getsNo: msg:A, for: 10, by: IM-2-2 }\n',
    garbage,
  );
  t.match(of('got-invalid')[0]?.errors.join(), /msg:A \/rid: is missing/);
  const bad = run(`  - alice: { sends: m1, to: bob, msgId: '!' }\n`, honest);
  await t.rejects(bad, KitError);
});

t.test('waits side by side count once', async (t) => {
  const { stage } = await run(
    `  - together:
      - waits: 20
        because: two clocks run
      - waits: 20
        because: at the same time
  - waits: 1
    because: and one more alone
`,
    honest,
  );
  t.ok(stage.waitedMs > 0);
  t.ok(stage.waitedMs <= stage.now(), `${stage.waitedMs} of ${stage.now()} ms`);
});

t.test('a pong is written although nobody asked for it', async (t) => {
  const cases: [steps: string, outcome: string][] = [
    ['  - alice: { pongs: true }\n  - alice: { gets: close, code: 4400 }\n', 'met'],
    ['  - alice: { gets: close, code: 4400 }\n', 'missed'],
  ];
  for (const [steps, outcome] of cases) {
    const { of } = await run(steps, () => {});
    t.same(
      of('step').map((step) => step.outcome),
      [outcome],
    );
  }
});

t.test('what a script will have to wait for', (t) => {
  const cases: [steps: string, waitMs: number][] = [
    ['  - alice: { pings: true }\n', 0],
    ['  - alice: { pongs: true }\n', 0],
    ['  - alice: { sends: m1..m50, to: bob }\n', 5],
    ['  - waits: 2 x answerWithinMs\n    because: so it is written\n', 80],
    ['  - alice: { gets: msg:A, within: 4 x answerWithinMs }\n', 0],
    ['  - alice: { gets: msg:N, within: redeliverAfterMs }\n', timers.redeliverAfterMs],
    ['  - alice: { getsNo: msg:N, for: 7, by: IM-2-2 }\n  - subject: { freezes: 5 }\n', 12],
    ['  - together:\n      - alice: { getsNo: msg:N, for: 7, by: IM-2-2 }\n      - subject: { freezes: 5 }\n', 7],
  ];
  for (const [steps, waitMs] of cases) {
    const [scenario] = parseScenarioFile(parseSource(`${HEAD}${steps}`, 'x.yaml'), 'server/core/x');
    t.equal(declaredWaitMs(scenario?.steps ?? [], timers), waitMs, steps);
  }
  t.end();
});

t.test('portions that nobody answers end, on a connection that stays open and on one that ends', async (t) => {
  const sends = '  - alice: { sends: m1..m300, to: bob, unanswered: 2 }\n';
  t.test('it stays open: after some bounds the rest is written at once', async (t) => {
    const { of, stage } = await run(sends, () => {});
    t.ok(of('sent').length >= 300, 'all were written');
    t.ok(stage.now() < 100 * 50, `${stage.now()} ms`);
  });
  t.test('it ends: the rest is not written', async (t) => {
    const together = `  - together:
      - alice: { sends: m1..m300, to: bob, unanswered: 2 }
      - alice: { disconnects: cleanly, before: msg:A, of: m1 }
`;
    const { of, stage } = await run(`${together}  - alice: { connects: true }\n`, () => {});
    const [end] = of('closed').map(({ at }) => at);
    const onTheFirst = of('sent').filter(({ conn }) => conn === 1).length;
    t.ok(onTheFirst < 300, `${onTheFirst} were written before the end at ${end} ms`);
    t.ok(stage.now() < 100 * 50, `${stage.now()} ms`);
  });
});

t.test('an interrupted run ends at once, its connections with it', async (t) => {
  const abort = new AbortController();
  const running = run('  - waits: 60000\n    because: the test interrupts it\n', honest, abort.signal);
  setImmediate(() => abort.abort());
  await t.rejects(running, Interrupted);
});
