import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, watch } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { type Report, ReportSchema } from '../schemas/index.js';
import { packageRoot } from '../src/package-root.js';
import { validator } from '../src/wire/index.js';

/** The command line as it is built: `npm test` builds before it tests. */
const PROGRAM = join(packageRoot, 'dist', 'bin', 'im-conformance.js');
const BOUND_MS = 60_000;

interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

const start = (words: readonly string[], cwd: string): ChildProcess =>
  spawn(process.execPath, [PROGRAM, ...words], { cwd, stdio: ['ignore', 'pipe', 'pipe'], timeout: BOUND_MS });

const finish = async (child: ChildProcess): Promise<Outcome> => {
  const outcome: Outcome = { code: null, stdout: '', stderr: '' };
  child.stdout?.on('data', (chunk) => (outcome.stdout += chunk));
  child.stderr?.on('data', (chunk) => (outcome.stderr += chunk));
  const [code] = (await once(child, 'close')) as [number | null];
  return { ...outcome, code };
};

const run = (words: readonly string[], cwd: string): Promise<Outcome> => finish(start(words, cwd));

const readReport = (path: string): Report => JSON.parse(readFileSync(path, 'utf8')) as Report;

/** A port that refuses: it was free a moment ago. */
const closedPort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
};

t.test('--quiet tells the verdict alone, also where no person reads it at once', async (t) => {
  const folder = t.testdir({});
  const words = ['--only', 'server/core/plain-exchange', '--instances', '1'];
  const [quiet, named] = await Promise.all([
    run([...words, '-q'], folder),
    run([...words, '-q', '--report', 'tap'], folder),
  ]);
  t.equal(quiet.code, 0, quiet.stderr);
  t.match(quiet.stdout, /^\n1 passed in \S+ m?s\n1 selected scenario passed.*\n$/);
  t.match(named.stdout, /^TAP version 14\n/, 'who names a report gets it');
});

