import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import t from 'tap';
import type { Report } from '../../../schemas/index.js';
import { packageRoot } from '../../package-root.js';
import type { RunOptions } from '../options.js';
import { makeCertificate, whyNoCertificate } from '../testing/make-certificate.js';
import { runVia, withVerdict } from './testing/via-run.js';

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
const SOME = core('plain-exchange', 'conversation', 'msg-a#d*', 'cut-before-the-*', 'sender-is-stamped', 'takeover');

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
