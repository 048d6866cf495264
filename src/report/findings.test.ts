import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { REPORT_VERSION, type Report } from '../../schemas/index.js';
import { packageRoot } from '../package-root.js';
import { validator } from '../wire/index.js';
import { renderReport } from './index.js';
import { SarifFormSchema } from './testing/sarif-form.js';

const FIXTURES = join(packageRoot, 'src', 'report', 'fixtures');
const REPORTS = ['mixed', 'green', 'unreachable', 'unproven'] as const;
const load = (name: string): Report =>
  JSON.parse(readFileSync(join(FIXTURES, `${name}.report.json`), 'utf8')) as Report;

const byReport = async <T>(format: 'sarif' | 'code-quality', report: Report): Promise<T> =>
  JSON.parse(await renderReport(format, report)) as T;

interface Sarif {
  version: string;
  runs: {
    tool: { driver: { name: string; rules: { id: string; help: { text: string }; defaultConfiguration: object }[] } };
    invocations: { executionSuccessful: boolean; exitCode: number; toolExecutionNotifications: object[] }[];
    results: {
      ruleId: string;
      ruleIndex: number;
      level: string;
      message: { text: string };
      locations: { physicalLocation: { artifactLocation: { uri: string }; region: { startLine: number } } }[];
      relatedLocations?: { physicalLocation: { artifactLocation: { uri: string }; region: { startLine: number } } }[];
      partialFingerprints: Record<string, string>;
      suppressions?: object[];
    }[];
  }[];
}

/** The form of the standard, and what no schema says. */
const checkSarif = (t: Test, log: Sarif, name: string): void => {
  t.same(validator(SarifFormSchema)(log), [], name);
  for (const { tool, results } of log.runs) {
    const { rules } = tool.driver;
    t.equal(new Set(rules.map(({ id }) => id)).size, rules.length, `${name}: a rule stands there once`);
    for (const { ruleIndex, ruleId } of results) {
      t.equal(rules[ruleIndex]?.id, ruleId, `${name}: the index leads to the rule`);
    }
  }
};

t.test('SARIF: rules are requirements, results lead to scenarios and histories', async (t) => {
  for (const name of REPORTS) checkSarif(t, await byReport<Sarif>('sarif', load(name)), name);
  const mixed = load('mixed');
  const scenarios = mixed.scenarios.map((result) => ({ ...result, history: `h/a b#${result.verdict}.ndjson` }));
  const log = await byReport<Sarif>('sarif', { ...mixed, scenarios });
  checkSarif(t, log, 'histories');
  const [run] = log.runs;
  const failed = run?.results.filter(({ level }) => level === 'error') ?? [];
  t.match(failed[0], {
    locations: [
      {
        physicalLocation: { artifactLocation: { uri: /^conformance\/server\/.*\.yaml$/ } },
        logicalLocations: [{ fullyQualifiedName: /^server\// }],
      },
    ],
    relatedLocations: [{ physicalLocation: { artifactLocation: { uri: 'h/a%20b%23failed.ndjson' } } }],
  });
  t.match(run?.tool.driver.rules.find(({ id }) => id === 'IM-4.2-9')?.help.text, 'npx im-conformance explain IM-4.2-9');
  t.equal(run?.results.filter(({ suppressions }) => suppressions).length, mixed.summary.knownFailures);
  t.ok(
    run?.results.some(({ level, ruleId }) => level === 'warning' && ruleId === 'IM-1-2'),
    'a SHOULD is a warning',
  );
  t.ok((run?.invocations[0]?.toolExecutionNotifications.length ?? 0) >= 3, 'what is undecided is told');
});

interface Issue {
  description: string;
  check_name: string;
  fingerprint: string;
  severity: string;
  location: { path: string; lines: { begin: number } };
}

t.test('the form of SARIF is one that can break', async (t) => {
  const log = await byReport<Sarif>('sarif', load('mixed'));
  const [run] = log.runs;
  if (run === undefined) throw new Error('there is no run');
  const [result] = run.results;
  const rows: [string, object][] = [
    ['another version', { ...log, version: '2.0.0' }],
    ['a member that the standard has not', { ...log, runs: [{ ...run, result: [] }] }],
    ['a result without a place', { ...log, runs: [{ ...run, results: [{ ...result, locations: [] }] }] }],
    ['a level that there is not', { ...log, runs: [{ ...run, results: [{ ...result, level: 'fatal' }] }] }],
  ];
  for (const [name, broken] of rows) t.not(validator(SarifFormSchema)(broken).length, 0, name);
});

t.test('code quality: what GitLab demands, with fingerprints that stay', async (t) => {
  for (const name of REPORTS) {
    const issues = await byReport<Issue[]>('code-quality', load(name));
    t.equal(new Set(issues.map(({ fingerprint }) => fingerprint)).size, issues.length, `${name}: no fingerprint twice`);
    for (const issue of issues) {
      t.match(issue, { description: /\S/, check_name: /^IM-/, location: { path: /^conformance\/.*\.yaml$/ } });
      t.ok(['info', 'minor', 'major', 'critical', 'blocker'].includes(issue.severity), issue.severity);
      t.match(issue.location.lines, { begin: 1 });
    }
  }
  const mixed = load('mixed');
  const before = await byReport<Issue[]>('code-quality', mixed);
  t.ok(before.some(({ severity }) => severity === 'major') && before.some(({ severity }) => severity === 'info'));
  const later = mixed.scenarios.map((result) => ({
    ...result,
    violations: result.violations.map((violation) => ({ ...violation, message: 'at another time', seen: 'other' })),
  }));
  const after = await byReport<Issue[]>('code-quality', { ...mixed, scenarios: later });
  const prints = (issues: Issue[]) => issues.map(({ fingerprint }) => fingerprint);
  t.same(prints(after), prints(before), 'the words of a run are no part of them');
  t.same(await byReport('code-quality', load('green')), [], 'nothing broke');
});

t.test('NDJSON: a line for the run, one for each scenario, one for the end', async (t) => {
  const mixed = load('mixed');
  const lines = (await renderReport('ndjson', mixed)).trimEnd().split('\n');
  const parsed = lines.map((line) => JSON.parse(line) as { kind: string });
  t.match(parsed[0], { kind: 'run', version: REPORT_VERSION, kit: mixed.kit });
  t.same(
    parsed.slice(1, -1),
    mixed.scenarios.map((result) => ({ kind: 'scenario', ...result })),
  );
  t.match(parsed.at(-1), { kind: 'end', exitCode: mixed.exitCode, complete: mixed.complete, summary: mixed.summary });
});
