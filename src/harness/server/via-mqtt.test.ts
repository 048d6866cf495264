import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import t from 'tap';
import type { Report } from '../../../schemas/index.js';
import { loadVia } from '../../adapters/load-via.js';
import { packageRoot } from '../../package-root.js';
import { runSuite } from '../index.js';
import type { RunOptions } from '../options.js';

const isThere = spawnSync('sh', ['-c', 'command -v mosquitto']).status === 0;
const missing = isThere ? undefined : 'mosquitto is not there: apt-get install mosquitto';
if (missing !== undefined && process.env.IM_REQUIRE_ALL === '1') t.fail(missing);
const skip = missing ?? false;

const MUTE = `${process.execPath} ${join(packageRoot, 'src/adapters/testing/mute-mqtt.mjs')}`;

/** Started by root, mosquitto becomes somebody else who cannot read the folder; so it is told to stay. */
const mosquitto = (...settings: string[]): string => {
  const lines = ['listener {port} 127.0.0.1', 'allow_anonymous true', 'user root', ...settings];
  return `printf '%s\\n' ${lines.map((line) => `'${line}'`).join(' ')} >{data}/mosquitto.conf; exec mosquitto -c {data}/mosquitto.conf`;
};

const test = async (exec: string, via: string, more: Partial<RunOptions> = {}): Promise<Report> =>
  runSuite(
    {
      ...{ exec, dialect: await loadVia(via), skip: [], headers: {}, allowUnproven: false },
      ...{ seed: 'mqtt', concurrency: 16, instances: 1, patienceMs: 400, replayArguments: [] },
      only: [
        'server/core/plain-exchange',
        'server/core/msg-n#d*-then-reconnect.*',
        'server/core/msg-a#disconnect-before.*',
      ],
      describe: { protocol: 'im.ran.v1', timers: { answerWithinMs: 800, redeliverAfterMs: 300 } },
      ...more,
    },
    {},
    new AbortController().signal,
  );

const withVerdict = (report: Report, verdict: string): string[] =>
  report.scenarios.filter((result) => result.verdict === verdict).map(({ id }) => id);

t.test('mosquitto keeps what it promises while it lives', { skip }, async (t) => {
  for (const via of ['mqtt', 'mqtt?version=5']) {
    const report = await test(mosquitto(), via);
    t.same([...withVerdict(report, 'failed'), ...withVerdict(report, 'error')], [], via);
    t.ok(withVerdict(report, 'passed').length > 3, `${via}: ${withVerdict(report, 'passed').length} passed`);
    t.match(report.subject.dialect, { absent: ['ack:N'] });
    t.match(report.subject.dialect?.cannotPromise.join('\n'), /never subscribed/);
  }
});

t.test('mosquitto without persistence forgets, and is caught', { skip }, async (t) => {
  const only = ['server/durable/killed-after-the-answer#at-once'];
  const report = await test(mosquitto('persistence false'), 'mqtt', { only, classes: ['core', 'durable'] });
  t.match(
    report.scenarios.flatMap(({ violations }) => violations.map(({ requirement }) => requirement)),
    ['IM-3-2'],
  );
});

t.test('a mute broker gains nothing: no scenario, no requirement, no cell', async (t) => {
  const describe = { protocol: 'im.ran.v1', timers: { answerWithinMs: 60, redeliverAfterMs: 60 } } as const;
  const only = ['server/core/*', 'server/durable/killed-after*'];
  const more = { only, describe, classes: ['core', 'durable'], patienceMs: 30, concurrency: 32 } as const;
  const report = await test(MUTE, 'mqtt', { ...more, only, classes: ['core', 'durable'] });
  const played = withVerdict(report, 'failed').length + withVerdict(report, 'error').length;
  t.ok(played > 30, `${played} were played`);
  t.same(withVerdict(report, 'passed'), []);
  const gained = ({ verdict }: { verdict: string }) => verdict === 'passed';
  t.same(report.requirements.filter(gained), []);
  t.same(report.matrix.filter(gained), []);
});
