import { readdirSync, readFileSync } from 'node:fs';
import t from 'tap';
import type { Report } from '../../../schemas/index.js';
import { loadVia } from '../../adapters/load-via.js';
import { forgetsOffline, mute } from '../../adapters/testing/broken-dialect.js';
import type { RunOptions } from '../options.js';
import { missingRabbitmq, RABBITMQ, startRabbitmq } from './testing/running-rabbitmq.js';
import { played, runVia, violationsOf, withVerdict } from './testing/via-run.js';

if (missingRabbitmq !== undefined && process.env.IM_REQUIRE_ALL === '1') t.fail(missingRabbitmq);
const skip = missingRabbitmq ?? false;

/** The command line of a process, or nothing where it has just ended. */
const commandLineOf = (pid: string): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
};

/** Whether anything still runs that has this text among its arguments. */
const runs = (text: string): boolean =>
  readdirSync('/proc').some((name) => /^\d+$/.test(name) && commandLineOf(name).includes(text));

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

  const away = ['server/core/receiver-away'];
  const forgetful = await test({ url, only: away, dialect: forgetsOffline(await loadVia('amqp')) });
  t.match(violationsOf(forgetful).join(' '), /IM-3-1|IM-4\.2-8/, 'one that forgets who is away is caught');
  const copied = await test({ url, only: ['server/core/msg-a#drop.online'] });
  t.same(withVerdict(copied, 'not-applicable'), ['server/core/msg-a#drop.online'], 'nobody can send a copy');

  const stranger = test({ url, only: ['server/core/plain-exchange'] }, 'amqp?login=nobody:wrong');
  await t.rejects(stranger, { code: 'unreachable', message: /ACCESS_REFUSED/ });
});

t.test(
  'one that the kit starts and kills keeps its messages, and leaves nothing',
  { skip, timeout: 240_000 },
  async (t) => {
    const report = await test({
      ...{ exec: `exec ${RABBITMQ}`, classes: ['core', 'durable'] },
      only: ['server/durable/killed-after-the-answer#at-once'],
    });
    t.same(withVerdict(report, 'passed'), ['server/durable/killed-after-the-answer#at-once']);
    const port = Number(new URL(report.subject.url).port);
    const epmd = `-port ${3_000 + (port % 2_900) * 3 + 1}`;
    t.ok(runs(process.execPath), 'what runs is seen');
    for (const text of [`im-${port}@`, epmd]) t.notOk(runs(text), `${text} has ended`);
  },
);
