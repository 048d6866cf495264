// Misbehaving commands for `--exec`, for tests only: node bad-command.mjs KIND. Each ends by itself after a minute.
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { connect, createServer as createTcpServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { WebSocketServer } from 'ws';

const port = Number(process.env.PORT);
const kind = process.argv[2];
setTimeout(() => process.exit(1), 60_000).unref();

/** A server that answers every upgrade and echoes nothing. */
const listen = () => {
  const http = createServer();
  const sockets = new WebSocketServer({ server: http, handleProtocols: () => 'im.ran.v1' });
  sockets.on('error', (error) => {
    console.error(error.message);
    process.exit(1);
  });
  http.listen(port, '127.0.0.1');
};

/** Runs this file again as another kind. */
const again = (other, options) => {
  return spawn(process.execPath, [fileURLToPath(import.meta.url), other], { stdio: 'inherit', ...options });
};

const kinds = {
  /** The well-behaved one, to compare with. */
  good: listen,
  'exits-at-once': () => {
    console.error('cannot open the configuration');
    process.exit(7);
  },
  'prints-50-mb': async () => {
    const line = `${'x'.repeat(1023)}\n`.repeat(1024);
    for (let sent = 0; sent < 50; sent++) {
      await new Promise((resolve) => process.stdout.write(line, resolve));
    }
    console.log('the last line');
    listen();
  },
  'ignores-sigterm': () => {
    process.on('SIGTERM', () => console.log('SIGTERM ignored'));
    listen();
  },
  /** Ends by itself, with code 3, when its first WebSocket client, the kit's probe, has left. */
  'ends-later': () => {
    const sockets = new WebSocketServer({ port, host: '127.0.0.1', handleProtocols: () => 'im.ran.v1' });
    sockets.on('connection', (socket) =>
      socket.on('close', () => {
        console.error('the client has left');
        process.exit(3);
      }),
    );
  },
  /** Ends by itself, with code 9, at the first message: in the middle of a scenario. */
  'dies-on-message': () => {
    const sockets = new WebSocketServer({ port, host: '127.0.0.1', handleProtocols: () => 'im.ran.v1' });
    sockets.on('connection', (socket) =>
      socket.on('message', () => {
        console.error('panic: a message');
        process.exit(9);
      }),
    );
  },
  'never-listens': () => setInterval(() => undefined, 1_000),
  /** Takes TCP connections and answers nothing. */
  silent: () => createTcpServer(() => undefined).listen(port, '127.0.0.1'),
  /** The first process ends, its child in the same group serves on. */
  'leaves-child': () => {
    again('good').unref();
    process.exit(0);
  },
  /** The first process stays, the server runs in a process group of its own. */
  'child-leaves-group': () => {
    again('good', { detached: true });
    setInterval(() => undefined, 1_000);
  },
  /** The first process ends, the server runs in a process group of its own. */
  daemon: () => {
    again('silent', { detached: true }).unref();
    // It ends when the server is up, as a daemon's starter does.
    const dial = () =>
      connect(port, '127.0.0.1')
        .on('connect', () => process.exit(0))
        .on('error', () => setTimeout(dial, 10));
    dial();
  },
};

if (kinds[kind] === undefined) {
  console.error(`unknown kind ${kind}; known: ${Object.keys(kinds).join(', ')}`);
  process.exit(2);
}
await kinds[kind]();