t.test('usage', async (t) => {
  const folder = t.testdir({ 'bad.yaml': 'exce: node\n', 'known.txt': 'server/core/nothing\n', there: {} });
  const rows: [string, string[], number, RegExp][] = [
    ['help', ['--help'], 0, /^Usage: im-conformance/],
    ['version', ['--version'], 0, /^\d+\.\d+\.\d+\n$/],
    ['unknown option', ['--onyl', 'x'], 2, /^im-conformance: unknown option '--onyl'\n\(Did you mean --only\?\)/],
    ['unknown command', ['explian', 'IM-2-2'], 2, /"explian" is neither.*\n {2}Did you mean "explain"\?/],
    ['not a url', ['sevre'], 2, /neither a WebSocket URL nor a command\n {2}Did you mean "serve"\?/],
    ['two addresses', ['ws://h/', 'ws://i/'], 2, /^im-conformance: too many arguments/],
    [
      'nearly an id',
      ['--list', '--only', 'server/core/plain-exchang'],
      2,
      /Did you mean "server\/core\/plain-exchange"/,
    ],
    ['unknown class', ['--class', 'cor'], 2, /there is no class "cor"/],
    ['glob without a match', ['--only', 'nothing*'], 2, /--only "nothing\*" matches no scenario/],
    [
      'glob of another class',
      ['--list', '--class', 'core', '--only', 'server/durable/*'],
      2,
      /classes that --class leaves out/,
    ],
    ['one identity for all', ['--token-command', 'echo same'], 2, /all clients would be one user/],
    ['list without a match', ['--list', '--skip', 'nothing*'], 2, /matches no scenario/],
    ['requirements without a list', ['--requirements'], 2, /--requirements goes with --list/],
    ['unknown format', ['--report', 'xml'], 2, /no report format "xml"/],
    ['two reports for stdout', ['--report', 'tap', '--report', 'json'], 2, /only one report can go to stdout/],
    ['report in a missing folder', ['--report', 'json=gone/x'], 2, /cannot write the report .*ENOENT/],
    ['report that is a folder', ['--report', 'json=there'], 2, /cannot write the report .*EISDIR/],
    ['unknown key', ['--config', 'bad.yaml'], 2, /bad\.yaml: unknown option "exce"/],
    ['missing config', ['--config', 'gone.yaml'], 2, /cannot read the config file gone\.yaml/],
    ['baseline', ['--baseline', 'known.txt', '--only', '*plain*'], 2, /names "server\/core\/nothing"/],
    ['explain nothing', ['explain'], 2, /missing required argument 'id'/],
    ['explain the unknown', ['explain', 'IM-2-99'], 2, /no requirement or scenario "IM-2-99"\n {2}Nearest: IM-2-9/],
    ['a glob that no mutant has', ['self-test', '--only', 'gone*'], 2, /--only "gone\*" matches no mutant/],
    ['an unknown level', ['--fail-on', 'warn'], 2, /--fail-on does not know "warn"\n {2}Did you mean "warning"\?/],
    ['no number of runs', ['self-test', '--repeat', '0'], 2, /--repeat must be an integer from 1 to 1000/],
    ['too many mutants at once', ['self-test', '--concurrency', 'all'], 2, /--concurrency must be an integer from 1/],
    ['nowhere to write', ['self-test', '--json', 'gone/x'], 2, /cannot write gone\/x \(ENOENT\)/],
    ['list of mutants', ['self-test', '--list', '--only', 'no-dedup'], 0, /^no-dedup {2}IM-4\.2-2 {2}Every copy/],
    ['one point of a sweep', ['--sweep', '1'], 2, /--sweep must be an integer from 2 to 64/],
    ['nothing to sweep', ['--sweep', '9', '--only', '*plain*'], 2, /none of the chosen scenarios has a sweep/],
    ['all and one', ['--repeat', '3', '--repetition', '2'], 2, /--repeat and --repetition exclude each other/],
    ['explain a requirement', ['explain', 'IM-2-2'], 0, /^IM-2-2 {2}MUST, class core, section 2/],
  ];
  const queue = [...rows];
  const worker = async (): Promise<void> => {
    for (let row = queue.shift(); row; row = queue.shift()) {
      const [name, words, code, text] = row;
      const outcome = await run(words, folder);
      t.equal(outcome.code, code, `${name}: exit code`);
      t.match(code === 0 ? outcome.stdout : outcome.stderr, text, `${name}: words`);
    }
  };
  // All at once they would wait for each other, on a small machine for longer than each may take.
  await Promise.all([worker(), worker(), worker(), worker()]);
});

t.test('nobody listens: exit 3, and the reports are there all the same', async (t) => {
  const folder = t.testdir({});
  const url = `ws://127.0.0.1:${await closedPort()}/`;
  const outcome = await run([url, '--report', 'json=r.json', '--report', 'junit=r.xml', '--report', 'tap'], folder);
  t.equal(outcome.code, 3);
  t.match(outcome.stdout, /^TAP version 14\n1\.\.1\n.*\nnot ok 1 /);
  const report = readReport(join(folder, 'r.json'));
  t.same(validator(ReportSchema)(report), []);
  t.match(report, { complete: false, exitCode: 3, subject: { url, embedded: false } });
  t.match(report.problems, [/127\.0\.0\.1/]);
  t.match(readFileSync(join(folder, 'r.xml'), 'utf8'), /errors="1"/);
});

