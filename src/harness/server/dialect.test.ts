import { join } from 'node:path';
import t from 'tap';
import type { Report } from '../../../schemas/index.js';
import type { Dialect } from '../../adapters/dialect.js';
import { loadDialect } from '../../adapters/load-dialect.js';
import { packageRoot } from '../../package-root.js';
import { runSuite } from '../index.js';
import type { RunOptions } from '../options.js';

const SERVER = join(packageRoot, 'src/adapters/testing/lean-server.mjs');
const LEAN = join(packageRoot, 'examples/dialects/lean/lean.yaml');

/** What a correct server is played with: some of each kind that a dialect leaves. */
const SOME = [
  'server/core/plain-exchange',
  'server/core/receiver-away',
  'server/core/msg-a#drop*',
  'server/core/msg-n#drop.*',
  'server/core/concurrent-duplicate',
  'server/core/ack-r#drop.*',
];
const KILLED = 'server/durable/killed-after-the-answer';

const test = async (fault: string, more: Partial<RunOptions> = {}): Promise<Report> =>
  runSuite(
    {
      dialect: await loadDialect(LEAN),
      exec: `${process.execPath} ${SERVER} --fault ${fault}`,
      only: SOME,
      skip: [],
      headers: {},
      allowUnproven: false,
      seed: 'controls',
      concurrency: 16,
      instances: 1,
      patienceMs: 400,
      describe: { protocol: 'im.ran.v1', timers: { answerWithinMs: 400, redeliverAfterMs: 300 } },
      replayArguments: [],
      ...more,
    },
    {},
    new AbortController().signal,
  );

const withVerdict = (report: Report, verdict: string): string[] =>
  report.scenarios.filter((result) => result.verdict === verdict).map(({ id }) => id);

t.test('a mute server gains nothing: no scenario, no requirement, no cell', async (t) => {
  // Every scenario that is played at all, and no patience: whoever says nothing is not waited for.
  const describe = {
    protocol: 'im.ran.v1',
    timers: { answerWithinMs: 60, redeliverAfterMs: 60, deadAfterMs: 200 },
  } as const;
  const only = ['server/core/*', 'server/timed-redelivery/lost-*'];
  const classes: RunOptions['classes'] = ['core', 'timed-redelivery'];
  const report = await test('mute', { only, classes, describe, patienceMs: 30, concurrency: 32 });
  t.ok(withVerdict(report, 'failed').length + withVerdict(report, 'error').length > 100, 'many were played');
  t.same(withVerdict(report, 'passed'), []);
  t.same(
    report.requirements.filter(({ verdict }) => verdict === 'passed').map(({ id }) => id),
    [],
  );
  t.same(
    report.matrix.filter(({ verdict }) => verdict === 'passed'),
    [],
  );
  t.not(report.exitCode, 0);
});

t.test('a correct server passes, and nobody says that it conforms', async (t) => {
  const classes: RunOptions['classes'] = ['core', 'durable'];
  const report = await test('none', { only: [...SOME, KILLED], classes });
  t.same(withVerdict(report, 'failed'), []);
  t.ok(withVerdict(report, 'passed').length > 10, `${withVerdict(report, 'passed').length} passed`);
  t.equal(report.exitCode, 0);
  t.match(report.subject.dialect, { name: 'lean', absent: ['ack:A', 'ack:N'] });
  t.match(report.judged, { ofMust: Number });
  t.match(
    report.requirements.find(({ id }) => id === 'IM-4.2-16'),
    { verdict: 'not-applicable', why: 'this protocol has no ack:N' },
  );
});

t.test('broken servers are caught, each for the right reason', async (t) => {
  const durable: Partial<RunOptions> = { only: [KILLED], classes: ['core', 'durable'] };
  const only = (...ids: string[]): Partial<RunOptions> => ({ only: ids.map((id) => `server/core/${id}`) });
  const cases: [fault: string, requirement: string, message: RegExp, more: Partial<RunOptions>][] = [
    ['no-dedup', 'IM-2-8', /carries another serverMsgId than before/, only('msg-a#drop.online')],
    ['swallows-copies', 'IM-2-3', /was not answered/, only('msg-a#drop.online')],
    ['forgets-offline', 'IM-3-1', /accepted and lost|though it was due/, only('receiver-away')],
    ['answers-early', 'IM-3-2', /accepted and lost|was missed/, durable],
  ];
  for (const [fault, requirement, message, more] of cases) {
    const report = await test(fault, more);
    const violations = report.scenarios.flatMap((result) => result.violations);
    t.equal(report.exitCode, 1, fault);
    t.ok(
      violations.some((violation) => violation.requirement === requirement && message.test(violation.message)),
      `${fault}: ${[...new Set(violations.map((one) => `${one.requirement} ${one.message}`))].slice(0, 5).join(' | ')}`,
    );
  }
});

t.test('a frame that no rule reads is an error of the dialect, and blames nobody', async (t) => {
  const report = await test('garbage', { only: ['server/core/plain-exchange'] });
  t.match(report.scenarios, [
    {
      verdict: 'error',
      violations: [],
      because: { code: 'unread-frame', nearest: /rule \d comes nearest, where "type" must be/ },
    },
  ]);
  t.equal(report.exitCode, 4);
});

t.test('what must be judged and is not fails the run', async (t) => {
  const only = ['server/core/plain-exchange'];
  const report = await test('none', { only, judged: ['IM-3-1', 'IM-4.2-16'] });
  t.equal(report.exitCode, 1);
  t.match(report.problems, [/not judged, though --judged names them: IM-4\.2-16/]);
  t.equal((await test('none', { only, judged: ['IM-3-1'] })).exitCode, 0);
});

t.test('a dialect whose module throws ends no run, and accuses nobody', async (t) => {
  const lean = await loadDialect(LEAN);
  const throwing: Dialect = {
    ...lean,
    open: (...given) => {
      const session = lean.open(...given);
      const receive = (data: string | Uint8Array): void => {
        if (String(data).includes('acknowledgement')) throw new TypeError('nobody thought of that frame');
        session.receive(data);
      };
      return { begin: () => session.begin(), send: (request, about) => session.send(request, about), receive };
    },
  };
  const report = await test('none', { dialect: throwing, only: ['server/core/plain-exchange'] });
  t.match(report.scenarios, [{ verdict: 'error', reason: /the dialect failed: nobody thought of that frame/ }]);
});
