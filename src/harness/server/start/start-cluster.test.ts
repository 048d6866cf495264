import { fileURLToPath } from 'node:url';
import t from 'tap';
import { endpointOf, portState } from '../../process/port.js';
import type { Authenticate } from '../credentials.js';
import { startSubject } from './index.js';

const script = fileURLToPath(new URL('../../testing/bad-command.mjs', import.meta.url));
const exec = `exec "${process.execPath}" "${script}" good --node {node} --of {nodes} --peer {port:2} --urls {urls} --store {port:store}`;
const store = `exec "${process.execPath}" -e 'require("node:net").createServer().listen({port:store}, "127.0.0.1")'`;
const authenticate: Authenticate = async (url) => ({ url, headers: {} });

t.test('the nodes of a cluster are started after their services, and each is ended alone', async (t) => {
  const subject = await startSubject({ exec, authenticate, nodes: 3, services: { store } });
  t.teardown(() => subject.close());
  const states = async () => Promise.all((subject.nodeUrls ?? []).map((url) => portState(endpointOf(url))));
  t.same(await states(), ['accepts', 'accepts', 'accepts']);
  await subject.nodes?.[1]?.kill();
  t.same(await states(), ['accepts', 'refuses', 'accepts']);
  await subject.control?.start();
  t.same(await states(), ['accepts', 'accepts', 'accepts'], 'those that run already go on');
  subject.control?.freeze();
  await subject.control?.kill();
  t.same(await states(), ['refuses', 'refuses', 'refuses']);
  await subject.control?.forget();
  await subject.control?.start();
  t.same(await states(), ['accepts', 'accepts', 'accepts']);
});

t.test('a service that does not start is named, with its output and a remedy', async (t) => {
  const cases: [Record<string, string>, RegExp][] = [
    [{ store: 'echo no disk; exit 3' }, /The service "store" has ended.*no disk/s],
    [{ store: 'exec sleep 60' }, /The service "store" does not listen on port \d+/],
  ];
  for (const [services, expected] of cases) {
    const starting = startSubject({ exec, authenticate, nodes: 2, services, startTimeoutMs: 400 });
    await t.rejects(starting, { message: expected, code: 'unreachable' });
  }
});
