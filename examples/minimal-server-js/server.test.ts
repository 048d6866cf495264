import { join } from 'node:path';
import t from 'tap';
import { runSuite } from '../../src/harness/index.js';
import { packageRoot } from '../../src/package-root.js';

const TIMEOUT_MS = 300_000;
t.setTimeout(TIMEOUT_MS);

const file = join(packageRoot, 'examples', 'minimal-server-js', 'server.js');

/** If a correct minimal server fails anything, the kit is wrong. */
for (const [flags, classes] of [
  ['', ['core']],
  [' --timers', ['core', 'timed-redelivery']],
] as const) {
  t.test(`node server.js${flags} conforms to ${classes.join(', ')}`, { timeout: TIMEOUT_MS }, async (t) => {
    const report = await runSuite(
      {
        exec: `"${process.execPath}" "${file}"${flags}`,
        only: [],
        skip: [],
        headers: {},
        allowUnproven: false,
        seed: 'minimal',
        concurrency: 16,
        instances: 1,
        patienceMs: 1_500,
        replayArguments: [],
      },
      {},
      new AbortController().signal,
    );
    t.strictSame(report.subject.classes, classes);
    const wrong = report.scenarios.filter(({ verdict }) => verdict !== 'passed' && verdict !== 'not-applicable');
    t.strictSame(
      wrong.map(({ id, verdict, reason, violations }) => ({ id, verdict, reason, violations })),
      [],
    );
    t.strictSame(report.problems, []);
    t.equal(report.exitCode, 0);
    t.ok(report.summary.passed > 60, `${report.summary.passed} scenarios passed`);
  });
}
