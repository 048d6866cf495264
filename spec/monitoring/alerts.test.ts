import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import { packageRoot } from '../../src/package-root.js';

interface Rule {
  alert?: string;
  record?: string;
  expr: string;
}
interface RuleFile {
  groups: { rules: Rule[] }[];
}
interface RuleTests {
  tests: { alert_rule_test: { alertname: string; exp_alerts: unknown[] }[] }[];
}

const folder = join(packageRoot, 'spec', 'monitoring');
const rules = (parse(readFileSync(join(folder, 'alerts.yaml'), 'utf8')) as RuleFile).groups.flatMap((g) => g.rules);
const section = readFileSync(join(packageRoot, 'spec', '6-description.md'), 'utf8');
/** Family → type, from the table of the specification. */
const families = new Map(
  [...section.matchAll(/^\| `(im_ran_\w+)` \| (\w+) \|/gm)].map(([, name = '', type = '']) => [name, type]),
);
const SUFFIXES: Record<string, readonly string[]> = {
  counter: ['_total'],
  gauge: [''],
  histogram: ['_bucket', '_sum', '_count'],
};
const samples = new Set(
  [...families].flatMap(([name, type]) => (SUFFIXES[type] ?? []).map((suffix) => `${name}${suffix}`)),
);

t.test('the rules use only what the specification names', async (t) => {
  t.equal(families.size, 13, 'families in the table of section 6');
  const recorded = new Set(rules.flatMap((rule) => rule.record ?? []));
  for (const { alert, record, expr } of rules) {
    const used = expr.match(/\bim_ran[\w:]*/g) ?? [];
    t.ok(used.length > 0, `${alert ?? record} looks at something`);
    for (const name of used) t.ok(samples.has(name) || recorded.has(name), `${alert ?? record}: ${name}`);
  }
});

t.test('the example page shows every family, and its balance closes', async (t) => {
  const [, page = ''] = /```text\n(# TYPE[^`]*# EOF)\n```/.exec(section) ?? [];
  for (const [name, type] of families) {
    t.ok(page.includes(`# TYPE ${name} ${type}\n`), `TYPE of ${name}`);
    for (const suffix of SUFFIXES[type] ?? []) t.match(page, new RegExp(`^${name}${suffix}[ {]`, 'm'));
  }
  const value = (name: string) => Number(new RegExp(`^im_ran_messages_${name} (\\d+)$`, 'm').exec(page)?.[1]);
  const came = value('recovered') + value('accepted_total');
  t.equal(came, value('delivered_total') + value('expired_total') + value('waiting'));
});

t.test('each alert is tested firing and quiet', async (t) => {
  const { tests } = parse(readFileSync(join(folder, 'alerts.test.yaml'), 'utf8')) as RuleTests;
  const expectations = tests.flatMap((test) => test.alert_rule_test);
  for (const name of rules.flatMap((rule) => rule.alert ?? [])) {
    const own = expectations.filter((expected) => expected.alertname === name);
    t.ok(
      own.some((expected) => expected.exp_alerts.length > 0),
      `${name} fires`,
    );
    t.ok(
      own.some((expected) => expected.exp_alerts.length === 0),
      `${name} stays quiet`,
    );
  }
});

const promtool = (...words: string[]) =>
  spawnSync('promtool', words, { cwd: folder, encoding: 'utf8', timeout: 60_000 });
const missing = promtool('--version').status !== 0;
const skip = missing && process.env.IM_REQUIRE_ALL !== '1' && 'promtool is missing: apt-get install -y prometheus';

t.test('promtool accepts the rules, and their tests pass', { skip }, async (t) => {
  if (missing) return t.fail('promtool is missing, and IM_REQUIRE_ALL=1 allows no skip: apt-get install -y prometheus');
  for (const words of [
    ['check', 'rules', 'alerts.yaml'],
    ['test', 'rules', 'alerts.test.yaml'],
  ]) {
    const run = promtool(...words);
    t.equal(run.status, 0, `promtool ${words.join(' ')}`, { output: `${run.stdout}${run.stderr}` });
  }
});
