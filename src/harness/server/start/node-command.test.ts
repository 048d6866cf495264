import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { endpointOf, pickPort, portState, releasePort } from '../../process/port.js';
import type { Authenticate } from '../credentials.js';
import { CommandedCluster } from './commanded-cluster.js';
import { runNodeCommand } from './node-command.js';

const tool = fileURLToPath(new URL('../../testing/node-tool.sh', import.meta.url));
const server = fileURLToPath(new URL('../../testing/bad-command.mjs', import.meta.url));
const authenticate: Authenticate = async (url) => ({ url, headers: {} });

/** Two nodes that run, and a small shell script as the tool of their user. */
const start = async (t: Test) => {
  const folder = mkdtempSync(join(tmpdir(), 'im-node-tool-'));
  const ports = [await pickPort(), await pickPort()];
  const node = `env PORT=$(cat "$TOOL_DIR/port-$NODE") "${process.execPath}" "${server}" good`;
  const verbs = ['start', 'stop', 'kill', 'freeze', 'thaw', 'replace'] as const;
  const env = `TOOL_DIR='${folder}' TOOL_NODE='${node}'`;
  const commands = Object.fromEntries(verbs.map((verb) => [verb, `${env} sh "${tool}" ${verb} {node}`]));
  for (const [index, port] of ports.entries()) writeFileSync(join(folder, `port-${index + 1}`), String(port));
  const nodeUrls = ports.map((port) => `ws://127.0.0.1:${port}/`);
  const cluster = new CommandedCluster({ nodeUrls, commands, authenticate });
  t.teardown(async () => {
    await cluster.kill();
    rmSync(folder, { recursive: true });
    for (const port of ports) releasePort(port);
  });
  for (const number of [1, 2]) await runNodeCommand(commands, 'start', number);
  // They are taken for running: whoever is told nothing else waits for their first answer itself.
  const running = async () => Promise.all(nodeUrls.map((url) => portState(endpointOf(url))));
  while ((await running()).includes('refuses')) await new Promise((resolve) => setTimeout(resolve, 20));
  return { cluster, folder, running, calls: () => readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n') };
};

t.test('a tool of the user ends, freezes and replaces nodes that run by themselves', async (t) => {
  const { cluster, folder, running, calls } = await start(t);
  const [, second] = cluster.nodes;
  if (second === undefined) throw new Error('there are two nodes');
  t.same([...cluster.verbs].sort(), ['freeze', 'kill', 'replace', 'start', 'stop', 'thaw']);
  t.same(cluster.links, [undefined, undefined], 'nothing can cut them off');
  await second.kill();
  await second.kill();
  t.same(await running(), ['accepts', 'refuses'], 'one that has ended is not ended again');
  await cluster.start();
  t.same(await running(), ['accepts', 'accepts'], 'and the other one goes on');
  t.equal(second.isFrozen(), false);
  await second.freeze();
  t.equal(second.isFrozen(), true, 'it answers no upgrade');
  await cluster.unfreeze();
  await cluster.unfreeze();
  t.equal(second.isFrozen(), false);
  await second.stop();
  mkdirSync(join(folder, 'data-2', 'kept'));
  await second.forget();
  await second.bring();
  await second.start();
  t.notOk(existsSync(join(folder, 'data-2', 'kept')), 'a node that replaces another one has an empty disk');
  const done = ['kill 2', 'start 2', 'freeze 2', 'thaw 2', 'stop 2', 'replace 2'];
  t.same(calls().slice(2), done, 'each was done once');
  await second.kill();
  await cluster.close();
  t.equal(calls().at(-1), 'start 2', 'a run that ends too early leaves no node ended');
  await cluster.nodes[1]?.start();
});

t.test('a command that fails, hangs or does nothing is named, with its output and a remedy', async (t) => {
  const late = 400;
  const cases: [command: string, message: RegExp][] = [
    ['echo no such container >&2; exit 3', /kill for node 2 ended with code 3: "echo.*no such container/s],
    ['exec sleep 60', /kill for node 2 did not end within 400 ms, and was killed: "exec sleep 60"/],
    ['kill -9 $$', /kill for node 2 was ended by SIGKILL/],
  ];
  for (const [command, message] of cases) {
    const running = runNodeCommand({ kill: command }, 'kill', 2, late);
    await t.rejects(running, { code: 'unreachable', field: 'node-command', message, remedy: /Run it by hand/ });
  }
  await runNodeCommand({ thaw: 'test {node}{node0}$NODE$NODE0 = 3232' }, 'thaw', 3);
  await runNodeCommand({ start: 'sleep 60 & echo $! > /dev/null; kill $!' }, 'start', 1);
  const { cluster } = await start(t);
  const idle = new CommandedCluster({
    nodeUrls: cluster.nodeUrls,
    commands: { freeze: 'true', thaw: 'true' },
    authenticate,
  });
  await idle.nodes[0]?.freeze();
  // As soon as it answers; a busy machine takes its time.
  while (idle.nodes[0]?.isFrozen()) await new Promise((resolve) => setTimeout(resolve, 10));
  await idle.unfreeze();
  const through = new CommandedCluster({
    nodeUrls: cluster.nodeUrls,
    commands: { kill: 'true', start: 'true' },
    authenticate,
  });
  await t.rejects(through.nodes[0]?.kill() ?? Promise.resolve(), {
    code: 'usage',
    message: /kill for node 1 ended with code 0, but ws:.* still takes connections/,
    remedy: /not to a balancer/,
  });
});
