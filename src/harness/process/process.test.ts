import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { KitError } from '../../errors.js';
import type { Authenticate, Subject, SubjectControl, SubjectExit } from '../subject.js';
import { killStrays } from './group.js';
import { connectSubject, type StartOptions, startSubject } from './index.js';
import { OUTPUT_CHARACTERS, OutputTail } from './output-tail.js';
import { endpointOf, pickPort, portState } from './port.js';

const script = fileURLToPath(new URL('../testing/bad-command.mjs', import.meta.url));
const command = (kind: string) => `"${process.execPath}" "${script}" ${kind}`;
const authenticate: Authenticate = async (url) => ({ url, headers: {} });
const start = (exec: string, more: Partial<StartOptions> = {}) => startSubject({ exec, authenticate, ...more });

function controlOf(subject: Subject): SubjectControl {
  if (subject.control === undefined) throw new Error('a started subject has control');
  return subject.control;
}

async function errorOf(work: Promise<unknown>): Promise<KitError> {
  const error = await work.then(
    () => new Error('it did not fail'),
    (reason: unknown) => reason,
  );
  if (error instanceof KitError) return error;
  throw error;
}

const refuses = async (url: string) => (await portState(endpointOf(url))) === 'refuses';

t.test('a subject is killed, restarted, stopped, frozen and closed', async (t) => {
  const subject = await start(`${command('good')} --data {data} --port {port}`);
  const control = controlOf(subject);
  t.match(subject.url, /^ws:\/\/127\.0\.0\.1:\d+\/$/);
  await control.kill();
  t.ok(await refuses(subject.url), 'after a kill the port refuses');
  t.match(await errorOf(control.kill()), { code: 'unreachable', message: /could not be killed/ }, 'a kill needs life');
  t.throws(() => control.freeze(), { message: /could not be frozen/ });
  control.unfreeze();
  await control.start();
  t.match(await errorOf(control.start()), { message: /runs already/ });
  control.freeze();
  await control.stop();
  t.ok(await refuses(subject.url), 'a frozen subject is stopped too');
  await control.start();
  await subject.close();
  await subject.close();
  t.ok(await refuses(subject.url), 'after close the port refuses');
  t.match(await errorOf(control.start()), { message: /is closed/ });
});

t.test('a command that fails to start is named with its code, its output and a remedy', async (t) => {
  const cases: [string, string, Partial<KitError>, Partial<StartOptions>?][] = [
    [
      'exits',
      command('exits-at-once'),
      {
        code: 'unreachable',
        message: /exits-at-once" ended with code 7 before.*cannot open the configuration/s as never,
      },
    ],
    ['missing', 'no-such-command-here', { code: 'unreachable', remedy: /did not find the command/ as never }],
    [
      'ends',
      'true',
      { message: /ended with code 0 before.*It printed nothing/ as never, remedy: /foreground/ as never },
    ],
    [
      'never listens',
      command('never-listens'),
      { message: /never listened on port \d+ within 300 ms/ as never, remedy: /PORT/ as never },
      { startTimeoutMs: 300 },
    ],
    [
      'silent',
      command('silent'),
      { message: /takes connections on port \d+ but never answered/ as never },
      { startTimeoutMs: 1_000 },
    ],
    [
      'daemon',
      command('daemon'),
      { code: 'usage', message: /runs on outside of its process group/ as never, remedy: /foreground/ as never },
    ],
    ['bad url', command('good'), { code: 'usage', message: /"nonsense" is not valid/ as never }, { url: 'nonsense' }],
  ];
  for (const [name, exec, expected, more] of cases) t.match(await errorOf(start(exec, more)), expected, name);
});
