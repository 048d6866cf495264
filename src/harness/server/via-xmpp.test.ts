import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import t from 'tap';
import type { Report } from '../../../schemas/index.js';
import { packageRoot } from '../../package-root.js';
import type { RunOptions } from '../options.js';
import { makeCertificate, whyNoCertificate } from '../testing/make-certificate.js';
import { played, runVia, violationsOf, withVerdict } from './testing/via-run.js';

/** Where a server is missing its test is skipped, and says what to install. */
const skipWithout = (name: string): string | false => {
  const isThere = spawnSync('sh', ['-c', `command -v ${name} || command -v ${name}ctl`]).status === 0;
  const missing = `${name} is not there: apt-get install ${name}`;
  if (!isThere && process.env.IM_REQUIRE_ALL === '1') t.fail(missing);
  return isThere ? false : missing;
};

const SMALL = `exec ${process.execPath} ${join(packageRoot, 'src/adapters/testing/xmpp-server.mjs')}`;

const test = (exec: string, more: Partial<RunOptions> = {}): Promise<Report> =>
  runVia('xmpp', { exec, concurrency: 8, patienceMs: 1_000, ...more });

const core = (...ids: string[]): Partial<RunOptions> => ({ only: ids.map((id) => `server/core/${id}`) });
const durable = (...ids: string[]): Partial<RunOptions> => ({
  ...{ only: ids.map((id) => `server/durable/${id}`), classes: ['core', 'durable'] },
});
const SOME = core('plain-exchange', 'conversation', 'msg-a#d*', 'cut-before-the-*', 'sender-is-stamped', 'takeover');

t.test('a correct server is not accused, also where a stream goes on', async (t) => {
  const only = [
    ...(SOME.only ?? []),
    ...(durable('killed-after-the-answer#at-once', 'killed-while-acking').only ?? []),
  ];
  const report = await test(`${SMALL} none`, { only, classes: ['core', 'durable'] });
  for (const verdict of ['failed', 'error', 'inconclusive'] as const) t.same(withVerdict(report, verdict), [], verdict);
  t.ok(withVerdict(report, 'passed').length > 8, `${withVerdict(report, 'passed').length} passed`);
  t.match(report.subject, { url: /^xmpp:\/\/127\.0\.0\.1:\d+$/, dialect: { name: 'xmpp', absent: [] } });
  t.match(report.subject.dialect?.cannotPromise.join('\n'), /cannot be resumed/);
});

t.test('a mute server gains nothing: no scenario, no requirement, no cell', async (t) => {
  const describe = { protocol: 'im.ran.v1', timers: { answerWithinMs: 60, redeliverAfterMs: 60 } } as const;
  const only = ['server/core/*', 'server/durable/killed-after*'];
  const report = await test(`${SMALL} mute`, {
    ...{ only, describe, classes: ['core', 'durable'], patienceMs: 30, concurrency: 32 },
  });
  t.ok(played(report).length > 30, `${played(report).length} were played`);
  t.same(withVerdict(report, 'passed'), []);
  const gained = ({ verdict }: { verdict: string }) => verdict === 'passed';
  t.same(report.requirements.filter(gained), []);
  t.same(report.matrix.filter(gained), []);
});

t.test('broken servers are caught, each for the right reason', async (t) => {
  const cases: [fault: string, expected: RegExp, more: Partial<RunOptions>][] = [
    ['swallows', /IM-2-3 .*was not answered/, core('cut-before-the-ack-answer*')],
    ['doubles', /IM-3-5 .*was pushed again after its ack:A/, core('cut-before-the-ack-answer*')],
    ['forgets-offline', /IM-3-1 .*accepted and lost/, core('cut-before-the-backlog')],
    ['forgets-acks', /IM-3-[56] .*pushed/, durable('killed-while-acking')],
    ['answers-early', /IM-3-2 .*accepted and lost/, durable('killed-after-the-answer#at-once')],
  ];
  for (const [fault, expected, more] of cases) {
    const seen = violationsOf(await test(`${SMALL} ${fault}`, more));
    t.ok(
      seen.some((one) => expected.test(one)),
      `${fault}: ${[...new Set(seen)].slice(0, 5).join(' | ')}`,
    );
  }
});

t.test('TLS on the open stream, and from the first byte', { skip: whyNoCertificate() ?? false }, async (t) => {
  const { certFile, keyFile, cert } = makeCertificate(t.testdir());
  for (const [security, url] of [
    ['starttls', 'xmpp://127.0.0.1:{port}'],
    ['tls', 'xmpps://127.0.0.1:{port}'],
  ] as const) {
    const exec = `CERT=${certFile} KEY=${keyFile} ${SMALL} none ${security}`;
    const trusted = await test(exec, { ...core('plain-exchange', 'cut-before-the-ack-answer*'), url, ca: cert });
    t.ok(withVerdict(trusted, 'passed').length > 1, security);
    t.same([...withVerdict(trusted, 'failed'), ...withVerdict(trusted, 'error')], [], security);
    const stranger = test(exec, { ...core('plain-exchange'), url });
    await t.rejects(stranger, { code: 'unreachable', message: /self-signed certificate/ }, `${security}, not trusted`);
  }
});

for (const name of ['prosody', 'ejabberd']) {
  t.test(`${name} keeps what it promises while it lives`, { skip: skipWithout(name), timeout: 180_000 }, async (t) => {
    const report = await test(`exec ${join(packageRoot, 'src/adapters/testing', name)}.sh`, SOME);
    t.same([...withVerdict(report, 'failed'), ...withVerdict(report, 'error')], []);
    t.ok(withVerdict(report, 'passed').length > 5, `${withVerdict(report, 'passed').length} passed`);
  });
}