t.test('the main job, on the embedded reference server', async (t) => {
  const folder = t.testdir({});
  const words = ['--only', 'server/core/plain*', '--report', 'json=r.json', '--seed', 'abc', '--history', 'h'];
  const often = [
    '--only',
    'cut-before-the-answer#reset',
    '--sweep',
    '4',
    '--repeat',
    '2',
    '--report',
    'json=often.json',
  ];
  const [outcome, repeated, cut] = await Promise.all([
    run([...words, '--report', 'tap'], folder),
    run(often, folder),
    // The reader of this one goes away before the first line: the exit code of the run is kept, and nothing is said.
    (async () => {
      const child = start(['--only', 'server/core/plain*', '--report', 'tap'], folder);
      child.stdout?.destroy();
      return finish(child);
    })(),
  ]);
  t.equal(outcome.code, 0, outcome.stderr);
  t.match(outcome.stderr, 'no url given: testing the embedded reference server');
  t.match(outcome.stdout, /^ok 1 - server\/core\/plain/m);
  const report = readReport(join(folder, 'r.json'));
  t.same(validator(ReportSchema)(report), []);
  t.ok(report.summary.passed >= 1);
  t.match(report, { kit: { seed: 'abc' }, subject: { embedded: true }, selection: { only: ['server/core/plain*'] } });
  t.equal(repeated.code, 0, repeated.stderr);
  const twice = readReport(join(folder, 'often.json'));
  t.same(validator(ReportSchema)(twice), []);
  t.match(twice, { kit: { sweep: 4, repeat: 2 }, scenarios: [{ repetitions: { played: 2, failed: [], shown: 1 } }] });
  t.match(
    twice.scenarios[0]?.replay,
    /--sweep 4 --seed \w+ --repetition 1 --only 'server\/core\/cut-before-the-answer#reset'$/,
  );
  const [history = ''] = report.scenarios.map((scenario) => scenario.history ?? '');
  const checked = await run(['check', history], folder);
  t.equal(checked.code, 0, 'its history is judged again, with the same verdict');
  const stalled = join(packageRoot, 'conformance', 'histories', 'undecided-kit-stood-still.ndjson');
  const excused = await run(['check', stalled], folder);
  t.equal(excused.code, 4);
  const broken = await run(
    ['check', join(packageRoot, 'conformance', 'histories', 'bad-push-after-ack.ndjson')],
    folder,
  );
  t.equal(broken.code, 1);
  t.match(
    broken.stdout,
    / time +alice +server +bob\n(.*\n)*» .*msg:N m1 ─+▶│ 2nd time/,
    'a picture shows the second push',
  );
  t.match(excused.stdout, /INCONCLUSIVE.*\n +too slow to judge: the kit itself stood still for 334 ms.*\(IM-3-1\)/);
  t.equal(cut.code, 0, 'a closed pipe is no failure');
  t.notMatch(cut.stderr, /EPIPE|fault/);
});

/** Resolves when the file exists and is not empty. */
const written = async (folder: string, name: string): Promise<string> => {
  const path = join(folder, name);
  const watcher = watch(folder, { persistent: false });
  try {
    while (!existsSync(path) || readFileSync(path, 'utf8') === '') await once(watcher, 'change');
  } finally {
    watcher.close();
  }
  return readFileSync(path, 'utf8').trim();
};

/** A process that has ended but that nobody has collected yet is not alive. */
const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return !/^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'EPERM' || (code === 'ENOENT' && !existsSync('/proc/self'));
  }
};

t.test('Ctrl-C ends the children and writes the reports; a second one leaves at once', async (t) => {
  for (const times of [1, 2]) {
    const folder = t.testdir({});
    const server = `${process.execPath} ${PROGRAM} serve --port {port} --data {data}`;
    const exec = `sh -c 'echo $$ > pid.new; mv pid.new pid; exec ${server}'`;
    const child = start(['--exec', exec, '--report', 'json=r.json'], folder);
    const ended = finish(child);
    // A child that ends too early must not leave the test waiting for its file.
    const tooEarly = ended.then(({ stderr }) =>
      Promise.reject(new Error(`ended before its server started: ${stderr}`)),
    );
    const pid = Number(await Promise.race([written(folder, 'pid'), tooEarly]));
    for (let i = 0; i < times; i++) child.kill('SIGINT');
    const outcome = await ended;
    t.equal(outcome.code, 130, `${times} times: exit code`);
    t.notOk(alive(pid), `${times} times: the server has ended`);
    if (times === 1) t.match(readReport(join(folder, 'r.json')), { complete: false, exitCode: 130 });
  }
});
