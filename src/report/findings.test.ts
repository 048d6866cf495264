import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { REPORT_VERSION, type Report } from '../../schemas/index.js';
import { packageRoot } from '../package-root.js';
import { renderReport } from './index.js';

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

/** What the schema of SARIF 2.1.0 demands of the members that the kit writes. */
const checkSarif = (t: Test, log: Sarif, name: string): void => {
  t.match(log, { version: '2.1.0', $schema: /sarif-2\.1\.0\.json$/ }, name);
  t.equal(log.runs.length, 1);
  for (const { tool, results, invocations } of log.runs) {
    const { rules } = tool.driver;
    t.equal(new Set(rules.map(({ id }) => id)).size, rules.length, `${name}: a rule stands there once`);
    for (const rule of rules) t.match(rule, { help: { text: /\S/, markdown: /\S/ }, shortDescription: { text: /\S/ } });
    for (const { level } of [...results, ...rules.map((rule) => rule.defaultConfiguration as { level: string })])
      t.ok(['none', 'note', 'warning', 'error'].includes(level), `${name}: ${level}`);
    for (const result of results) {
      t.equal(rules[result.ruleIndex]?.id, result.ruleId, `${name}: the index leads to the rule`);
      t.match(result.message.text, /\S/);
      for (const place of [...result.locations, ...(result.relatedLocations ?? [])]) {
        const { artifactLocation, region } = place.physicalLocation;
        t.match(artifactLocation.uri, /^[A-Za-z0-9._~!$&'()*+,;=:@/%-]+$/, `${name}: a reference of a URI`);
        t.ok(Number.isInteger(region.startLine) && region.startLine >= 1, `${name}: lines count from 1`);
      }
    }
    for (const { exitCode, executionSuccessful } of invocations) {
      t.ok(Number.isInteger(exitCode));
      t.type(executionSuccessful, 'boolean');
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
