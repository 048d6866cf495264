import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Report, ScenarioResult, Violation } from '../../../schemas/index.js';
import { KitError } from '../../errors.js';
import { packageRoot } from '../../package-root.js';
import type { Scenario } from '../../script/index.js';
import { loadScenarios } from '../../verbs/index.js';
import { baselineOf } from './baseline.js';
import { listScenarios } from './list-scenarios.js';
import { mergeReports, type NamedReport } from './merge-reports.js';
import { costOf, groupOf, shardOf } from './shard.js';
import { assembleReport } from './suite-report.js';

const usageError = (action: () => unknown): string => {
  try {
    action();
  } catch (error) {
    if (error instanceof KitError && error.code === 'usage') return `${error.message} | ${error.remedy}`;
    throw error;
  }
  return 'no error';
};

t.test('every scenario is in exactly one shard, and the shards are of one size', (t) => {
  const rows: [name: string, of: number, options: Parameters<typeof listScenarios>[0]][] = [
    ['everything', 4, { only: [], skip: [] }],
    ['one', 1, { only: [], skip: [] }],
    ['many', 13, { only: [], skip: [] }],
    ['a class', 3, { classes: ['core', 'durable'], only: [], skip: [] }],
    ['a glob', 5, { only: ['server/core/*ack*'], skip: ['*foreign*'] }],
    ['clients', 4, { role: 'client', only: [], skip: [] }],
  ];
  for (const [name, of, options] of rows) {
    const whole = listScenarios(options);
    const shards = Array.from({ length: of }, (_, i) => listScenarios({ ...options, shard: { number: i + 1, of } }));
    t.same(shards.flatMap((shard) => shard.map(({ id }) => id)).sort(), whole.map(({ id }) => id).sort(), name);
    const again = listScenarios({ ...options, shard: { number: of, of } });
    t.same(again, shards.at(-1), `${name}: the same again`);
    // Each kind of scenarios is shared out by itself: what differs is one of them at most.
    for (const kind of new Set(whole.map(groupOf))) {
      const ofKind = (shard: readonly Scenario[]) => shard.filter((scenario) => groupOf(scenario) === kind).map(costOf);
      const times = shards.map((shard) => ofKind(shard).reduce((sum, cost) => sum + cost, 0));
      const longest = Math.max(...ofKind(whole));
      t.ok(Math.max(...times) - Math.min(...times) <= longest + 1e-6, `${name}: ${kind} ${times}`);
    }
  }
  const few = { only: ['server/core/plain-exchange'], skip: [] };
  t.match(
    usageError(() => listScenarios({ ...few, shard: { number: 1, of: 2 } })),
    'only 1 scenarios are chosen',
  );
  t.end();
});

const green = JSON.parse(
  readFileSync(join(packageRoot, 'src', 'report', 'fixtures', 'green.report.json'), 'utf8'),
) as Report;

const CHOSEN = loadScenarios().filter(({ id }) => /^server\/core\/(ack|late)/.test(id));

const passed = (id: string, more: Partial<ScenarioResult> = {}): ScenarioResult => ({
  ...(green.scenarios[0] as ScenarioResult),
  proves: [],
  exercised: {},
  id,
  ...more,
});

interface ShardCase {
  number: number;
  change?: (report: Report) => Report;
  results?: (id: string) => ScenarioResult;
  baseline?: string[];
}

/** A report as the run of one shard of two writes it. */
const shardReport = ({
  number,
  change = (report) => report,
  results = passed,
  baseline = [],
}: ShardCase): NamedReport => {
  const mine = CHOSEN.filter((_, index) => index % 2 === number - 1);
  const report = assembleReport({
    kit: { ...green.kit, seed: `seed${number}` },
    subject: green.subject,
    startedAt: `2026-01-0${3 - number}T00:00:00.000Z`,
    complete: true,
    shard: shardOf(CHOSEN, { number, of: 2 }),
    results: mine.map(({ id }) => results(id)),
    baseline: baselineOf(baseline),
    allowUnproven: false,
    problems: [],
    durationMs: 100 * number,
  });
  return { name: `${number}.json`, report: change(report) };
};

