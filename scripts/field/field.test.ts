import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Report } from '../../schemas/index.js';
import { fieldFile, keepHistories, readRows, renewedField } from './files.js';
import { fieldLines } from './page.js';
import { type Row, rowOf } from './results.js';
import { SETUPS, type Setup } from './setups.js';

const result = (id: string, verdict: string, more: object = {}) => ({
  ...{ id, verdict, title: 'A title', class: 'core', violations: [], replay: `replay ${id}` },
  ...more,
});
const violation = (requirement: string, message = 'broken') => ({ requirement, message });

const report = (scenarios: object[], verdicts: string[] = ['passed']): Report =>
  ({
    kit: { version: '1.2.3' },
    startedAt: '2026-11-29T10:00:00Z',
    scenarios,
    requirements: verdicts.map((verdict, i) => ({ id: `IM-${i}`, class: 'core', level: 'MUST', verdict })),
  }) as unknown as Report;

const setup: Setup = {
  ...{ id: 'one', server: 'broker', version: 'true', protocol: 'mqtt?qos=1', classes: ['core'] },
  arguments: ['--via', 'mqtt?qos=1', '--exec', 'broker {port}'],
};

t.test('a row tells what was lost, how often, what was judged, and why something says nothing', async (t) => {
  const red = result('server/core/a', 'failed', {
    violations: [violation('IM-4.2-7'), violation('IM-3-1', '01a227b1-e8a5-71a6-b22d-d33dda0e6bf3 was lost')],
  });
  const first = report(
    [red, result('server/core/b', 'passed'), result('server/core/c', 'inconclusive', { reason: 'no | fault' })],
    ['passed', 'failed', 'not-applicable'],
  );
  const again = report([result('server/core/a', 'failed', { repetitions: { played: 4, failed: [2], shown: 2 } })]);
  const row = rowOf(setup, '9.8', first, again);
  t.match(row, { date: '2026-11-29', exec: 'broker {port}', green: ['server/core/b'] });
  t.match(row.classes, [
    {
      ...{ judged: 2, ofMust: 3, passed: 1, grey: [{ reason: 'inconclusive: no | fault', scenarios: 1 }] },
      red: [{ requirement: 'IM-3-1', message: 'a message was lost', failed: 2, of: 5, replay: 'replay server/core/a' }],
    },
  ]);
  const page = fieldLines([row]).join('\n');
  t.match(
    page,
    /\| broker 9\.8 \| Debian's default \| `mqtt\?qos=1` \| \*\*red\*\*: 1 scenario; 2 of 3 MUST; 1 scenario undecided \|/,
  );
  t.match(page, /never arrives \| flaky, 2 of 5 times \| no run has shown a key/);
});

t.test('a key mends what its run has shown to pass, of the same server and protocol only', async (t) => {
  const red = rowOf(
    setup,
    '9.8',
    report([result('server/core/a', 'failed', { violations: [violation('IM-3-1')] })]),
    undefined,
  );
  const tuned = (more: Partial<Row>): Row => ({
    ...red,
    key: 'queue 0',
    green: ['server/core/a'],
    classes: [],
    ...more,
  });
  const cases: [Row, RegExp][] = [
    [tuned({}), /with `queue 0` it passes/],
    [tuned({ protocol: 'mqtt' }), /with `queue 0` it passes/],
    [tuned({ green: ['server/core/b'] }), /no run has shown/],
    [tuned({ server: 'other' }), /no run has shown/],
    [tuned({ protocol: 'nats' }), /no run has shown/],
  ];
  for (const [other, expected] of cases) t.match(fieldLines([red, other]).join('\n'), expected);
  t.match(fieldLines([red]).join('\n'), /1 of 1 times/);
});

t.test('of each requirement that a row breaks the shortest history is kept, and the page leads to it', async (t) => {
  const folder = t.testdir({ long: 'x'.repeat(30), short: 'x', huge: 'x'.repeat(200_000) });
  const red = (id: string, requirement: string) =>
    result(id, 'failed', { violations: [violation(requirement)], history: join(folder, id) });
  const scenarios = [red('long', 'IM-3-1'), red('short', 'IM-3-1'), red('huge', 'IM-2-8')];
  const keep = (more: Partial<Setup>): Row => {
    const row = rowOf({ ...setup, ...more }, '9.8', report(scenarios), undefined);
    keepHistories(row, (scenario) => join(folder, scenario), join(folder, 'docs'));
    return row;
  };
  const row = keep({});
  t.strictSame(
    row.classes[0]?.red.map(({ history }) => history),
    [undefined, 'field-histories/one/short.ndjson', undefined],
  );
  t.equal(readFileSync(join(folder, 'docs', 'field-histories', 'one', 'short.ndjson'), 'utf8'), 'x');
  t.match(fieldLines([row]).join('\n'), /\[`short`\]\(field-histories\/one\/short\.ndjson\).*\n/);
  keep({ control: true });
  t.notOk(existsSync(join(folder, 'docs', 'field-histories', 'one')), 'a control keeps none');
});

t.test('the page is what the runs have shown, and its controls are what they must be', async (t) => {
  const rows = readRows();
  const { before, after } = renewedField();
  t.equal(before, after, 'the page comes from its JSON');
  t.ok(existsSync(fieldFile));
  const shown = readFileSync(fieldFile, 'utf8');
  for (const { history } of rows.flatMap(({ classes }) => classes.flatMap(({ red }) => red))) {
    if (history !== undefined) t.ok(existsSync(join(fieldFile, '..', history)), history);
  }
  for (const { id, server, version } of rows) t.ok(shown.includes(`${server} ${version}`), id);
  const one = (id: string): Row => rows.find((row) => row.id === id) as Row;
  const reds = (id: string): string[] => one(id).classes.flatMap((cell) => cell.red.map(({ scenario }) => scenario));
  for (const id of ['reference', 'correct-broker']) t.same(reds(id), [], `${id} is green`);
  t.same(one('mute-broker').green, [], 'the mute broker gains nothing');
  t.ok(reds('mute-broker').length > 5);
  t.ok(reds('mosquitto-qos-1').includes('server/core/backlog-of-a-day'), 'a sample of red');
  t.ok(one('mosquitto-queued').green.includes('server/core/backlog-of-a-day'), 'and of what mends it');
  t.match(shown, /with `max_queued_messages 0` it passes/);
  t.ok(one('nats-default').green.includes('server/durable/killed-after-the-answer#at-once'), 'a sample of green');
  t.ok(reds('nats-memory').includes('server/durable/killed-after-the-answer#at-once'));
  t.same(new Set(rows.map(({ id }) => id)).size, rows.length);
  t.ok(SETUPS.every(({ id }) => /^[a-z0-9-]+$/.test(id)));
});
