import { join } from 'node:path';
import t from 'tap';
import type { Report } from '../../../schemas/index.js';
import { packageRoot } from '../../package-root.js';
import type { RunOptions } from '../options.js';
import { runVia, violationsOf, withVerdict } from './testing/via-run.js';

const BROKER = `${process.execPath} ${join(packageRoot, 'src/adapters/testing/mqtt-broker.mjs')}`;

const test = (exec: string, via: string, more: Partial<RunOptions> = {}): Promise<Report> =>
  runVia(via, { exec, concurrency: 8, patienceMs: 600, ...more });

t.test('a mute broker gains nothing: no scenario, no requirement, no cell', async (t) => {
  const describe = { protocol: 'im.ran.v1', timers: { answerWithinMs: 60, redeliverAfterMs: 60 } } as const;
  const only = ['server/core/*', 'server/durable/killed-after*'];
  const more = { only, describe, classes: ['core', 'durable'], patienceMs: 30, concurrency: 32 } as const;
  const report = await test(`${BROKER} mute`, 'mqtt', { ...more, only, classes: ['core', 'durable'] });
  const played = withVerdict(report, 'failed').length + withVerdict(report, 'error').length;
  t.ok(played > 30, `${played} were played`);
  t.same(withVerdict(report, 'passed'), []);
  const gained = ({ verdict }: { verdict: string }) => verdict === 'passed';
  t.same(report.requirements.filter(gained), []);
  t.same(report.matrix.filter(gained), []);
});

t.test('a correct broker is not accused, also where its client acks over two connections', async (t) => {
  const only = [
    'plain-exchange',
    'receiver-away',
    'msg-*#d*',
    'takeover*',
    'delivered-is-true',
    'cut-*',
    'conversation',
  ];
  const killed = 'server/durable/killed-after-the-answer#at-once';
  for (const via of ['mqtt', 'mqtt?qos=1']) {
    const more = { only: [...only.map((id) => `server/core/${id}`), killed], classes: ['core', 'durable'] as const };
    const report = await test(`${BROKER} none`, via, { ...more, classes: [...more.classes] });
    t.same([...withVerdict(report, 'failed'), ...withVerdict(report, 'error')], [], via);
    t.same(withVerdict(report, 'inconclusive'), [], via);
    t.ok(withVerdict(report, 'passed').length > 10, `${via}: ${withVerdict(report, 'passed').length} passed`);
  }
});

t.test('broken brokers are caught, each for the right reason', async (t) => {
  const killed: Partial<RunOptions> = {
    only: ['server/durable/killed-after-the-answer#at-once'],
    classes: ['core', 'durable'],
  };
  const only = (id: string): Partial<RunOptions> => ({ only: [`server/core/${id}`] });
  const cases: [fault: string, expected: RegExp, more: Partial<RunOptions>, via?: string][] = [
    [
      'no-dedup',
      /IM-3-5 .*was pushed again after its ack:A|IM-2-8 .*carries another serverMsgId/,
      // Only before its PUBREC is a publication repeated; after it a PUBREL is, and that doubles nothing.
      only('cut-before-the-answer*'),
    ],
    ['swallows-copies', /IM-2-3 .*was not answered/, only('msg-a#disconnect-before.*')],
    ['forgets-offline', /IM-3-1 .*accepted and lost/, only('receiver-away')],
    ['answers-early', /IM-3-2 .*accepted and lost/, killed],
    ['swallows-copies', /IM-2-3 .*was not answered/, only('msg-a#disconnect-before.*'), 'mqtt?qos=1'],
    ['forgets-offline', /IM-3-1 .*accepted and lost/, only('receiver-away'), 'mqtt?qos=1'],
    ['answers-early', /IM-3-2 .*accepted and lost/, killed, 'mqtt?qos=1'],
  ];
  // Most of the time each of them only waits.
  const reports = await Promise.all(
    cases.map(([fault, , more, via = 'mqtt']) => test(`${BROKER} ${fault}`, via, more)),
  );
  for (const [index, [fault, expected, , via = 'mqtt']] of cases.entries()) {
    const seen = violationsOf(reports[index] as Report);
    t.ok(
      seen.some((one) => expected.test(one)),
      `${fault} ${via}: ${[...new Set(seen)].slice(0, 5).join(' | ')}`,
    );
  }
});
