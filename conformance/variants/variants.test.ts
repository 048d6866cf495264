import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import type { Report, ScenarioResult } from '../../schemas/index.js';
import { KitError } from '../../src/errors.js';
import { packageRoot } from '../../src/package-root.js';
import { whyNoClient } from './client-command.js';
import { figuresOf, type Row, tableOf, tooLittleJudged } from './figures.js';
import { type KitOutcome, runKit } from './kit-run.js';
import { loadVariants } from './load-variants.js';
import { chooseVariants, missingRuns, OF_CLIENTS, OF_CLUSTERS, type Plan, type Series } from './plan.js';
import { falseAlarmTables, publishedOf } from './publish.js';
import { type RunRecord, recordOf } from './record.js';
import { appendRecord, prepareResults, readRecords } from './results.js';

const messageOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof KitError) return error.message;
    throw error;
  }
  return 'no error';
};

const oneSpace = (text: string): string => text.replaceAll(/\s+/g, ' ');

t.test('each variant quotes the text that allows it', async (t) => {
  const spec = join(packageRoot, 'spec');
  const pages = readdirSync(spec).filter((name) => name.endsWith('.md'));
  const text = pages.map((name) => readFileSync(join(spec, name), 'utf8')).join('\n');
  for (const variant of loadVariants()) {
    const { id, allowedBy } = variant;
    t.ok(oneSpace(text).includes(oneSpace(allowedBy.text)), `${id} quotes the specification`);
    const heading = new RegExp(`^#+ ${allowedBy.section.replaceAll('.', '[.]')}[. ]`, 'm');
    t.match(text, heading, `${id} names a section`);
  }
});

t.test('a broken catalogue is named with its file and entry', async (t) => {
  const entry = (changes: Record<string, unknown> = {}): string =>
    JSON.stringify({
      id: 'odd',
      differs: 'Does everything in another order.',
      allowedBy: { section: '5', text: 'Nobody forbids it in any place.' },
      ...changes,
    });
  const patch = [{ file: 'src/protocol/machine.js', find: 'a', replace: 'b' }];
  const cases: [string, RegExp][] = [
    [`- ${entry({ colour: 'red' })}`, /^all\.yaml:1: variant "odd" .*colour/],
    [`- ${entry()}\n- ${entry({ differs: 7 })}`, /^all\.yaml:2: variant "odd" \/1\/differs/],
    [`- ${entry()}\n- ${entry()}`, /^all\.yaml:2: variant "odd" exists twice/],
    [`- ${entry({ cluster: 'etcd', byUrl: true })}`, /^all\.yaml:1: variant "odd" \/byUrl: only a server of one node/],
    [`- ${entry({ role: 'client', cluster: 'etcd' })}`, /^all\.yaml:1: variant "odd" \/cluster: only a server can/],
    [`- ${entry({ warns: ['IM-3-1'] })}`, /^all\.yaml:1: .*IM-3-1 is no SHOULD/],
    [`- ${entry({ program: 'examples/a/b.js', patch })}`, /^all\.yaml:1: .*can be patched/],
    [`- ${entry({ lacks: ['sender'] })}`, /^all\.yaml:1: .*sender is no class of a server/],
    [`- ${entry({ role: 'client', lacks: ['ordered'] })}`, /^all\.yaml:1: .*ordered is no class of a client/],
    [`- ${entry({ role: 'client', proxy: 'nginx' })}`, /^all\.yaml:1: variant "odd" \/proxy: only a server/],
  ];
  for (const [text, message] of cases) {
    const folder = t.testdir({ 'all.yaml': text });
    t.match(
      messageOf(() => loadVariants([join(folder, 'all.yaml')])),
      message,
    );
  }
  t.match(
    messageOf(() => chooseVariants(loadVariants(), ['no-such-*'])),
    /no variant matches no-such-/,
  );
});

const scenario = (id: string, changes: Partial<ScenarioResult> = {}): ScenarioResult =>
  ({ id, verdict: 'passed', attempts: 1, violations: [], warnings: [], ...changes }) as ScenarioResult;

const violation = (requirement: string): ScenarioResult['violations'] =>
  [{ requirement }] as unknown as ScenarioResult['violations'];

