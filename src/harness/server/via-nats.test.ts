import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import t from 'tap';
import type { Report } from '../../../schemas/index.js';
import { packageRoot } from '../../package-root.js';
import type { RunOptions } from '../options.js';
import { runVia, withVerdict } from './testing/via-run.js';

const isThere = spawnSync('nats-server', ['--version']).status === 0;
const missing = isThere ? undefined : 'nats-server is not there: apt-get install nats-server';
if (missing !== undefined && process.env.IM_REQUIRE_ALL === '1') t.fail(missing);
const skip = missing ?? false;

const REAL = 'nats-server -js -a 127.0.0.1 -p {port} -sd {data}';
const RELAY = `${process.execPath} ${join(packageRoot, 'src/adapters/testing/nats-relay.mjs')}`;

const SOME = [
  'server/core/plain-exchange',
  'server/core/receiver-away',
  'server/core/msg-a#d*',
  'server/core/msg-n#drop.*',
  'server/core/every-length',
  'server/core/ack-r#d*',
];
/** Few of them: what is broken is broken at once, and each failure is played a second time. */
const FEW = ['server/core/msg-a#disconnect-before.*', 'server/core/msg-a#drop.*'];
const KILLED = ['server/durable/killed-after-the-answer', 'server/durable/killed-while-accepting'];

const test = (exec: string, via: string, more: Partial<RunOptions> = {}): Promise<Report> =>
  runVia(via, { exec, only: SOME, ...more });

const FAST = 'nats?ack_wait=300ms';

t.test('nats-server keeps what it promises, also over a kill, and its own address is known', { skip }, async (t) => {
  const report = await test(REAL, FAST, {
    only: [...SOME, ...KILLED, 'server/durable/memory-over-a-restart#stopped'],
    classes: ['core', 'durable'],
  });
  t.same(withVerdict(report, 'failed'), []);
  t.same(withVerdict(report, 'error'), []);
  t.ok(withVerdict(report, 'passed').length > 20, `${withVerdict(report, 'passed').length} passed`);
  t.match(report.subject, {
    url: /^nats:\/\/127\.0\.0\.1:\d+$/,
    dialect: {
      name: 'nats ack_wait=300ms',
      absent: ['ack:N'],
      cannotPromise: [/no receipt/, /lost/],
    },
  });
  t.match(
    report.requirements.find(({ id }) => id === 'IM-1-9'),
    { verdict: 'not-applicable', why: /from/ },
  );
});

t.test('nats-server forgets over a kill an ack that it has confirmed', { skip }, async (t) => {
  const report = await test(REAL, FAST, { only: ['server/durable/killed-while-acking'], classes: ['durable'] });
  const violations = report.scenarios.flatMap((result) => result.violations);
  t.ok(violations.length > 0);
  t.same([...new Set(violations.map(({ requirement }) => requirement))], ['IM-3-6']);
});

t.test('a mute server gains nothing: no scenario, no requirement, no cell', { skip }, async (t) => {
  const describe = { protocol: 'im.ran.v1', timers: { answerWithinMs: 60, redeliverAfterMs: 60 } } as const;
  const only = ['server/core/*', 'server/durable/killed-after*', 'server/timed-redelivery/lost-*'];
  const classes: RunOptions['classes'] = ['core', 'durable', 'timed-redelivery'];
  const more = { only, classes, describe, patienceMs: 30, concurrency: 32 };
  const report = await test(`${RELAY} mute`, FAST, more);
  t.ok(withVerdict(report, 'failed').length + withVerdict(report, 'error').length > 80, 'many were played');
  t.same(withVerdict(report, 'passed'), []);
  const gained = ({ verdict }: { verdict: string }) => verdict === 'passed';
  t.same(report.requirements.filter(gained), []);
  t.same(report.matrix.filter(gained), []);
});

t.test(
  'a relay that breaks nothing is no fault; each that does is caught for the right reason',
  { skip },
  async (t) => {
    const sound = await test(`${RELAY} none`, FAST, { only: FEW });
    t.same(withVerdict(sound, 'failed'), []);
    const killed: Partial<RunOptions> = {
      only: ['server/durable/killed-after-the-answer#at-once'],
      classes: ['core', 'durable'],
    };
    const cases: [exec: string, requirement: string, message: RegExp, via?: string, more?: Partial<RunOptions>][] = [
      [`${RELAY} no-dedup`, 'IM-2-8', /carries another serverMsgId than before/],
      [`${RELAY} swallows-copies`, 'IM-2-3', /was not answered|was missed: .*msg:A/],
      [`${RELAY} answers-early`, 'IM-3-2', /accepted and lost|was missed/, FAST, killed],
      [REAL, 'IM-3-2', /accepted and lost|was missed/, `${FAST}&storage=memory`, killed],
    ];
    // Most of the time each of them only waits.
    const reports = await Promise.all(
      cases.map(([exec, , , via = FAST, more = { only: FEW }]) => test(exec, via, more)),
    );
    for (const [index, [exec, requirement, message, via = FAST]] of cases.entries()) {
      const violations = (reports[index] as Report).scenarios.flatMap((result) => result.violations);
      const named = [...new Set(violations.map((one) => `${one.requirement} ${one.message}`))].slice(0, 5).join(' | ');
      t.ok(
        violations.some((one) => one.requirement === requirement && message.test(one.message)),
        `${exec.slice(-20)} ${via}: ${named}`,
      );
    }
  },
);
