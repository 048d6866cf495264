import t from 'tap';
import { KitError } from '../errors.js';
import { runOptionsFrom } from './run-options.js';

const urls = ['1=ws://a:1/', '2=ws://b:2/'];
const commands = ['kill=docker kill im-{node}', 'start=docker start im-{node}'];

const run = (settings: Record<string, unknown>) => runOptionsFrom(settings, settings, undefined);

const errorOf = async (settings: Record<string, unknown>): Promise<unknown> => {
  try {
    return await run(settings);
  } catch (error) {
    return error instanceof KitError && error.code === 'usage' ? `${error.message} | ${error.remedy}` : error;
  }
};

t.test('nodes that run already, and what acts on them', async (t) => {
  const options = await run({ 'node-url': [...urls].reverse(), 'node-command': commands, 'start-timeout': 9_000 });
  t.match(options, { url: 'ws://a:1/', nodeUrls: ['ws://a:1/', 'ws://b:2/'], kills: 0, embedded: false });
  t.same(options.nodeCommands, { kill: 'docker kill im-{node}', start: 'docker start im-{node}' });
  t.equal(options.exec, undefined);
  t.same(options.replayArguments.slice(0, 2), ['--node-url', '2=ws://b:2/'], 'a replay acts on the same nodes');
  const urlAlone = await run({ url: 'ws://lb/', 'node-url': urls });
  t.match(urlAlone, { url: 'ws://lb/', nodeUrls: ['ws://a:1/', 'ws://b:2/'], nodeCommands: undefined });
});

t.test('what of them cannot be used is named', async (t) => {
  const rows: [Record<string, unknown>, RegExp][] = [
    [{ 'node-url': ['1=ws://a/'] }, /names one node only .* Write N=url for each node/],
    [{ 'node-url': ['1=ws://a/', '3=ws://c/'] }, /names no node 2/],
    [{ 'node-url': ['1=ws://a/', '1=ws://b/'] }, /cannot be "1=ws:\/\/b\/"/],
    [{ 'node-url': ['ws://a/'] }, /cannot be "ws:\/\/a\/"/],
    [{ 'node-url': ['1=http://a/', '2=ws://b/'] }, /neither a WebSocket URL/],
    [{ url: 'ws://a/', 'node-command': commands }, /--node-command goes with --node-url/],
    [{ 'node-url': urls, 'node-command': ['kil=x', 'start=y'] }, /cannot be "kil=x" .*Did you mean "kill"/],
    [{ 'node-url': urls, 'node-command': ['kill= ', 'start=y'] }, /cannot be "kill= "/],
    [{ 'node-url': urls, 'node-command': ['start=x', 'start=y'] }, /has two commands for start/],
    [{ 'node-url': urls, 'node-command': ['freeze=x'] }, /freeze without thaw .* Add --node-command thaw/],
    [{ 'node-url': urls, exec: 'x' }, /--node-url and --exec exclude each other/],
    [{ 'node-url': urls, nodes: 2 }, /--node-url and --nodes exclude each other/],
    [{ 'node-url': urls, via: 'nats', url: 'ws://a/' }, /is for servers of im\.ran\.v1/],
    [{ 'node-url': urls, 'start-timeout': 9_000 }, /--start-timeout needs a server that the kit starts/],
    [{ 'node-url': urls, 'node-command': commands, kills: 3 }, /--kills needs a server that the kit starts/],
  ];
  for (const [settings, expected] of rows) t.match(await errorOf(settings), expected, JSON.stringify(settings));
});
