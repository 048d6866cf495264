import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { ReportSchema } from '../../schemas/index.js';
import { startBadSubject } from '../../src/harness/testing/bad-subjects.js';
import { packageRoot } from '../../src/package-root.js';
import { validator } from '../../src/wire/index.js';
import { type Case, playCases } from './testing/bad-cases.js';
import { BOUND_MS, FILES, holder, ONE, type Outcome, run } from './testing/run-kit.js';

t.test('files and streams that cannot be used', async (t) => {
  const extra = {
    file: '',
    'broken.json': '{ "exec": ',
    binary: Buffer.from([0xff, 0xfe, 0, 10, 0x1b]),
    histories: { server: 'a file where a folder must be' },
  };
  const full = existsSync('/dev/full');
  const cases: Case[] = [
    {
      name: 'config',
      words: ['--config', '../broken.json'],
      code: 2,
      says: /cannot read the config file .*broken\.json/,
    },
    { name: 'baseline is a folder', words: ['--baseline', '..'], code: 2, says: /cannot read the baseline .*EISDIR/ },
    {
      name: 'baseline is binary',
      words: ['--baseline', '../binary'],
      code: 2,
      says: /the baseline .*\n {2}(Write a scenario|.*Correct it)/,
    },
    { name: 'describe', words: ['--describe', '../binary'], code: 2, says: /description .*binary/ },
    { name: 'history in a file', words: ['--history', '../file/x'], code: 2, says: /cannot keep histories .*ENOTDIR/ },
    {
      name: 'history is lost on the way',
      words: [...ONE, '--history', '../histories'],
      code: 2,
      says: /the history .*plain-exchange\.ndjson cannot be written \(ENOTDIR\)\. Give --history/,
      check: (t, { report }) => t.match(report, { complete: true, summary: { passed: 1 } }),
    },
    { name: 'nobody reads', words: [...ONE, '--report', 'tap'], redirect: '>&-', code: 0 },
    { name: 'a reader of one line', words: [...ONE, '--report', 'tap'], redirect: '| head -n 1', code: 0 },
  ];
  if (existsSync('/proc/self')) {
    cases.push({
      name: 'history in /proc',
      words: ['--history', '/proc/x/y'],
      code: 2,
      says: /cannot keep histories .*ENOENT/,
    });
  }
  await playCases(t, cases, extra);
  if (!full) return;
  const disk = t.testdir(FILES);
  const results = await run({ words: [...ONE, '--report', 'tap'], folder: disk, redirect: '>/dev/full' });
  t.equal(results.code, 2, 'a full disk');
  t.match(results.stderr, /the tap report could not be written: .*ENOSPC/);
  t.equal(results.report?.summary.passed, 1, 'the other report is there');
  const kept = await run({ words: [...ONE, '--report', 'junit=/dev/full'], folder: disk });
  t.match(kept, {
    code: 2,
    stderr: /the junit report could not be written: .*ENOSPC/,
    report: { summary: { passed: 1 } },
  });
  const listed = await run({ words: ['--list'], folder: disk, redirect: '>/dev/full' });
  t.match(listed, { code: 2, stderr: /cannot write to the standard output \(ENOSPC\)\n {2}Make room/ });
  const unheard = await run({ words: ['--only', 'nothing'], folder: disk, redirect: '2>/dev/full' });
  t.equal(unheard.code, 2, 'a message that nobody can read does not change the exit code');
});

t.test('a scenario file with an unknown step', async (t) => {
  const scenario = [
    'scenario: A step that there is not',
    'class: core',
    'proves: [IM-2-1]',
    'clients: [alice, bob]',
    'script:',
    '  - alice: { sends: m1, to: bob }',
    '  - alice: { teleports: m1 }',
  ].join('\n');
  const folder = t.testdir({
    ...FILES,
    'package.json': readFileSync(join(packageRoot, 'package.json'), 'utf8'),
    conformance: { server: { core: { 'odd.yaml': `${scenario}\n` } } },
  });
  for (const name of ['dist', 'node_modules', 'schemas', 'spec'])
    symlinkSync(join(packageRoot, name), join(folder, name));
  const program = join(folder, 'dist', 'bin', 'im-conformance.js');
  const child = spawn(process.execPath, ['--preserve-symlinks', '--preserve-symlinks-main', program, '--list'], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: BOUND_MS,
  });
  let stderr = '';
  child.stderr.on('data', (chunk) => (stderr += chunk));
  const [code] = (await once(child, 'close')) as [number | null];
  t.equal(code, 2, stderr);
  t.match(stderr, /odd\.yaml:7.*teleports/);
});

t.test('a kit that is killed leaves no server behind', async (t) => {
  const outcome = await inTheMiddle(t, 'SIGKILL');
  t.equal(outcome.code, null, outcome.stderr);
  t.same(outcome.survivors, [], 'no process is left');
});

