import { join, parse } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { loadDialect } from '../../src/adapters/load-dialect.js';
import { forgetsOffline, mute, noDedup, swallowsCopies } from '../../src/adapters/testing/broken-dialect.js';
import { runSuite } from '../../src/harness/index.js';
import type { RunOptions } from '../../src/harness/options.js';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));

/** What a test runner loads into its children may end them when their disk is full (SIGXFSZ). */
const NODE = `unset NODE_OPTIONS; exec ${process.execPath}`;

/** Some of everything: the exchange, a receiver who is away, lost packets, lost connections. */
const ONLY = [
  'plain-exchange',
  'receiver-away',
  'msg-a#drop.*',
  'msg-n#disconnect-before.*',
  'conversation',
  'ack-n#drop.*',
];

/** Another id of the server for the same message, another answer, or a second push. */
const TAKEN_TWICE = /IM-2-8|IM-4\.2-6/;

const BOUND = { timeout: 180_000 };

/** Of those that keep their messages on a disk: a kill, and a disk that is full for a while. */
const ONLY_DURABLE = ['killed-after-the-answer#at-once', 'short-of-resources#disk'];

const DIALECTS: [file: string, judged: string[]][] = [
  ['lean.yaml', ['IM-2-3', 'IM-2-8', 'IM-3-1', 'IM-3-2', 'IM-4.2-8']],
  ['first-note.yaml', ['IM-2-3', 'IM-3-1', 'IM-3-2', 'IM-4.2-8', 'IM-4.2-16']],
  ['cumulative.mjs', ['IM-2-3', 'IM-3-1', 'IM-3-2', 'IM-4.2-8', 'IM-4.2-16']],
  ['socket-io.yaml', ['IM-2-2', 'IM-2-8', 'IM-3-1', 'IM-4.2-2', 'IM-4.2-16', 'IM-4.2-20']],
];

/** A run of the server of that dialect. */
const test = async (file: string, more: Partial<RunOptions>) => {
  const name = parse(file).name;
  return runSuite(
    {
      dialect: await loadDialect(join(FOLDER, name, file)),
      exec: `${NODE} ${join(FOLDER, name, 'server.mjs')}`,
      only: ONLY.map((id) => `server/core/${id}`),
      ...{ skip: [], headers: {}, allowUnproven: false, seed: 'examples', replayArguments: [] },
      ...{ concurrency: 8, instances: 1, patienceMs: 1_000 },
      describe: { protocol: 'im.ran.v1', timers: { answerWithinMs: 1_000 } },
      ...more,
    },
    {},
    new AbortController().signal,
  );
};

for (const [name, judged] of DIALECTS) {
  t.test(`the server of ${name} is judged through its dialect, and loses nothing`, BOUND, async (t) => {
    const isDurable = judged.includes('IM-3-2');
    const core = ONLY.map((id) => `server/core/${id}`);
    const report = await test(name, {
      judged,
      classes: isDurable ? ['core', 'durable'] : ['core'],
      only: isDurable ? [...core, ...ONLY_DURABLE.map((id) => `server/durable/${id}`)] : core,
    });
    const bad = report.scenarios.filter(({ verdict }) => !['passed', 'not-applicable'].includes(verdict));
    t.same(
      bad.map(({ id, reason, violations }) => [id, reason ?? violations[0]?.message]),
      [],
    );
    t.same(report.problems, [], 'all that must be judged was');
    t.equal(report.exitCode, 0);
  });

  t.test(
    `${name}: a server that says nothing gains nothing, one that forgets, swallows copies or takes them for new is caught`,
    BOUND,
    async (t) => {
      const dialect = await loadDialect(join(FOLDER, parse(name).name, name));
      const describe = { protocol: 'im.ran.v1', timers: { answerWithinMs: 100 } } as const;
      const fast = { describe, patienceMs: 100 };
      const silent = await test(name, { ...fast, dialect: mute(dialect) });
      const gained = ({ verdict }: { verdict: string }) => verdict === 'passed';
      t.ok(
        silent.scenarios.some(({ verdict }) => verdict === 'failed' || verdict === 'error'),
        'something was played',
      );
      t.same([...silent.scenarios.filter(gained), ...silent.requirements.filter(gained)], []);

      const broken: [typeof mute, string, RegExp][] = [[forgetsOffline, 'receiver-away', /IM-3-1|IM-4\.2-8/]];
      if (dialect.profile.fields.includes('msg:R.msgId')) {
        broken.push([swallowsCopies, 'msg-a#drop.online', /IM-2-3/], [noDedup, 'msg-a#drop.online', TAKEN_TWICE]);
      }
      for (const [fault, only, requirement] of broken) {
        const report = await test(name, { dialect: fault(dialect), only: [`server/core/${only}`] });
        const seen = report.scenarios.flatMap(({ violations }) => violations.map((one) => one.requirement));
        const told = report.scenarios.map(({ verdict, reason = '' }) => `${verdict} ${reason}`);
        t.match(seen.join(' '), requirement, `${fault.name}: ${told.join(' | ')}`);
      }
    },
  );

  if (!judged.includes('IM-3-2')) continue;
  t.test(`${name}: a server that answers before it has stored is caught`, BOUND, async (t) => {
    const late = fileURLToPath(new URL('../../src/adapters/testing/late-writes.mjs', import.meta.url));
    const server = join(FOLDER, parse(name).name, 'server.mjs');
    const report = await test(name, {
      exec: `${NODE} --import ${late} ${server}`,
      classes: ['core', 'durable'],
      only: ['server/durable/killed-after-the-answer#at-once'],
    });
    const seen = report.scenarios.flatMap(({ violations }) => violations.map((one) => one.requirement));
    t.ok(seen.includes('IM-3-2'), `accused of ${seen.join(', ')}`);
  });
}
