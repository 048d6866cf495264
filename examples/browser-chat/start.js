// Starts the reference server and, at one address with it, the page of the chat. Ctrl-C ends both.
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { KIT, pagesOf } from './pages.js';

const USAGE = `Usage: node examples/browser-chat/start.js [options]
  --port N    where the page is (default: 8080; 0: any free port)
  --host H    127.0.0.1 for this machine only (default), 0.0.0.0 for phones in your network
  --data DIR  where the server keeps its messages (default: a folder that is removed at the end)
  --short     short timers, for tests`;

const fail = (text) => {
  console.error(text);
  process.exit(2);
};

const readOptions = () => {
  const text = (fallback) => ({ type: 'string', default: fallback });
  const options = { port: text('8080'), host: text('127.0.0.1'), data: { type: 'string' } };
  try {
    const { values } = parseArgs({ options: { ...options, short: { type: 'boolean' }, help: { type: 'boolean' } } });
    return values;
  } catch (error) {
    return fail(`${error.message}\n${USAGE}`);
  }
};

const { port, host, data, short, help } = readOptions();
if (help) {
  console.log(USAGE);
  process.exit(0);
}
if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) fail(`--port is "${port}": give a number up to 65535.`);

const SHORT_TIMERS = { resendAfterMs: 300, resendMaxMs: 1_000, reconnectAfterMs: 100, reconnectMaxMs: 1_000 };
const flags = [...(data ? ['--data', data] : []), ...(short ? ['--redeliver-after', '300'] : [])];
const chat = spawn(process.execPath, [KIT, 'serve', '--port', '0', ...flags], { stdio: ['ignore', 'pipe', 'inherit'] });
process.on('exit', () => chat.kill());
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(0));
chat.on('exit', (code) => fail(`the server ended with ${code}`));

/** The port that the server says it listens on. */
const chatPort = new Promise((resolve) => {
  createInterface(chat.stdout).on('line', (line) => {
    const [, found] = /^listening on ws:.*:(\d+)\//.exec(line) ?? [];
    if (found !== undefined) resolve(Number(found));
  });
});

const folder = fileURLToPath(new URL('page', import.meta.url));
const config = { timers: short ? SHORT_TIMERS : {} };
const web = createServer(pagesOf([folder], { '/config.json': () => config }));

/** A WebSocket goes on to the server as it is: so page and server have one address, which a phone can open, too. */
web.on('upgrade', async (request, socket, head) => {
  socket.on('error', () => {});
  const upstream = connect(await chatPort, '127.0.0.1', () => {
    const headers = [];
    for (let i = 0; i < request.rawHeaders.length; i += 2) {
      headers.push(`${request.rawHeaders[i]}: ${request.rawHeaders[i + 1]}\r\n`);
    }
    upstream.write(`${request.method} ${request.url} HTTP/1.1\r\n${headers.join('')}\r\n`);
    upstream.write(head);
    socket.pipe(upstream).pipe(socket);
  });
  upstream.on('error', () => {}).on('close', () => socket.destroy());
  socket.on('close', () => upstream.destroy());
});

web.on('error', (error) => fail(`the page cannot be at ${host}:${port}: ${error.message}. Choose another --port.`));
await chatPort;
web.listen(Number(port), host, () => {
  const { port: actual } = web.address();
  const name = host === '127.0.0.1' || host === '0.0.0.0' ? 'localhost' : host;
  const address = (me, peer) => `http://${name}:${actual}/?me=${me}&with=${peer}`;
  console.log(`alice writes at  ${address('alice', 'bob')}\nbob writes at    ${address('bob', 'alice')}`);
  if (host === '0.0.0.0') console.log('a phone writes at the same, with the address of this machine for localhost');
});
