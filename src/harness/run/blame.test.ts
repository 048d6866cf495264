import t from 'tap';
import { DEFAULT_TIMERS, type MsgR, type ScenarioResult } from '../../../schemas/index.js';
import { KitError } from '../../errors.js';
import { judge, readHistory } from '../../history/index.js';
import { loadLedger } from '../../ledger/index.js';
import type { Control, Dial } from '../../play/index.js';
import { parseSource, type Scenario } from '../../script/index.js';
import { parseScenarioFile } from '../../verbs/index.js';
import { localFault } from '../local-fault.js';
import { performOn } from '../server/seat.js';
import { writeHistory } from './history-file.js';
import { deservesRetry } from './retries.js';
import { runScenario, type ScenarioRun } from './run-scenario.js';

const timers = { ...DEFAULT_TIMERS, answerWithinMs: 60, deadAfterMs: 90 };
/** A third of `answerWithinMs`: as long as the kit may stand still and judge all the same. */
const TOLERABLE_MS = 20;

const scenarioOf = (send: string): Scenario => {
  const text = `scenario: A message is answered\nclass: core\nproves: [IM-4.2-1]\nclients: [alice, bob]\nscript:\n  - alice: ${send}\n  - alice: { gets: msg:A, of: m1, status: accepted }\n`;
  return parseScenarioFile(parseSource(text, 'x.yaml'), 'server/core/x')[0] as Scenario;
};

/** A server that takes connections, and answers each request with that text, or with nothing. */
const answering =
  (answer?: (packet: MsgR) => string): Dial =>
  async (_, handlers) => {
    const nothing = () => {};
    handlers.onOpen({
      sendText: (text) => {
        if (answer) setImmediate(() => handlers.onText(answer(JSON.parse(text) as MsgR)));
      },
      sendBinary: nothing,
      sendTextBytes: nothing,
      sendHugeFrame: nothing,
      sendFragment: nothing,
      ping: nothing,
      pong: nothing,
      pause: nothing,
      resume: nothing,
      closeCleanly: () => setImmediate(() => handlers.onClose(1000)),
      reset: nothing,
      terminate: nothing,
    });
    return { ok: true };
  };

const rejecting =
  (cause: Error): Dial =>
  async () => {
    throw cause;
  };

interface Played {
  stalledMs?: number;
  send?: string;
  historyDir?: string;
  scenario?: Scenario;
  control?: Control;
}

const play = (
  dial: Dial,
  { stalledMs = 0, send = '{ sends: m1, to: bob }', historyDir, scenario = scenarioOf(send), control }: Played = {},
): Promise<ScenarioResult> => {
  const parts = {
    description: { protocol: 'im.ran.v1' as const },
    timers,
    dial,
    attacker: {
      assertRoom: () => {},
      stallHandshakes: async () => ({ opened: 0, end: () => {} }),
      tryOver: async () => ({ ok: true }) as const,
    },
    probes: { metrics: async () => [{ error: 'no page' }], listed: async () => [] },
    control,
  };
  const run: ScenarioRun = {
    prepared: { role: 'server', head: { subject: { role: 'server', classes: ['core'] }, timers } },
    seat: { perform: (options) => performOn(scenario, parts, options), onExit: () => () => {} },
    ledger: loadLedger(),
    patienceMs: 10,
    random: () => 0.5,
    userSuffix: '1',
    signal: new AbortController().signal,
    replay: '',
    attempt: 1,
    stalls: { worstSince: () => stalledMs },
    keepHistory: async (events) => (historyDir === undefined ? undefined : writeHistory(historyDir, 'x', events)),
  };
  return runScenario(scenario, run);
};

t.test('what goes wrong in the kit is an error of the kit, and no violation', async (t) => {
  const full = localFault(Object.assign(new Error('connect EMFILE'), { code: 'EMFILE' })) as KitError;
  const gone = new KitError('unreachable', 'the server is gone', 'Start it.');
  const cases: [name: string, result: Promise<ScenarioResult>, verdict: string, code: string, reason: RegExp][] = [
    [
      'an exception',
      play(rejecting(new TypeError('boom'))),
      'error',
      'kit-failed',
      /^the kit failed: TypeError: boom\n +at /,
    ],
    ['no files left', play(rejecting(full)), 'error', 'kit-failed', /\(EMFILE\): nothing can be said about the server/],
    ['no server', play(rejecting(gone)), 'inconclusive', 'subject-failed', /^the server is gone\. Start it\./],
    [
      'a packet that breaks the protocol',
      play(answering(), { send: '{ sends: m1, to: bob, msgId: "not an id" }' }),
      'error',
      'kit-failed',
      /the kit would have sent an invalid packet: msg:R \/msgId/,
    ],
  ];
  for (const [name, result, verdict, code, reason] of cases) {
    const { violations, warnings, ...one } = await result;
    t.match(one, { verdict, because: { code }, reason }, name);
    t.same([violations, warnings], [[], []], `${name}: nobody else is blamed`);
  }
});

