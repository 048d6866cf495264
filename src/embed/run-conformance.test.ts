import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test as Tap } from 'tap';
import type { Report } from '../../schemas/index.js';
import { KitError } from '../errors.js';
import { packageRoot } from '../package-root.js';
import { resultText } from '../report/index.js';
import type { ConformanceEvent } from './events.js';
import { type ConformanceRun, runConformance } from './run-conformance.js';
import { scenarios } from './scenarios.js';

t.setTimeout(120_000);
const server = join(packageRoot, 'examples', 'minimal-server-js', 'server.js');
const exec = `"${process.execPath}" "${server}" --port {port}`;
const one = { exec, only: 'server/core/plain-exchange', seed: 'one', instances: 1 };
/** So many that a run does not end by itself while the test does something to it. */
const many = { exec, only: 'server/core/*', seed: 'many', instances: 1, concurrency: 1 };

const readAll = async (events: AsyncIterable<ConformanceEvent>): Promise<ConformanceEvent[]> => {
  const all: ConformanceEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
};

/** The server writes down the ids of its processes, so that a test can look for them. */
const watched = (t: Tap): { exec: string; alive: () => number[] } => {
  const file = join(t.testdir({}), 'pids');
  const isAlive = (pid: number): boolean => {
    try {
      process.kill(pid, 0);
      return true;
    } catch {
      return false;
    }
  };
  const alive = () => readFileSync(file, 'utf8').split('\n').filter(Boolean).map(Number).filter(isAlive);
  return { exec: `echo $$ >> "${file}"; exec ${exec}`, alive };
};

t.test('events come in order, each scenario is finished once, and the report is the last one', async (t) => {
  const run = runConformance({ ...one, only: ['server/core/plain-exchange', 'server/ordered/live*'] });
  const events = await readAll(run);
  const report = await run.report;
  t.equal(events[0]?.type, 'started');
  t.match(events[0], { total: 5, seed: 'one', subject: { role: 'server', classes: ['core'], embedded: false } });
  t.strictSame(events.at(-1), { type: 'report', report });
  const finished = events.flatMap((event) => (event.type === 'scenario-finished' ? [event.result] : []));
  t.strictSame(
    [...finished].sort((a, b) => (a.id < b.id ? -1 : 1)),
    report.scenarios,
  );
  t.ok(events.some(({ type }) => type === 'progress'));
  t.equal(report.exitCode, 0);
  t.strictSame(report.selection?.only, ['server/core/plain-exchange', 'server/ordered/live*']);
  const passed = finished.find(({ verdict }) => verdict === 'passed');
  t.match(passed && resultText(passed), /^PASSED server\/core\/plain-exchange\n {2}\S/);
  t.match(passed?.replay, /^npx im-conformance --exec .* --seed one --only 'server\/core\/plain-exchange'$/);
});

t.test('the command line and a program get the same report for the same options', async (t) => {
  const program = join(packageRoot, 'dist', 'bin', 'im-conformance.js');
  const file = join(t.testdir({}), 'report.json');
  const flags = ['--exec', exec, '--only', one.only, '--seed', one.seed, '--instances', '1', '--patience', '700'];
  const child = spawn(process.execPath, [program, ...flags, '--report', `json=${file}`, '--quiet'], {
    stdio: 'ignore',
  });
  const [code] = await once(child, 'exit');
  const report = await runConformance({ ...one, patience: 700 }).report;
  t.equal(report.exitCode, code);
  // Each run takes another port.
  const steady = ({ startedAt: _, summary, scenarios, subject, ...rest }: Report): unknown => ({
    ...rest,
    subject: { ...subject, url: '' },
    summary: { ...summary, durationMs: 0 },
    scenarios: scenarios.map((result) => ({ ...result, durationMs: 0, waitedMs: 0, stalledMs: 0 })),
  });
  t.strictSame(steady(report), steady(JSON.parse(readFileSync(file, 'utf8')) as Report));
});

t.test('several repetitions are attempts, and their scenario is finished once', async (t) => {
  const events = await readAll(runConformance({ ...one, repeat: 3 }));
  const count = (type: ConformanceEvent['type']) => events.filter((event) => event.type === type).length;
  t.strictSame([count('scenario-attempted'), count('scenario-finished'), count('report')], [3, 1, 1]);
});

t.test('a report can be awaited without reading events, and the embedded server needs no options', async (t) => {
  const report = await runConformance({ only: 'server/core/plain-exchange' }).report;
  t.equal(report.subject.embedded, true);
  t.equal(report.summary.passed, 1);
  t.notMatch(JSON.stringify(report), /--jwt-secret [0-9a-f]{8}/, 'without the key of its tokens');
});

