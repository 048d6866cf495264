import { spawn } from 'node:child_process';
import { connect, createServer, type Socket } from 'node:net';
import { parseArgs } from 'node:util';
import { freePort } from './free-port.js';
import { Line, type NetworkHabits, SlowPipe } from './slow-pipe.js';

/**
 * A network between the kit and a server, as a program: it starts the server behind itself and forwards every byte,
 * late, slowly or not at all for a while. It lives as long as the server does.
 *
 *     node slow-network.js --port 9000 --delay 250 --jitter 50 -- node server.js --port BEHIND
 */
const WORD = 'BEHIND';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    port: { type: 'string' },
    delay: { type: 'string', default: '0' },
    jitter: { type: 'string', default: '0' },
    'bytes-per-second': { type: 'string', default: '0' },
    stall: { type: 'string', default: '0' },
    'stall-every': { type: 'string', default: '0' },
  },
});

const habits: NetworkHabits = {
  delayMs: Number(values.delay),
  jitterMs: Number(values.jitter),
  bytesPerSecond: Number(values['bytes-per-second']),
  stallMs: Number(values.stall),
  stallEveryMs: Number(values['stall-every']),
};

/** Forwards one direction. An end or a reset travels as late as the bytes before it. */
const forward = (from: Socket, to: Socket, line: Line): void => {
  const pipe = new SlowPipe(
    line,
    (piece) => void (to.destroyed || to.write(piece)),
    () => from.resume(),
  );
  let broken = false;
  from.on('data', (data: Buffer) => {
    if (!pipe.give(data)) from.pause();
  });
  from.on('end', () => pipe.end(() => to.end()));
  from.on('error', () => {
    broken = true;
    // What is being ended cannot be reset any more.
    pipe.end(() => (to.writableEnded ? to.destroy() : to.resetAndDestroy()));
  });
  from.on('close', () => {
    if (!broken) pipe.end(() => to.destroy());
  });
};

const behind = await freePort();
const [command = '', ...words] = positionals.map((word) => word.replace(WORD, String(behind)));
const server = spawn(command, words, { stdio: 'inherit', env: { ...process.env, PORT: String(behind) } });

const startedAt = performance.now();
const up = new Line(habits, startedAt);
const down = new Line(habits, startedAt);
const network = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
  const onward = connect({ port: behind, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
  forward(client, onward, up);
  forward(onward, client, down);
});
network.listen(Number(values.port), '127.0.0.1');

// The signal goes to the whole group: the server ends, and what it said last still has to arrive.
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => server.kill(signal));
server.on('exit', (code) => {
  network.close();
  setTimeout(() => process.exit(code ?? 1), 3 * (habits.delayMs + habits.jitterMs) + 50);
});
