import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Report, ScenarioResult } from '../../schemas/index.js';
import { packageRoot } from '../package-root.js';
import { renderReport } from './index.js';

const BOUND_MS = 30_000;
const SCHEMA = join(packageRoot, 'src', 'report', 'testing', 'junit.xsd');
const load = (name: string): Report =>
  JSON.parse(readFileSync(join(packageRoot, 'src', 'report', 'fixtures', `${name}.report.json`), 'utf8')) as Report;

const missing = spawnSync('xmllint', ['--version'], { timeout: BOUND_MS }).status !== 0;
const skip = missing && process.env.IM_REQUIRE_ALL !== '1' && 'xmllint is missing: apt-get install -y libxml2-utils';

t.test('JUnit XML has the form that CI systems agree on', { skip }, async (t) => {
  if (missing) return t.fail('xmllint is missing, and IM_REQUIRE_ALL=1 allows no skip');
  const mixed = load('mixed');
  const strange = mixed.scenarios.map((result) => ({
    ...result,
    reason: '\u0000 ]]> & <a> \u{1f600}',
    durationMs: 1e7,
  }));
  const reports: [string, Report][] = [
    ...['mixed', 'green', 'unreachable', 'unproven'].map((name): [string, Report] => [name, load(name)]),
    ['strange text', { ...mixed, scenarios: strange }],
    ['interrupted', { ...load('green'), complete: false, exitCode: 130 }],
  ];
  for (const [name, report] of reports) {
    const input = await renderReport('junit', report);
    const words = ['--noout', '--nonet', '--schema', SCHEMA, '-'];
    const { status, stderr } = spawnSync('xmllint', words, { input, encoding: 'utf8', timeout: BOUND_MS });
    t.equal(status, 0, `${name}: ${stderr}`);
  }
});

t.test('a first attempt that does not count is told as CI systems read it', async (t) => {
  const mixed = load('mixed');
  const flaky = (verdict: 'failed' | 'error'): ScenarioResult => ({
    ...(mixed.scenarios.find((result) => result.verdict === 'passed') as ScenarioResult),
    attempts: 2,
    firstAttempt: { verdict, reason: 'it came late', requirements: verdict === 'failed' ? ['IM-2-3'] : [] },
  });
  const rows: ['failed' | 'error', string][] = [
    ['failed', '<flakyFailure message="it came late" type="IM-2-3"/>'],
    ['error', '<flakyError message="it came late" type="error"/>'],
  ];
  for (const [verdict, element] of rows)
    t.match(await renderReport('junit', { ...mixed, scenarios: [flaky(verdict)] }), element);
});
