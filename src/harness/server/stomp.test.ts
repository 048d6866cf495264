import { join } from 'node:path';
import t from 'tap';
import { loadDialect } from '../../adapters/load-dialect.js';
import { forgetsOffline, mute } from '../../adapters/testing/broken-dialect.js';
import { packageRoot } from '../../package-root.js';
import type { RunOptions } from '../options.js';
import { missingRabbitmq, RABBITMQ, startRabbitmq } from './testing/running-rabbitmq.js';
import { played, runVia, violationsOf, withVerdict } from './testing/via-run.js';

if (missingRabbitmq !== undefined && process.env.IM_REQUIRE_ALL === '1') t.fail(missingRabbitmq);

const FILE = join(packageRoot, 'examples/dialects/stomp/stomp.yaml');
const SOME = ['plain-exchange', 'receiver-away', 'msg-n#d*', 'ack-r#drop.*', 'ack-a#drop.*', 'keeps-reading'];

t.test('STOMP over WebSocket, spoken by RabbitMQ', { skip: missingRabbitmq ?? false, timeout: 240_000 }, async (t) => {
  const { port, stop } = await startRabbitmq('web-stomp');
  t.teardown(stop);
  const dialect = await loadDialect(FILE);
  const test = (only: string[], more: Partial<RunOptions> = {}) =>
    runVia('amqp', {
      ...{ dialect, url: `ws://127.0.0.1:${port}/`, only: only.map((id) => `server/core/${id}`) },
      ...{ seed: 'stomp', concurrency: 8, patienceMs: 1_000 },
      describe: { protocol: 'im.ran.v1', timers: { answerWithinMs: 2_000, redeliverAfterMs: 500 } },
      ...more,
    });

  const report = await test(SOME, { judged: ['IM-2-3', 'IM-3-1', 'IM-3-5', 'IM-4.2-8'] });
  for (const verdict of ['failed', 'error', 'inconclusive'] as const) t.same(withVerdict(report, verdict), [], verdict);
  t.same(report.problems, [], 'all that must be judged was');
  t.match(report.subject.dialect?.cannotPromise.join('\n'), /lost or doubled[\s\S]*two connections of one user share/);

  const describe = { protocol: 'im.ran.v1', timers: { answerWithinMs: 60, redeliverAfterMs: 60 } } as const;
  const silent = await test(SOME, { dialect: mute(dialect), describe, patienceMs: 30 });
  t.ok(played(silent).length > 5, 'one that says nothing after the login was played');
  t.same(withVerdict(silent, 'passed'), [], 'and gains nothing');

  const forgetful = await test(['receiver-away'], { dialect: forgetsOffline(dialect) });
  t.match(violationsOf(forgetful).join(' '), /IM-3-1|IM-4\.2-8/, 'one that forgets who is away is caught');
});

t.test(
  'one that answers before it stores is caught',
  { skip: missingRabbitmq ?? false, timeout: 240_000 },
  async (t) => {
    // After the kill nothing of what it answered is on the disk.
    const report = await runVia('amqp', {
      ...{ dialect: { ...(await loadDialect(FILE)), startWithinMs: 90_000 }, seed: 'stomp', patienceMs: 1_000 },
      ...{ exec: `rm -rf {data}/mnesia; exec ${RABBITMQ} web-stomp`, classes: ['core', 'durable'] },
      only: ['server/durable/killed-after-the-answer#at-once'],
      describe: { protocol: 'im.ran.v1', timers: { answerWithinMs: 2_000, redeliverAfterMs: 500 } },
    });
    t.match(violationsOf(report).join('\n'), /IM-3-2 .*accepted and lost/);
  },
);
