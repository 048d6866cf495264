import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { loadDialect } from '../../src/adapters/load-dialect.js';
import { runSuite } from '../../src/harness/index.js';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));

/** Some of everything: the exchange, a receiver who is away, lost packets, lost connections. */
const ONLY = [
  'plain-exchange',
  'receiver-away',
  'msg-a#drop.*',
  'msg-n#disconnect-before.*',
  'conversation',
  'ack-n#drop.*',
];

const DIALECTS: [name: string, judged: string[]][] = [
  ['lean', ['IM-2-3', 'IM-2-8', 'IM-3-1', 'IM-4.2-8']],
  ['first-note', ['IM-2-3', 'IM-3-1', 'IM-4.2-8', 'IM-4.2-16']],
  ['socket-io', ['IM-2-2', 'IM-2-8', 'IM-3-1', 'IM-4.2-2', 'IM-4.2-16', 'IM-4.2-20']],
];

for (const [name, judged] of DIALECTS) {
  t.test(`the server of ${name} is judged through its dialect, and loses nothing`, async (t) => {
    const report = await runSuite(
      {
        dialect: await loadDialect(join(FOLDER, name, `${name}.yaml`)),
        exec: `${process.execPath} ${join(FOLDER, name, 'server.mjs')}`,
        only: ONLY.map((id) => `server/core/${id}`),
        ...{ skip: [], headers: {}, allowUnproven: false, seed: 'examples', replayArguments: [] },
        ...{ concurrency: 8, instances: 1, patienceMs: 1_000, judged },
        describe: { protocol: 'im.ran.v1', timers: { answerWithinMs: 1_000 } },
      },
      {},
      new AbortController().signal,
    );
    const bad = report.scenarios.filter(({ verdict }) => !['passed', 'not-applicable'].includes(verdict));
    t.same(
      bad.map(({ id, reason, violations }) => [id, reason ?? violations[0]?.message]),
      [],
    );
    t.same(report.problems, [], 'all that must be judged was');
    t.equal(report.exitCode, 0);
  });
}
