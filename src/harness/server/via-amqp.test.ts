import t from 'tap';
import type { Report } from '../../../schemas/index.js';
import { loadVia } from '../../adapters/load-via.js';
import { forgetsOffline, mute } from '../../adapters/testing/broken-dialect.js';
import type { RunOptions } from '../options.js';
import { missingRabbitmq, startRabbitmq } from './testing/running-rabbitmq.js';
import { played, runVia, violationsOf, withVerdict } from './testing/via-run.js';

if (missingRabbitmq !== undefined && process.env.IM_REQUIRE_ALL === '1') t.fail(missingRabbitmq);
const skip = missingRabbitmq ?? false;

const test = (more: Partial<RunOptions>, via = 'amqp'): Promise<Report> =>
  runVia(via, {
    ...{ concurrency: 8, patienceMs: 1_000 },
    describe: { protocol: 'im.ran.v1', timers: { answerWithinMs: 2_000, redeliverAfterMs: 500 } },
    ...more,
  });

const SOME = ['plain-exchange', 'conversation', 'msg-n#d*', 'cut-*', 'keeps-reading', 'burst*'];

t.test('a broker that is there already', { skip, timeout: 180_000 }, async (t) => {
  const { port, stop } = await startRabbitmq();
  t.teardown(stop);
  const url = `amqp://127.0.0.1:${port}`;
  const only = SOME.map((id) => `server/core/${id}`);

  for (const via of ['amqp', 'amqp?fence=on']) {
    const report = await test({ url, only }, via);
    t.same([...withVerdict(report, 'failed'), ...withVerdict(report, 'error')], [], via);
    t.ok(withVerdict(report, 'passed').length > 5, `${via}: ${withVerdict(report, 'passed').length} passed`);
    t.match(report.subject.dialect?.cannotPromise.join('\n'), /lost or doubled/);
  }

  const describe = { protocol: 'im.ran.v1', timers: { answerWithinMs: 60, redeliverAfterMs: 60 } } as const;
  const silent = await test({ url, only, describe, patienceMs: 30, dialect: mute(await loadVia('amqp')) });
  t.ok(played(silent).length > 5, 'one that says nothing after the login was played');
  t.same(withVerdict(silent, 'passed'), [], 'and gains nothing');
  t.same(
    silent.requirements.filter(({ verdict }) => verdict === 'passed'),
    [],
  );

  const forgetful = await test({
    ...{ url, only: ['server/core/receiver-away'], dialect: forgetsOffline(await loadVia('amqp')) },
  });
  t.match(violationsOf(forgetful).join(' '), /IM-3-1|IM-4\.2-8/, 'one that forgets who is away is caught');

  const stranger = test({ url, only: ['server/core/plain-exchange'] }, 'amqp?login=nobody:wrong');
  await t.rejects(stranger, { code: 'unreachable', message: /ACCESS_REFUSED/ });
});
