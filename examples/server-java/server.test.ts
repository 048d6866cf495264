import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { runSuite } from '../../src/harness/index.js';
import { packageRoot } from '../../src/package-root.js';

const TIMEOUT_MS = 600_000;
t.setTimeout(TIMEOUT_MS);

const folder = join(packageRoot, 'examples', 'server-java');
/** Scenarios of every class that the server claims, and of each rule at which its language or its library is a trap. */
const sample = [
  'server/core/{plain-exchange,conversation,concurrent-duplicate,receiver-away,self-message,foreign-ack,keeps-reading}',
  'server/core/{frame-over-limit,frames-in-fragments,ping,takeover-late-close*,duplicate-repairs*}',
  'server/core/{binary-frames,bad-utf8,lone-surrogate,json-forms,unknown-fields}*',
  'server/durable/{killed-after-the-answer#at-once,killed-while-acking#at-once,graceful-stop#last-answer,ids-over-restarts}',
  'server/flow-control/{full-inbox,one-ack-one-push}',
  'server/ordered/live*',
  'server/timed-redelivery/{dead-peer,stalled-server,sign-of-life*}',
];

const install =
  'apt-get install -y --no-install-recommends openjdk-17-jdk-headless libtomcat10-embed-java ' +
  'libjackson2-databind-java libjakarta-annotation-api-java';
const missing =
  spawnSync('javac', ['-version']).status !== 0 ||
  ![
    'tomcat10-embed-core',
    'tomcat10-embed-websocket',
    'tomcat10-embed-el',
    'jackson-core',
    'jackson-databind',
    'jackson-annotations',
    'jakarta-annotation-api',
  ].every((jar) => existsSync(`/usr/share/java/${jar}.jar`));
const skip = missing && process.env.IM_REQUIRE_ALL !== '1' && `A JDK or a library of the server is missing: ${install}`;

t.test('the server in Java passes a sample of the kit', { skip, timeout: TIMEOUT_MS }, async (t) => {
  if (missing)
    return t.fail(`A JDK or a library of the server is missing, and IM_REQUIRE_ALL=1 allows no skip: ${install}`);
  const built = spawnSync(join(folder, 'run.sh'), ['--build'], { encoding: 'utf8' });
  t.equal(built.status, 0, 'it builds', { output: `${built.stdout}${built.stderr}` });
  const report = await runSuite(
    {
      exec: `"${join(folder, 'run.sh')}"`,
      only: sample,
      skip: [],
      headers: {},
      allowUnproven: false,
      seed: 'worked',
      concurrency: 8,
      instances: 1,
      patienceMs: 2_000,
      replayArguments: [],
    },
    {},
    new AbortController().signal,
  );
  t.strictSame(report.subject.classes, ['core', 'timed-redelivery', 'durable', 'ordered', 'flow-control']);
  const wrong = report.scenarios.filter(({ verdict }) => verdict !== 'passed' && verdict !== 'not-applicable');
  t.strictSame(
    wrong.map(({ id, verdict, reason, violations }) => ({ id, verdict, reason, violations })),
    [],
  );
  t.strictSame(report.problems, []);
  t.equal(report.exitCode, 0);
  t.ok(report.summary.passed > 50, `${report.summary.passed} scenarios passed`);
});