t.test('whatever is said of a correct server is a false alarm, unless the kit says that it cannot tell', async (t) => {
  const [plain] = loadVariants();
  const few = { ...plain, warns: ['IM-4.2-23'] } as NonNullable<typeof plain>;
  const report = {
    kit: { version: '1' },
    problems: ['the server exited by itself.'],
    summary: { notApplicable: 3 },
    scenarios: [
      scenario('a'),
      scenario('b', { attempts: 2 }),
      scenario('c', { verdict: 'failed', violations: violation('IM-3-1') }),
      scenario('d', { warnings: violation('IM-4.2-23') }),
      scenario('e', { warnings: violation('IM-1-2') }),
      scenario('f', {
        verdict: 'error',
        reason: 'too slow to judge: it stood still',
        because: { code: 'kit-stalled', stalledMs: 900, requirements: ['IM-2-3'] },
      }),
      scenario('g', { verdict: 'error', reason: 'the kit failed', because: { code: 'kit-failed' } }),
      scenario('h', { verdict: 'inconclusive', reason: 'the fault never fired' }),
      scenario('i', { verdict: 'unproven', reason: 'nobody may kill it' }),
    ],
  } as unknown as Report;
  const about = {
    variant: few,
    role: 'server' as const,
    classes: ['core'] as const,
    only: [],
    shards: 1,
    build: 'b',
    burners: 2,
    load: 7,
    run: 1,
    seed: 's',
  };
  const record = recordOf({ report, pretty: 'all of it', wallMs: 5 }, about);
  t.match(record, {
    judged: 5,
    retried: 1,
    inconclusive: ['h'],
    tooSlow: ['f'],
    notApplicable: 3,
    report: 'all of it',
  });
  t.strictSame(record.falseAlarms, [
    { scenario: 'the run', said: 'the server exited by itself.' },
    { scenario: 'c', said: 'IM-3-1' },
    { scenario: 'e', said: 'warning: IM-1-2' },
    { scenario: 'g', said: 'error: the kit failed' },
    { scenario: 'i', said: 'unproven: nobody may kill it' },
  ]);
});

t.test('a kit that hardly ever decides does not count as silent', async (t) => {
  const row = (changes: Partial<Row['figures']>): Row =>
    ({
      variant: { id: 'odd' },
      figures: { runs: 2, judged: 0, inconclusive: 0, tooSlow: 0, ...changes },
    }) as unknown as Row;
  t.strictSame(tooLittleJudged([row({ judged: 90, inconclusive: 4, tooSlow: 6 }), row({ runs: 0 })]), []);
  t.strictSame(tooLittleJudged([row({ judged: 89, inconclusive: 4, tooSlow: 7 }), row({})]), [
    'too little was judged: odd: 89 of 100 scenarios in 2 runs',
    'too little was judged: odd: 0 of 0 scenarios in 2 runs',
  ]);
});

/** A run in which nothing was said of anybody. */
const NOTHING_SAID: KitOutcome = {
  report: { kit: { version: '1' }, problems: [], summary: { notApplicable: 0 }, scenarios: [] } as unknown as Report,
  pretty: '',
  wallMs: 60_000,
};