t.test('reports of shards that do not make one run are refused', (t) => {
  const one = shardReport({ number: 1 });
  const two = (change: (report: Report) => Report) => shardReport({ number: 2, change });
  const rows: [NamedReport[], string | RegExp][] = [
    [[one], 'shard 2 of 2 is missing'],
    [[one, { ...one, name: 'copy.json' }], '1.json and copy.json are both shard 1 of 2'],
    [[one, { name: 'x.json', report: green }], 'x.json is no report of a shard | Run the shards with --shard K/N'],
    [
      [one, two((r) => ({ ...r, kit: { ...r.kit, version: '9.9.9' } }))],
      /different versions of the kit: \S+ in 1\.json, 9\.9\.9/,
    ],
    [[one, two((r) => ({ ...r, subject: { ...r.subject, command: 'other' } }))], /different commands of the subject/],
    [[one, two((r) => ({ ...r, subject: { ...r.subject, classes: ['core'] } }))], /different classes: .*"core"/],
    [[one, two((r) => ({ ...r, kit: { ...r.kit, repeat: 3 } }))], 'different --repeat: none in 1.json, 3 in 2.json'],
    [[one, two((r) => ({ ...r, shard: { ...r.shard, digest: 'x' } as never }))], 'different choices of scenarios'],
    [[one, two((r) => ({ ...r, baseline: ['server/core/*'] }))], 'different baselines'],
    [[one, two((r) => ({ ...r, scenarios: one.report.scenarios }))], /was played in 1\.json and in 2\.json/],
    [
      [one, two((r) => ({ ...r, scenarios: r.scenarios.slice(1) }))],
      /the shards hold \d+ scenarios, and \d+ were chosen/,
    ],
  ];
  for (const [reports, words] of rows)
    t.match(
      usageError(() => mergeReports(reports)),
      words,
    );
  t.end();
});

t.test('the report of all shards is that of the whole run', (t) => {
  const [a = '', b = ''] = CHOSEN.map(({ id }) => id);
  const violation: Violation = {
    requirement: 'IM-2-3',
    level: 'MUST',
    sentence: 's',
    message: 'm',
    expected: 'e',
    seen: 's',
    events: [],
    trace: [],
  };
  const failing = (id: string) => (id === b ? passed(id, { verdict: 'failed', violations: [violation] }) : passed(id));
  const unableIn = (exercisedElsewhere: boolean) => (id: string) => {
    if (id === a) return passed(id, { verdict: 'not-applicable', unable: true, proves: ['IM-2-3'] });
    return id === b && exercisedElsewhere ? passed(id, { exercised: { 'IM-2-3': 2 } }) : passed(id);
  };
  const interrupted = (report: Report): Report => ({ ...report, complete: false, exitCode: 130 });
  const unreachable = (report: Report): Report => ({
    ...report,
    scenarios: [],
    complete: false,
    exitCode: 3,
    problems: ['gone'],
  });
  const rows: [name: string, ShardCase, ShardCase, Partial<Report>][] = [
    [
      'all passed',
      { number: 1 },
      { number: 2 },
      { exitCode: 0, complete: true, startedAt: '2026-01-01T00:00:00.000Z' },
    ],
    ['the order does not matter', { number: 2 }, { number: 1 }, { exitCode: 0 }],
    ['one failed', { number: 1 }, { number: 2, results: failing }, { exitCode: 1 }],
    ['interrupted', { number: 1, change: interrupted }, { number: 2 }, { exitCode: 130, complete: false }],
    ['interrupted and failed', { number: 1, change: interrupted }, { number: 2, results: failing }, { exitCode: 1 }],
    [
      'unreachable',
      { number: 1 },
      { number: 2, change: unreachable },
      { exitCode: 3, complete: false, problems: ['shard 2 of 2: gone'] },
    ],
    [
      'unproven in the whole',
      { number: 1, results: unableIn(false) },
      { number: 2, results: unableIn(false) },
      { exitCode: 4 },
    ],
    [
      'shown by the other shard',
      { number: 1, results: unableIn(true) },
      { number: 2, results: unableIn(true) },
      { exitCode: 0 },
    ],
    [
      'known',
      { number: 1, baseline: [b] },
      { number: 2, results: failing, baseline: [b] },
      { exitCode: 0, baseline: [b] },
    ],
    ['stale', { number: 1, baseline: [b] }, { number: 2, baseline: [b] }, { exitCode: 1 }],
  ];
  for (const [name, one, two, expected] of rows) {
    const merged = mergeReports([shardReport(one), shardReport(two)]);
    t.match(merged, expected, name);
    t.equal(merged.shard, undefined, `${name}: no shard any more`);
  }
  const merged = mergeReports([
    shardReport({ number: 1, results: unableIn(true) }),
    shardReport({ number: 2, results: unableIn(true) }),
  ]);
  t.match(
    merged.requirements.find(({ id }) => id === 'IM-2-3'),
    { verdict: 'passed', exercised: 2, scenarios: [b] },
  );
  t.match(merged.kit, { seed: 'seed1, seed2' });
  t.match(merged.summary, { durationMs: 200 });
  t.end();
});
