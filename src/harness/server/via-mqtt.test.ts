import { spawnSync } from 'node:child_process';
import t from 'tap';
import type { Report } from '../../../schemas/index.js';
import type { RunOptions } from '../options.js';
import { runVia, violationsOf, withVerdict } from './testing/via-run.js';

const isThere = spawnSync('sh', ['-c', 'command -v mosquitto']).status === 0;
const missing = isThere ? undefined : 'mosquitto is not there: apt-get install mosquitto';
if (missing !== undefined && process.env.IM_REQUIRE_ALL === '1') t.fail(missing);
const skip = missing ?? false;

/** Started by root, mosquitto becomes somebody else who cannot read the folder; so it is told to stay. */
const mosquitto = (...settings: string[]): string => {
  const lines = ['listener {port} 127.0.0.1', 'allow_anonymous true', 'user root', ...settings];
  return `printf '%s\\n' ${lines.map((line) => `'${line}'`).join(' ')} >{data}/mosquitto.conf; exec mosquitto -c {data}/mosquitto.conf`;
};

const SOME = [
  'server/core/plain-exchange',
  'server/core/msg-n#d*-then-reconnect.*',
  'server/core/msg-a#disconnect-before.*',
];

const test = (exec: string, via: string, more: Partial<RunOptions> = {}): Promise<Report> =>
  runVia(via, { exec, only: SOME, ...more });

t.test('mosquitto keeps what it promises while it lives', { skip }, async (t) => {
  for (const via of ['mqtt', 'mqtt?version=5']) {
    const report = await test(mosquitto(), via);
    t.same([...withVerdict(report, 'failed'), ...withVerdict(report, 'error')], [], via);
    t.ok(withVerdict(report, 'passed').length > 3, `${via}: ${withVerdict(report, 'passed').length} passed`);
    t.match(report.subject.dialect, { absent: ['ack:N'] });
    t.match(report.subject.dialect?.cannotPromise.join('\n'), /never subscribed/);
  }
});

t.test('mosquitto: more than twenty unanswered publications with QoS 2 are confirmed and lost', { skip }, async (t) => {
  const only = ['server/core/burst-of-requests'];
  const lost = violationsOf(await test(mosquitto(), 'mqtt', { only }));
  t.match(lost.join('\n'), /IM-3-1 .*accepted and lost/);
  // The burst says a part of its messages again, which MQTT cannot; so it shows a loss, and never passes.
  const mended = await test(mosquitto('max_inflight_messages 0'), 'mqtt?max_inflight=0', {
    only: [...only, 'server/core/conversation'],
  });
  t.same(violationsOf(mended), [], 'max_inflight_messages 0 mends it');
  t.same(withVerdict(mended, 'passed'), ['server/core/conversation']);
  t.same(withVerdict(mended, 'not-applicable'), only);
});

t.test('mosquitto pushes twenty without an ack, and nobody waits for the next one', { skip }, async (t) => {
  const ids = ['cut-in-mid-batch', 'stream-while-connecting', 'takeover-late-close*', 'cut-before-the-backlog'];
  const report = await test(mosquitto('max_queued_messages 0'), 'mqtt?version=5', {
    only: ids.map((id) => `server/core/${id}`),
  });
  t.same([...violationsOf(report), ...withVerdict(report, 'error'), ...withVerdict(report, 'inconclusive')], []);
  t.match(report.subject.description, { limits: { maxInFlight: 20 } });
});

t.test('mosquitto without persistence forgets, and is caught', { skip }, async (t) => {
  const only = ['server/durable/killed-after-the-answer#at-once'];
  const report = await test(mosquitto('persistence false'), 'mqtt', { only, classes: ['core', 'durable'] });
  t.match(
    report.scenarios.flatMap(({ violations }) => violations.map(({ requirement }) => requirement)),
    ['IM-3-2'],
  );
});
