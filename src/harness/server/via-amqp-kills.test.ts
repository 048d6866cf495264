import { readdirSync, readFileSync } from 'node:fs';
import t from 'tap';
import type { Report } from '../../../schemas/index.js';
import { loadVia } from '../../adapters/load-via.js';
import { answersEarly } from '../../adapters/testing/broken-dialect.js';
import type { RunOptions } from '../options.js';
import { missingRabbitmq, RABBITMQ } from './testing/running-rabbitmq.js';
import { runVia, violationsOf, withVerdict } from './testing/via-run.js';

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

const test = (more: Partial<RunOptions>): Promise<Report> =>
  runVia('amqp', {
    ...{ concurrency: 8, patienceMs: 1_000 },
    describe: { protocol: 'im.ran.v1', timers: { answerWithinMs: 2_000, redeliverAfterMs: 500 } },
    ...more,
  });

t.test(
  'one that the kit starts and kills keeps its messages, and leaves nothing',
  { skip, timeout: 240_000 },
  async (t) => {
    const only = ['server/durable/killed-after-the-answer#at-once'];
    const started: Partial<RunOptions> = { exec: `exec ${RABBITMQ}`, classes: ['core', 'durable'], only };
    const report = await test(started);
    t.same(withVerdict(report, 'passed'), only);
    const port = Number(new URL(report.subject.url).port);
    const epmd = `-port ${3_000 + (port % 2_900) * 3 + 1}`;
    t.ok(runs(process.execPath), 'what runs is seen');
    for (const text of [`im-${port}@`, epmd]) t.notOk(runs(text), `${text} has ended`);

    const early = await test({ ...started, dialect: answersEarly(await loadVia('amqp')) });
    t.match(violationsOf(early).join(' '), /IM-3-2/, 'one that answers before it has stored is caught');
  },
);