t.test('a command that was interrupted goes on where it stopped', async (t) => {
  const variants = chooseVariants(loadVariants(), ['plain', 'shuffles']);
  const [plain, shuffles] = variants as [(typeof variants)[0], (typeof variants)[0]];
  const series: Series[] = [
    { role: 'server', classes: ['core'], only: [], shards: 1, runs: 3 },
    { role: 'server', classes: ['core', 'durable'], only: [], shards: 1, runs: 1 },
  ];
  const plan: Plan = { variants, series, burners: 2, build: 'now', anyBuild: false };
  const record = (variant: typeof plain, changes: Partial<RunRecord> = {}): RunRecord => ({
    ...recordOf(NOTHING_SAID, {
      variant,
      role: 'server',
      classes: ['core'],
      only: [],
      shards: 1,
      build: 'now',
      burners: 2,
      load: 7,
      run: 1,
      seed: 's',
    }),
    ...changes,
  });
  const file = join(t.testdir(), 'deep', 'runs.ndjson');
  t.strictSame(readRecords(file), []);
  appendRecord(file, record(plain));
  writeFileSync(file, `${readFileSync(file, 'utf8')}{"variant":"pl`);
  t.equal(readRecords(file).length, 1, 'a line that was torn is no record');
  const alarm = { scenario: 'a', said: 'b' };
  for (const other of [
    record(plain, { run: 2, falseAlarms: [alarm], report: 'whole' }),
    record(plain, { build: 'before' }),
    record(plain, { burners: 0 }),
    record(plain, { entry: 'another' }),
    record(plain, { only: ['server/core/ping'] }),
    record(plain, { shards: 4 }),
    record(shuffles, { classes: ['core', 'durable'] }),
  ]) {
    appendRecord(file, other);
  }
  const records = readRecords(file);
  t.equal(records.length, 8);
  const missing = missingRuns(plan, records).map(
    ({ variant, run, classes }) => `${variant.id} ${classes.length} ${run}`,
  );
  t.strictSame(missing, ['shuffles 1 1', 'plain 2 1', 'shuffles 1 2', 'plain 1 3', 'shuffles 1 3']);
  t.equal(missingRuns({ ...plan, anyBuild: true }, records).length, 4);
  t.match(tableOf(plan, records), /plain +2\/3 .*\n.*\nall +2\/6 +0 +1 [\s\S]*shuffles +1\/1/);
  t.strictSame(figuresOf(records).falseAlarms, [{ ...alarm, variant: 'plain', run: 2, report: 'whole' }]);
  const published = publishedOf({ ...plan, series: series.slice(0, 1) }, records);
  t.match(published, {
    server: {
      day: /^\d{4}-\d\d-\d\d$/,
      builds: ['now'],
      load: [7, 7],
      series: [{ rows: [{ runs: 2, falseAlarms: 1 }, {}] }],
    },
  });
  t.notOk('client' in published, 'what was not measured is not told of');
  t.match(
    falseAlarmTables(published, 'server').join('\n'),
    /\| `plain` \| .* \| 2 \| 0 \| 1 \| 0 \| 0 \|\n\| all \| \| 2 \|[\s\S]*Not played in this series yet: `shuffles`/,
  );
  t.strictSame(falseAlarmTables(published, 'client'), ['Not measured yet.']);
  t.match(
    messageOf(() => publishedOf({ ...plan, build: 'none' }, records)),
    /no runs to publish/,
  );
  const [whole = ''] = readFileSync(file, 'utf8').split('\n');
  for (const line of ['nonsense', 'null', '{}', '[]', whole.replace('"classes":["core"]', '"classes":"core"')]) {
    writeFileSync(file, `${whole}\n${line}\n`);
    t.match(
      messageOf(() => readRecords(file)),
      /runs\.ndjson:2: is no record/,
      line,
    );
  }
  const folder = dirname(file);
  for (const unusable of [() => readRecords(folder), () => prepareResults(folder), () => prepareResults(`${file}/x`)])
    t.match(messageOf(unusable), /cannot be used \(E(ISDIR|NOTDIR|EXIST)\)/);
});

t.test('the parts of the scenarios take their turns, and clusters have figures of their own', async (t) => {
  const variants = chooseVariants(loadVariants(), ['plain', 'cluster-plain']);
  const series: Series[] = [
    { role: 'server', classes: ['core'], only: [], shards: 1, runs: 1 },
    { role: 'server', classes: OF_CLUSTERS, only: ['server/core/{ping,takeover}*'], shards: 2, runs: 3 },
  ];
  const plan: Plan = { variants, series, burners: 0, build: 'now', anyBuild: false };
  t.strictSame(
    missingRuns(plan, []).map(({ variant, run, shards }) => `${variant.id} ${run} ${shards}`),
    ['cluster-plain 1 2', 'plain 1 1', 'cluster-plain 2 2', 'cluster-plain 3 2'],
  );
  const [plain, cluster] = variants as [(typeof variants)[0], (typeof variants)[0]];
  const [ofPlain, ofCluster] = series as [Series, Series];
  const recordFrom = (about: Series & { variant: typeof plain }) =>
    recordOf(NOTHING_SAID, { ...about, build: 'now', burners: 0, load: 7, run: 1, seed: 's' });
  const records = [recordFrom({ ...ofPlain, variant: plain }), recordFrom({ ...ofCluster, variant: cluster })];
  t.strictSame(
    records.map(({ shards }) => shards),
    [undefined, 2],
  );
  const published = publishedOf(plan, records);
  t.match(published, { server: { series: [{ runs: 1 }] }, cluster: { series: [{ shards: 2 }] } });
  t.match(falseAlarmTables(published, 'cluster').join('\n'), /divided into 2 parts, and each run played another/);
  t.notMatch(falseAlarmTables(published, 'server').join('\n'), /parts|cluster/);
});

