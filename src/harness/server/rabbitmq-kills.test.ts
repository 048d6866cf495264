import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Report } from '../../../schemas/index.js';
import type { Dialect } from '../../adapters/dialect.js';
import { loadDialect } from '../../adapters/load-dialect.js';
import { loadVia } from '../../adapters/load-via.js';
import { answersEarly } from '../../adapters/testing/broken-dialect.js';
import { packageRoot } from '../../package-root.js';
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

const ONLY = ['server/durable/killed-after-the-answer#at-once'];

const test = (more: Partial<RunOptions>): Promise<Report> =>
  runVia('amqp', {
    ...{ concurrency: 8, patienceMs: 1_000, startTimeoutMs: 90_000, classes: ['core', 'durable'], only: ONLY },
    describe: { protocol: 'im.ran.v1', timers: { answerWithinMs: 2_000, redeliverAfterMs: 500 } },
    ...more,
  });

const SPOKEN: [name: string, dialect: () => Promise<Dialect>, exec: string][] = [
  ['AMQP', () => loadVia('amqp'), `exec ${RABBITMQ}`],
  [
    'STOMP over WebSocket',
    () => loadDialect(join(packageRoot, 'examples/dialects/stomp/stomp.yaml')),
    `exec ${RABBITMQ} web-stomp`,
  ],
];

for (const [name, load, exec] of SPOKEN) {
  t.test(
    `${name}: one that is killed keeps its messages, and leaves nothing`,
    { skip, timeout: 240_000 },
    async (t) => {
      const report = await test({ exec, dialect: await load() });
      t.same(withVerdict(report, 'passed'), ONLY);
      const port = Number(new URL(report.subject.url).port);
      const epmd = `-port ${3_000 + (port % 2_900) * 3 + 1}`;
      t.ok(runs(process.execPath), 'what runs is seen');
      for (const text of [`im-${port}@`, epmd]) t.notOk(runs(text), `${text} has ended`);

      const early = await test({ exec, dialect: answersEarly(await load()) });
      t.match(violationsOf(early).join(' '), /IM-3-2/, 'one that answers before it has stored is caught');
    },
  );
}