/** Reads until something was played. */
const played = async (events: AsyncIterator<ConformanceEvent, undefined>): Promise<void> => {
  for (;;) {
    const { value, done } = await events.next();
    if (done === true) throw new Error('the run ended by itself');
    if (value.type === 'scenario-finished') return;
  }
};

const ways: Record<string, (run: ConformanceRun, controller: AbortController) => Promise<unknown>> = {
  'the reader leaves its loop': async (run) => {
    for await (const event of run) if (event.type === 'scenario-finished') break;
  },
  'the reader throws': (run) => {
    const read = async (): Promise<void> => {
      for await (const event of run) if (event.type === 'scenario-finished') throw new Error('of the reader');
    };
    return t.rejects(read(), { message: 'of the reader' });
  },
  'it is cancelled': async (run) => {
    await played(run[Symbol.asyncIterator]());
    await run.cancel();
  },
  'its signal aborts': async (run, controller) => {
    await played(run[Symbol.asyncIterator]());
    controller.abort();
    await run.report;
  },
};

for (const [name, way] of Object.entries(ways)) {
  t.test(`when ${name}, the run ends with what it saw, and so does the server`, async (t) => {
    const controller = new AbortController();
    const { exec, alive } = watched(t);
    const run = runConformance({ ...many, exec, signal: controller.signal });
    await way(run, controller);
    t.strictSame(alive(), [], 'no server is left');
    const report = await run.report;
    t.strictSame([report.complete, report.exitCode], [false, 130]);
    t.ok(report.scenarios.length > 0, 'what was seen is told');
    await run.cancel();
  });
}

t.test('a run that is over before it began says so', async (t) => {
  const run = runConformance({ ...one, signal: AbortSignal.abort() });
  const events = await readAll(run);
  const report: Report = await run.report;
  t.strictSame(
    events.map(({ type }) => type),
    ['report'],
  );
  t.match(report, { complete: false, exitCode: 130, scenarios: [], problems: [/interrupted before the first/] });
});

t.test('what keeps a run from its report is thrown to whoever waits, as an error of the kit', async (t) => {
  const rows: [options: Parameters<typeof runConformance>[0], code: string, message: RegExp][] = [
    [{ url: 'ws://127.0.0.1:1/' }, 'unreachable', /127\.0\.0\.1:1/],
    [{ exec: `"${process.execPath}" -e 0 {port}` }, 'unreachable', /ended/],
    [{ url: 'nonsense' }, 'usage', /neither a WebSocket URL/],
    [{ ...one, baseline: ['no/such'] }, 'usage', /^the baseline names "no\/such"/],
    [{ role: 'client' }, 'usage', /no client to test/],
  ];
  for (const [options, code, message] of rows) {
    const run = runConformance(options);
    const read = readAll(run);
    for (const promise of [run.report, read]) {
      const error = await promise.then(
        () => undefined,
        (cause: unknown) => cause,
      );
      t.type(error, KitError, JSON.stringify(options));
      t.match(error, { code, message, remedy: /\S/ }, JSON.stringify(options));
    }
    await run.cancel();
  }
});

t.test('a client is tested by its bot, and its sides are classes', async (t) => {
  const bot = join(packageRoot, 'examples', 'client-bot-js', 'bot.js');
  const report = await runConformance({
    role: 'client',
    exec: `exec "${process.execPath}" "${bot}" --short`,
    classes: ['core', 'sender'],
    only: 'client/sender/plain',
    concurrency: 1,
  }).report;
  t.match(report.subject, { role: 'client', classes: ['core', 'sender'] });
  t.strictSame([report.exitCode, report.summary.passed > 0], [0, true]);
});

t.test('runs may go on side by side, and each knows its own', async (t) => {
  const runs = ['a', 'b'].map((seed) => runConformance({ ...one, seed }));
  const reports = await Promise.all(runs.map(({ report }) => report));
  t.strictSame(
    reports.map(({ kit, summary }) => [kit.seed, summary.passed]),
    [
      ['a', 1],
      ['b', 1],
    ],
  );
});

t.test('scenarios are told without a subject', async (t) => {
  const all = scenarios();
  t.ok(all.length > 500, `${all.length}`);
  t.ok(all.every(({ role, requirements, title }) => role === 'server' && requirements.length > 0 && title !== ''));
  const clients = scenarios({ role: 'client', classes: ['core', 'sender'] });
  t.strictSame([...new Set(clients.map((one) => one.class))].sort(), ['core', 'sender']);
  t.strictSame(
    scenarios({ only: 'server/core/plain-exchange' }).map(({ id }) => id),
    ['server/core/plain-exchange'],
  );
  t.throws(() => scenarios({ only: 'no/such' }), { field: 'only', message: 'only "no/such" matches no scenario' });
});