t.test('runs in a row play every scenario once', async (t) => {
  const [plain] = chooseVariants(loadVariants(), ['plain']);
  const only = ['server/core/{ping,takeover,odd-ids}*'];
  const played: string[] = [];
  for (const run of [1, 2, 3]) {
    const asked = { variant: plain, role: 'server', classes: ['core'], only, shards: 2, run, seed: 's' } as const;
    const { report } = await runKit(asked as Parameters<typeof runKit>[0], new AbortController().signal);
    if (run < 3) played.push(...report.scenarios.map(({ id }) => id));
    else t.ok(report.scenarios.length > 0 && report.scenarios.every(({ id }) => played.includes(id)));
  }
  t.ok(played.length > 2);
  t.equal(new Set(played).size, played.length, 'no scenario is in two parts');
});

t.test('servers and clients are told apart, and each plays what is for it', async (t) => {
  const variants = chooseVariants(loadVariants(), ['plain', 'client-plain', 'client-in-memory']);
  const series: Series[] = [
    { role: 'server', classes: ['core'], only: [], shards: 1, runs: 1 },
    { role: 'client', classes: OF_CLIENTS, only: [], shards: 1, runs: 1 },
    { role: 'client', classes: ['durable'], only: [], shards: 1, runs: 1 },
  ];
  const plan: Plan = { variants, series, burners: 0, build: 'now', anyBuild: false };
  t.strictSame(
    missingRuns(plan, []).map(({ variant, role, classes }) => `${variant.id} ${role} ${classes.length}`),
    ['plain server 1', 'client-plain client 4', 'client-in-memory client 4', 'client-plain client 1'],
  );
});

t.test('what several nodes must do is asked of clusters, and of nobody else', async (t) => {
  const variants = chooseVariants(loadVariants(), ['plain', 'cluster-plain']);
  const series: Series[] = [
    { role: 'server', classes: ['core'], only: [], shards: 1, runs: 1 },
    { role: 'server', classes: OF_CLUSTERS, only: [], shards: 1, runs: 1 },
  ];
  t.strictSame(
    missingRuns({ variants, series, burners: 0, build: 'now', anyBuild: false }, []).map(
      ({ variant, classes }) => `${variant.id} ${classes.length}`,
    ),
    ['plain 1', `cluster-plain ${OF_CLUSTERS.length}`],
  );
});

/** A process for each scenario takes long where every core is busy. */
const RUN_TIMEOUT_MS = 600_000;
t.setTimeout(RUN_TIMEOUT_MS);

t.test('a client variant is tested as a user would test it', { timeout: RUN_TIMEOUT_MS }, async (t) => {
  const only = ['client/sender/plain', 'client/durable/exit', 'client/receiver/plain'];
  const ids = ['client-like-a-browser', 'client-in-memory', 'client-python'];
  const chosen = chooseVariants(loadVariants(), ids).filter((variant) => whyNoClient(variant) === undefined);
  for (const variant of chosen) {
    const run = { variant, role: 'client', classes: OF_CLIENTS, only, shards: 1, run: 1, seed: 's' } as const;
    const { report, pretty } = await runKit(run, new AbortController().signal);
    const isDurable = !(variant.lacks ?? []).includes('durable');
    t.match(report.summary, { passed: isDurable ? 3 : 2, notApplicable: isDurable ? 0 : 1, failed: 0 }, pretty);
  }
});
