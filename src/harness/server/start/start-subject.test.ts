import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { KitError } from '../../../errors.js';
import { OUTPUT_CHARACTERS, OutputTail } from '../../process/output-tail.js';
import { endpointOf, pickPort, portState } from '../../process/port.js';
import type { Subject, SubjectControl, SubjectExit } from '../../subject.js';
import type { Authenticate } from '../credentials.js';
import { type StartOptions, startSubject } from './index.js';

const script = fileURLToPath(new URL('../../testing/bad-command.mjs', import.meta.url));
const command = (kind: string) => `"${process.execPath}" "${script}" ${kind}`;
const authenticate: Authenticate = async (url) => ({ url, headers: {} });
const start = (exec: string, more: Partial<StartOptions> = {}) => startSubject({ exec, authenticate, ...more });

const controlOf = (subject: Subject): SubjectControl => {
  if (subject.control === undefined) throw new Error('a started subject has control');
  return subject.control;
};

const errorOf = async (work: Promise<unknown>): Promise<KitError> => {
  const error = await work.then(
    () => new Error('it did not fail'),
    (reason: unknown) => reason,
  );
  if (error instanceof KitError) return error;
  throw error;
};

/** The system may take a moment to let go of a port: looked at again until then, two seconds at most. */
const refuses = async (url: string): Promise<boolean> => {
  for (let look = 0; look < 40; look++) {
    if ((await portState(endpointOf(url))) === 'refuses') return true;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return false;
};

t.test('a subject is killed, restarted, stopped, frozen and closed', async (t) => {
  const subject = await start(`${command('good')} --data {data} --port {port}`);
  const control = controlOf(subject);
  t.match(subject.url, /^ws:\/\/127\.0\.0\.1:\d+\/$/);
  await control.kill();
  t.ok(await refuses(subject.url), 'after a kill the port refuses');
  await control.kill();
  t.match(await errorOf(control.stop()), { code: 'unreachable', message: /could not be stopped/ }, 'a stop needs life');
  await t.rejects(control.freeze(), { message: /could not be frozen/ });
  await control.unfreeze();
  await control.start();
  t.match(await errorOf(control.start()), { message: /runs already/ });
  await control.freeze();
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

t.test(
  'a wrapper may end while its server runs on; a server that left the group is reported and removed',
  async (t) => {
    const wrapped = await start(command('leaves-child'));
    await controlOf(wrapped).kill();
    t.ok(await refuses(wrapped.url), 'the child of the wrapper was killed');
    await wrapped.close();

    const notes: string[] = [];
    const detached = await start(command('child-leaves-group'), { log: (line) => notes.push(line) });
    t.match(await errorOf(controlOf(detached).kill()), {
      code: 'usage',
      message: /left the process group still holds it/,
    });
    await detached.close();
    t.ok(await refuses(detached.url), 'close kills what left the group');
    t.match(notes.join('\n'), /killed \d process\(es\) that had left/);
  },
);

t.test('SIGTERM that is ignored ends in SIGKILL, and the caller is told', async (t) => {
  const subject = await start(command('ignores-sigterm'), { stopTimeoutMs: 300 });
  const error = await errorOf(controlOf(subject).stop());
  t.match(error, { code: 'unreachable', message: /ignored SIGTERM for 300 ms and was killed.*SIGTERM ignored/s });
  t.ok(await refuses(subject.url));
  await subject.close();
});

t.test('a stop that nobody waits for is finished by a kill, or by the next start', async (t) => {
  const subject = await start(command('ignores-sigterm'));
  const control = controlOf(subject);
  const told: SubjectExit[] = [];
  control.onExit((exit) => told.push(exit));
  control.beginStop();
  await control.kill();
  t.ok(await refuses(subject.url), 'killed');
  await control.start();
  control.beginStop();
  await control.start();
  t.notOk(await refuses(subject.url), 'started again, over what was still stopping');
  t.same(told, [], 'none of these ends is news');
  await subject.close();
});

t.test('an end that nobody asked for is told, with the last output', async (t) => {
  const subject = await start(command('ends-later'));
  const told: SubjectExit[] = [];
  controlOf(subject).onExit(() => told.push({ code: null, signal: 'never', output: '' }))();
  // A started subject does not keep the kit alive, so the test needs a bound that does.
  const exit = await new Promise<SubjectExit>((resolve, reject) => {
    const bound = setTimeout(() => reject(new Error('onExit was not called')), 10_000);
    controlOf(subject).onExit((exit) => {
      clearTimeout(bound);
      resolve(exit);
    });
  });
  t.match(exit, { code: 3, signal: null, output: /the client has left/ });
  t.same(told, [], 'a listener that was taken off is not called');
  t.match(await errorOf(controlOf(subject).stop()), { message: /could not be stopped: .* ended with code 3/ });
  await subject.close();
});

t.test('megabytes of output are read and only their end is kept', async (t) => {
  const subject = await start(command('prints-50-mb'));
  await subject.close();
  const tail = new OutputTail();
  for (let i = 0; i < 1_000; i++) tail.add(Buffer.from(`${'é'.repeat(50_000)}`));
  tail.add(Buffer.from('\x1b[31mred\x1b[0m\x07 end\r\n'));
  t.equal(tail.text().length, OUTPUT_CHARACTERS - 1, 'all but the line end');
  t.ok(tail.text().endsWith('éred end'), 'without what a terminal would obey');
});

t.test('a port held by another program', async (t) => {
  const holder = createServer().listen(await pickPort(), '127.0.0.1');
  t.teardown(() => holder.close());
  await once(holder, 'listening');
  const { port } = holder.address() as AddressInfo;
  const url = `ws://127.0.0.1:${port}/`;
  t.match(await errorOf(start(command('good'), { url })), {
    code: 'usage',
    message: `already listens on port ${port}`,
  });

  const notes: string[] = [];
  const wrong = start(`PORT=${port} ${command('good')}`, { log: (line) => notes.push(line) });
  t.match(await errorOf(wrong), { code: 'unreachable', message: /EADDRINUSE/, remedy: /holds the port/ });
  t.equal(notes.filter((note) => note.includes('choosing another one')).length, 2, 'three starts in all');

  const subject = await start(command('good'));
  await controlOf(subject).kill();
  const thief = createServer().listen(endpointOf(subject.url).port, '127.0.0.1');
  await once(thief, 'listening');
  t.match(await errorOf(controlOf(subject).start()), { code: 'unreachable', message: /another program holds/ });
  thief.close();
  await controlOf(subject).start();
  await subject.close();
});

t.test('a subject ends with the kit, also when the kit dies of an error', async (t) => {
  const module = new URL('./index.ts', import.meta.url).href;
  for (const ending of ['setImmediate(() => { throw new Error("boom"); })', '0']) {
    const code = `import { startSubject } from ${JSON.stringify(module)};
      const subject = await startSubject({ exec: ${JSON.stringify(`${command('good')} {data}`)}, authenticate: async (url) => ({ url, headers: {} }) });
      console.log(subject.url, process.env.TMPDIR);
      ${ending};`;
    const kit = spawn(process.execPath, [...process.execArgv, '--input-type=module', '-e', code], {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, TMPDIR: t.testdir({}) },
    });
    const [chunk] = (await once(kit.stdout, 'data')) as [Buffer];
    await once(kit, 'exit');
    const [url = '', folder = ''] = String(chunk).trim().split(' ');
    t.ok(await refuses(url), `no server is left after ${ending}`);
    t.notMatch(readdirSync(folder).join(), /im-conformance/, 'and no data folder');
  }
});
