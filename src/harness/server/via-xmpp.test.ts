import { join } from 'node:path';
import t from 'tap';
import type { Report } from '../../../schemas/index.js';
import { packageRoot } from '../../package-root.js';
import type { RunOptions } from '../options.js';
import { played, runVia, violationsOf, withVerdict } from './testing/via-run.js';

const SMALL = `exec ${process.execPath} ${join(packageRoot, 'src/adapters/testing/xmpp-server.mjs')}`;

const test = (exec: string, more: Partial<RunOptions> = {}): Promise<Report> =>
  runVia('xmpp', { exec, concurrency: 8, patienceMs: 1_000, ...more });

const core = (...ids: string[]): Partial<RunOptions> => ({ only: ids.map((id) => `server/core/${id}`) });
const durable = (...ids: string[]): Partial<RunOptions> => ({
  ...{ only: ids.map((id) => `server/durable/${id}`), classes: ['core', 'durable'] },
});
const SOME = core('plain-exchange', 'conversation', 'msg-a#d*', 'cut-before-the-*', 'sender-is-stamped', 'takeover');

t.test('a correct server is not accused, also where a stream goes on', async (t) => {
  const only = [
    ...(SOME.only ?? []),
    ...(durable('killed-after-the-answer#at-once', 'killed-while-acking').only ?? []),
  ];
  const report = await test(`${SMALL} none`, { only, classes: ['core', 'durable'] });
  for (const verdict of ['failed', 'error', 'inconclusive'] as const) t.same(withVerdict(report, verdict), [], verdict);
  t.ok(withVerdict(report, 'passed').length > 8, `${withVerdict(report, 'passed').length} passed`);
  t.match(report.subject, { url: /^xmpp:\/\/127\.0\.0\.1:\d+$/, dialect: { name: 'xmpp', absent: [] } });
  t.match(report.subject.dialect?.cannotPromise.join('\n'), /cannot be resumed/);
});

t.test('a mute server gains nothing: no scenario, no requirement, no cell', async (t) => {
  const describe = { protocol: 'im.ran.v1', timers: { answerWithinMs: 60, redeliverAfterMs: 60 } } as const;
  const only = ['server/core/*', 'server/durable/killed-after*'];
  const report = await test(`${SMALL} mute`, {
    ...{ only, describe, classes: ['core', 'durable'], patienceMs: 30, concurrency: 32 },
  });
  t.ok(played(report).length > 30, `${played(report).length} were played`);
  t.same(withVerdict(report, 'passed'), []);
  const gained = ({ verdict }: { verdict: string }) => verdict === 'passed';
  t.same(report.requirements.filter(gained), []);
  t.same(report.matrix.filter(gained), []);
});

t.test('broken servers are caught, each for the right reason', async (t) => {
  const cases: [fault: string, expected: RegExp, more: Partial<RunOptions>][] = [
    ['swallows', /IM-2-3 .*was not answered/, core('cut-before-the-ack-answer*')],
    ['doubles', /IM-3-5 .*was pushed again after its ack:A/, core('cut-before-the-ack-answer*')],
    ['forgets-offline', /IM-3-1 .*accepted and lost/, core('cut-before-the-backlog')],
    ['forgets-acks', /IM-3-[56] .*pushed/, durable('killed-while-acking')],
    ['answers-early', /IM-3-2 .*accepted and lost/, durable('killed-after-the-answer#at-once')],
  ];
  // Most of the time each of them only waits.
  const reports = await Promise.all(cases.map(([fault, , more]) => test(`${SMALL} ${fault}`, more)));
  for (const [index, [fault, expected]] of cases.entries()) {
    const seen = violationsOf(reports[index] as Report);
    t.ok(
      seen.some((one) => expected.test(one)),
      `${fault}: ${[...new Set(seen)].slice(0, 5).join(' | ')}`,
    );
  }
});
