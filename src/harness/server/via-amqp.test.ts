import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import type { Report } from '../../../schemas/index.js';
import { loadVia } from '../../adapters/load-via.js';
import { mute } from '../../adapters/testing/broken-dialect.js';
import { packageRoot } from '../../package-root.js';
import type { RunOptions } from '../options.js';
import { pickPort } from '../process/port.js';
import { runVia, withVerdict } from './testing/via-run.js';

const isThere = existsSync('/usr/lib/rabbitmq/bin/rabbitmq-server');
const missing = isThere ? undefined : 'RabbitMQ is not there: apt-get install rabbitmq-server';
if (missing !== undefined && process.env.IM_REQUIRE_ALL === '1') t.fail(missing);
const skip = missing ?? false;

const RABBITMQ = join(packageRoot, 'src/adapters/testing/rabbitmq.sh');
const BOOT_BOUND_MS = 90_000;

const isUp = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });

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

/** Ends a process with all that it has started; it may have ended by itself. */
const killGroup = (pid: number): void => {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
};

const test = (more: Partial<RunOptions>, via = 'amqp'): Promise<Report> =>
  runVia(via, {
    ...{ concurrency: 8, patienceMs: 1_000 },
    describe: { protocol: 'im.ran.v1', timers: { answerWithinMs: 2_000, redeliverAfterMs: 500 } },
    ...more,
  });

const SOME = ['plain-exchange', 'conversation', 'msg-n#d*', 'cut-*', 'keeps-reading', 'burst*'];

t.test('a broker that is there already', { skip, timeout: 180_000 }, async (t) => {
  const port = await pickPort();
  const data = mkdtempSync(join(tmpdir(), 'im-rabbitmq-'));
  const child = spawn(RABBITMQ, {
    ...{ detached: true, stdio: 'ignore' },
    env: { ...process.env, PORT: String(port), DATA_DIR: data },
  });
  t.teardown(() => {
    if (child.pid !== undefined) killGroup(child.pid);
    rmSync(data, { recursive: true, force: true, maxRetries: 20 });
  });
  for (const from = Date.now(); !(await isUp(port)); await sleep(100)) {
    if (child.exitCode !== null) throw new Error(`RabbitMQ has ended with ${child.exitCode}`);
    if (Date.now() - from > BOOT_BOUND_MS) throw new Error('RabbitMQ does not start');
  }
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
  t.ok(withVerdict(silent, 'failed').length > 5, 'one that says nothing after the login was played');
  t.same(withVerdict(silent, 'passed'), [], 'and gains nothing');
  t.same(
    silent.requirements.filter(({ verdict }) => verdict === 'passed'),
    [],
  );

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
