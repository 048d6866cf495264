import { join } from 'node:path';
import t from 'tap';
import { loadMutants } from '../../conformance/mutants/load-mutants.js';
import type { Mutant } from '../../conformance/mutants/mutant.js';
import { serverFile } from '../../conformance/patching/server-file.js';
import { pickPort } from '../../src/harness/process/port.js';
import { packageRoot } from '../../src/package-root.js';
import { playCases } from './testing/bad-cases.js';
import { holder, ONE } from './testing/run-kit.js';

const NODE = `"${process.execPath}"`;
const BAD_COMMAND = `${NODE} "${join(packageRoot, 'src', 'harness', 'testing', 'bad-command.mjs')}"`;
const MINIMAL_SERVER = join(packageRoot, 'examples', 'minimal-server-js', 'server.js');

const mutantCalled = (id: string): Mutant => loadMutants().find((mutant) => mutant.id === id) as Mutant;

t.test('commands that do not start a server, or not for long', async (t) => {
  const { server, port } = await holder();
  const free = await pickPort();
  const crashing = serverFile('a server that crashes', mutantCalled('bad-packet-crashes').patch);
  t.teardown(crashing.remove);
  const deaf = "process.once = () => process; process.on('SIGTERM', () => undefined);";
  await playCases(
    t,
    [
      {
        name: 'never listens',
        exec: `${BAD_COMMAND} never-listens`,
        words: ['--start-timeout', '1500'],
        code: 3,
        says: /never listened on port \d+ within 1500 ms/,
      },
      {
        name: 'silent',
        exec: `${BAD_COMMAND} silent`,
        words: ['--start-timeout', '4000'],
        code: 3,
        says: /never answered a WebSocket upgrade within 4000 ms/,
      },
      {
        name: 'ignores SIGTERM',
        exec: `${NODE} -e "${deaf} import('${MINIMAL_SERVER}')"`,
        words: ['--class', 'durable', '--only', 'server/durable/graceful-stop#first-answer', '--patience', '200'],
        code: 4,
        check: (t, { report }) => t.match(report?.scenarios[0], { verdict: 'inconclusive', reason: /ignored SIGTERM/ }),
      },
      {
        name: 'prints 50 MB',
        exec: `${NODE} -e "console.log('x'.repeat(5e7)); import('${MINIMAL_SERVER}')"`,
        words: ONE,
        code: 0,
      },
      {
        name: 'dies in a scenario',
        exec: `${BAD_COMMAND} dies-on-message`,
        words: [...ONE, '--report', 'tap'],
        code: 1,
        // A message that is sent again ends the server again.
        says: /ended with code 9 by itself( \(\d+ times in this run\))?\. Its output ended with: \/ panic: a message/,
        broken: ['IM-1-7', 'IM-3-1'],
      },
      {
        name: 'dies in many scenarios',
        exec: `${BAD_COMMAND} dies-on-message`,
        words: ['--only', 'server/core/msg-?', '--concurrency', '2', '--only', 'server/core/ack-?'],
        code: 1,
        says: /by itself \(\d+ times in this run\)/,
        check: (t, { report }) => t.ok(report?.complete),
      },
      {
        name: 'dies in one scenario, while others are playing',
        exec: `${NODE} "${crashing.file}" --port {port} --data {data} 2>/dev/null`,
        words: ['--class', 'core', '--only', 'server/core/bad-packets#half*', '--only', 'server/core/s*-*'],
        code: 1,
        check: (t, { report }) => {
          const failed = report?.scenarios.filter(({ verdict }) => verdict === 'failed').map(({ id }) => id);
          t.same(failed, ['server/core/bad-packets#half-an-object'], 'the others are not blamed');
        },
      },
      {
        name: 'missing',
        exec: 'no-such-command --port {port}',
        code: 3,
        says: /not found\n {2}The shell did not find/,
      },
      { name: 'not executable', exec: '../file', code: 3, says: /code 126.*\n.*\n {2}The shell may not run/ },
      { name: 'empty', exec: ' ', code: 2, says: /--exec is empty/ },
      { name: 'exits', exec: `${BAD_COMMAND} exits-at-once`, code: 3, says: /code 7 before.*\ncannot open the config/ },
      {
        name: 'ends',
        exec: `${BAD_COMMAND} ends-later`,
        code: 3,
        says: /ended with code 3 by itself.*\nthe client has left/,
      },
      {
        name: 'daemon',
        exec: `${BAD_COMMAND} daemon`,
        code: 2,
        says: /runs on outside.*\n {2}Start .* in the foreground/,
      },
      { name: 'the first process ends, its child serves', exec: `${NODE} "${MINIMAL_SERVER}" &`, words: ONE, code: 0 },
      {
        name: 'port is held',
        exec: `${BAD_COMMAND} good`,
        words: [`ws://127.0.0.1:${port}/`],
        code: 2,
        says: /already listens on port \d+.*\n {2}End that program, or write \{port\}/,
      },
      {
        name: 'one port for all instances',
        exec: `PORT=${free} ${NODE} "${MINIMAL_SERVER}"`,
        words: [`ws://127.0.0.1:${free}/`, ...ONE, '--instances', '4'],
        code: 0,
      },
    ],
    { file: '' },
  );
  server.close();
});
