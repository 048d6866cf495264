import { spawn } from 'node:child_process';
import { join } from 'node:path';
import t from 'tap';
import { certificateFile } from '../../conformance/mutants/runs.js';
import { packageRoot } from '../../src/package-root.js';
import { FILES, run } from './testing/run-kit.js';

const BOT = join(packageRoot, 'examples', 'client-bot-js', 'bot.js');
const SAID = /waiting for a client at (wss:\/\/localhost:\d+\/) with the token (\w+) \(user subject, device default\)/;

t.test(
  'a client that somebody starts by hand is tested, over TLS, and never killed',
  { timeout: 120_000 },
  async (t) => {
    const folder = t.testdir({ ...FILES, data: {} });
    const scenarios = [
      'client/sender/plain',
      'client/core/close-codes#cut',
      'client/receiver/plain',
      'client/durable/exit',
    ];
    const tls = ['--tls-cert', certificateFile('cert.pem'), '--tls-key', certificateFile('key.pem')];
    const outcome = await run({
      words: ['client', '--wait', '--listen', 'localhost', ...tls, ...scenarios.flatMap((one) => ['--only', one])],
      folder,
      onStart: (kit) => {
        let told = '';
        kit.stderr?.on('data', (chunk) => {
          const before = SAID.exec(told);
          told += chunk;
          const [, url = '', token = ''] = SAID.exec(told) ?? [];
          if (before !== null || url === '') return;
          const env = { ...process.env, IM_URL: url, IM_TOKEN: token, DATA_DIR: join(folder, 'data') };
          const bot = spawn(process.execPath, [BOT, '--short'], {
            env: { ...env, NODE_TLS_REJECT_UNAUTHORIZED: '0' },
            stdio: 'ignore',
          });
          t.teardown(() => bot.kill('SIGKILL'));
        });
      },
    });
    t.equal(outcome.code, 4, outcome.stderr);
    t.match(outcome.stderr, /im-conformance\/client 0\.1 is here/);
    const verdicts = outcome.report?.scenarios.map(({ id, verdict }) => `${id} ${verdict}`).sort();
    t.same(verdicts, [
      'client/core/close-codes#cut passed',
      'client/durable/exit unproven',
      'client/receiver/plain passed',
      'client/sender/plain passed',
    ]);
    const [unproven] = outcome.report?.scenarios.filter(({ verdict }) => verdict === 'unproven') ?? [];
    t.match(unproven?.reason, /did not start this client, and cannot kill it/);
    t.notOk(outcome.report?.subject.command, 'no command was run');
  },
);