t.test('what goes wrong in the kit itself is never the fault of the server', async (t) => {
  // Thrown where nobody waits for it, as soon as the kit is ready for that.
  const bomb =
    "process.on('newListener', (name) => name === 'uncaughtException' && setImmediate(() => { throw new Error('boom'); }));";
  const crashed = await run({ words: ONE, folder: t.testdir({ ...FILES, 'rss.mjs': bomb }) });
  t.equal(crashed.code, 4, crashed.stderr);
  t.match(crashed.stderr, /a fault of the kit itself, please report it\nError: boom/);
  t.match(crashed.report, { complete: false, exitCode: 4, problems: [/boom/] });
  const few = await run({ words: ONE, folder: t.testdir(FILES), limit: 'unset NODE_OPTIONS; ulimit -n 32' });
  t.equal(few.code, 4, few.stderr);
  t.match(few.stderr, /EMFILE/);
});

/** Leaves the kit without a single descriptor from its n-th connection on. */
const filling = (from: number): string => `
  import { openSync } from 'node:fs';
  import { Socket } from 'node:net';
  const connect = Socket.prototype.connect;
  let connections = 0;
  Socket.prototype.connect = function (...words) {
    connections += 1;
    if (connections >= ${from}) try { for (;;) openSync('/dev/null'); } catch {}
    return connect.apply(this, words);
  };`;

t.test(
  'a kit without a descriptor left says so, and neither that the server cannot be reached nor that it failed',
  async (t) => {
    const subject = await startBadSubject('good');
    t.teardown(() => subject.close());
    const words = [...ONE, '--report', 'pretty'];
    const limit = 'ulimit -n 300';
    for (const [name, from, more] of [
      ['while it waits for the command to listen', 2, []],
      ['at the door', 1, [subject.url]],
      ['while it asks for the description', 2, [subject.url]],
      ['while it says hello', 3, [subject.url]],
      // One for each of the two that say hello, and one for whoever watches the network.
      ['in a scenario', 6, [subject.url]],
    ] as const) {
      const folder = t.testdir({ ...FILES, 'rss.mjs': filling(from) });
      const { code, stdout, stderr, survivors } = await run({ words: [...words, ...more], folder, limit });
      t.equal(code, 4, `${name}: ${stderr}`);
      t.match(stdout + stderr, /\(EMFILE\): nothing can be said about the server/, name);
      t.notMatch(stdout + stderr, /FAILED|never listened/, name);
      t.same(survivors, [], name);
    }
  },
);

/** Sends the signal as soon as the server under test sees `event`; the kit waits for that server then. */
const interruptedBy = async (t: Test, signal: NodeJS.Signals): Promise<Outcome & { tookMs: number }> => {
  const { server, port } = await holder();
  const folder = t.testdir(FILES);
  // How long the kit takes to start is nobody's business here.
  let from = Number.NaN;
  const outcome = await run({
    words: [`ws://127.0.0.1:${port}/`],
    folder,
    onStart: async (child) => {
      // Neither is waited for alone: a kit that ends early must fail the test, not stop it.
      await Promise.race([once(server, 'connection'), once(child, 'exit')]);
      from = performance.now();
      child.kill(signal);
    },
  });
  server.close();
  return { ...outcome, tookMs: performance.now() - from };
};

t.test('signals', async (t) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGALRM'] as const) {
    const outcome = await interruptedBy(t, signal);
    t.equal(outcome.code, 130, `${signal} while the server does not answer`);
    t.ok(outcome.tookMs < 9_000, 'nobody waits for the bound of the preflight');
    t.match(
      outcome.stderr,
      new RegExp(
        `^im-conformance: ${signal}: ending every server that the kit started, and writing the reports.*\n.*interrupted before`,
      ),
    );
    t.match(outcome.report, { complete: false, exitCode: 130, problems: [/interrupted/] });
    t.same(validator(ReportSchema)(outcome.report), []);
  }
});

/** Sends the signals in the middle of a run with servers of its own. */
const inTheMiddle = (t: Test, ...signals: NodeJS.Signals[]): Promise<Outcome> => {
  const folder = t.testdir({ ...FILES, histories: {} });
  return run({
    words: ['--history', 'histories', '--instances', '2'],
    folder,
    onStart: async (child) => {
      // The first history shows that the scenarios are running.
      while (child.exitCode === null && readdirSync(join(folder, 'histories')).length === 0) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      for (const signal of signals) child.kill(signal);
    },
  });
};

t.test('Ctrl-C in the middle of a run with servers of its own', async (t) => {
  const outcome = await inTheMiddle(t, 'SIGINT');
  t.equal(outcome.code, 130, outcome.stderr);
  t.same(outcome.survivors, [], 'no process is left');
  t.match(outcome.report, { complete: false, exitCode: 130 });
  t.ok((outcome.report?.scenarios.length ?? 0) > 0, 'what was tested until then is told');
  t.same(validator(ReportSchema)(outcome.report), []);
});