t.test('a kit that stood still itself does not judge what may come from that', async (t) => {
  const silent = answering();
  const judged = await play(silent, { stalledMs: TOLERABLE_MS });
  t.match(judged, { verdict: 'failed', stalledMs: TOLERABLE_MS });
  t.ok(judged.violations.some(({ requirement }) => requirement === 'IM-2-3'));
  const excused = await play(silent, { stalledMs: TOLERABLE_MS + 1, historyDir: t.testdir({}) });
  t.match(excused, {
    verdict: 'error',
    because: { code: 'kit-stalled', stalledMs: TOLERABLE_MS + 1 },
    reason: /^too slow to judge: .* stood still for 21 ms.*IM-2-3/,
  });
  t.same([excused.violations, excused.warnings], [[], []]);
  const again = judge(readHistory(excused.history ?? ''));
  t.match(
    again,
    { findings: [], tooSlow: { stalledMs: TOLERABLE_MS + 1 } },
    'the history tells of it: so `check` excuses it, too',
  );
  const accept = ({ rid, msgId }: MsgR) =>
    JSON.stringify({ type: 'msg:A', rid, msgId, status: 'accepted', serverMsgId: 'S-1' });
  const invalid = await play(
    answering((packet) => accept(packet).replace('"S-1"', '7')),
    { stalledMs: 1_000 },
  );
  t.equal(invalid.verdict, 'failed', 'no stall makes a packet invalid');
  t.ok(invalid.violations.some(({ requirement }) => requirement === 'IM-2-1'));
});

t.test('a clock that nobody sees move tests nothing, unless something else is open as well', async (t) => {
  const nothing = async () => {};
  const refuse = () => {};
  const quiet = {
    beginStop: refuse,
    freeze: nothing,
    unfreeze: nothing,
    isFrozen: () => undefined,
    jump: refuse,
    take: () => refuse,
  };
  const control = { kill: nothing, stop: nothing, start: nothing, ...quiet };
  const jumping = (step: string): Scenario => {
    const text = `scenario: A clock is set\nclass: core\nproves: [IM-4.2-1]\nclients: [alice, bob]\nscript:\n  - subject: { jumps: 3600000 }\n${step}`;
    return parseScenarioFile(parseSource(text, 'x.yaml'), 'server/core/x')[0] as Scenario;
  };
  const unmoved = await play(answering(), { scenario: jumping(''), control });
  t.match(unmoved, {
    verdict: 'not-applicable',
    because: { code: 'clock-not-followed' },
    reason: /do not follow its clock/,
    violations: [],
  });
  const silent = await play(answering(), { scenario: jumping('  - alice: { sends: m1, to: bob }\n'), control });
  t.equal(silent.verdict, 'failed', 'a server that answers nothing any more');
  let dialled = 0;
  const refusing: Dial = async (request, handlers) => {
    dialled += 1;
    return dialled <= 2
      ? answering()(request, handlers)
      : { ok: false, refusal: 'status', status: 401, error: 'HTTP 401' };
  };
  const again = '  - bob: { disconnects: abruptly }\n  - bob: { connects: true }\n';
  const closed = await play(refusing, { scenario: jumping(again), control });
  t.equal(closed.verdict, 'inconclusive', 'a server that lets nobody in any more');
});

t.test('what company may be to blame for is tried again, and an expired token is not', async (t) => {
  const rows: [Partial<ScenarioResult>, boolean][] = [
    [{ verdict: 'passed' }, false],
    [{ verdict: 'error' }, true],
    [{ verdict: 'inconclusive', because: { code: 'not-settled' } }, true],
    [{ verdict: 'inconclusive', because: { code: 'closed-by-limit' } }, true],
    [{ verdict: 'inconclusive', because: { code: 'token-expired' } }, false],
  ];
  for (const [result, again] of rows) {
    t.equal(deservesRetry({ violations: [], ...result } as unknown as ScenarioResult), again, JSON.stringify(result));
  }
});

t.test('the meter of stalls sees a loop that is held up, and forgets what was before', async (t) => {
  const { StallMeter: Meter } = await import('./stall-meter.js');
  const meter = new Meter();
  t.teardown(() => meter.stop());
  const from = performance.now();
  await new Promise((resolve) => setImmediate(resolve));
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 120);
  t.ok(meter.worstSince(from) >= 100, 'also before the next beat');
  t.equal(meter.worstSince(performance.now() + 1), 0);
});
