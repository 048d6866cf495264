// A real nats-server with somebody in between who breaks it in one way: the kit must say so for the right reason.
//
//   node nats-relay.mjs FAULT     FAULT: none | mute | swallows-copies | no-dedup | answers-early
//
// The port is PORT, the data folder DATA_DIR. The inner server takes a free port of its own.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';

const fault = process.argv[2] ?? 'none';
const { PORT, DATA_DIR } = process.env;
/** So late the inner server gets what was answered already. */
const EARLY_MS = 150;
const SENT = 'im-conformance.to.';

const inner = spawn(
  'nats-server',
  ['-js', '-a', '127.0.0.1', '-p', '-1', '-sd', join(DATA_DIR, 'js'), '--ports_file_dir', DATA_DIR],
  { stdio: ['ignore', 'ignore', 'inherit'] },
);
inner.on('exit', (code) => process.exit(code ?? 1));
process.on('SIGTERM', () => inner.kill('SIGTERM'));

/** The port that the inner server has written down; an older file may be there, from before a kill. */
const innerPort = () => {
  const file = join(DATA_DIR, `nats-server_${inner.pid}.ports`);
  if (!existsSync(file)) return undefined;
  const [url] = JSON.parse(readFileSync(file, 'utf8') || '{}').nats ?? [];
  return url === undefined ? undefined : Number(new URL(url).port);
};

/** Cuts a stream into frames: the line, and all of it. Texts are latin1, a character a byte. */
const frames = (onFrame) => {
  let rest = '';
  return (data) => {
    rest += data.toString('latin1');
    for (;;) {
      const end = rest.indexOf('\r\n');
      if (end < 0) return;
      const line = rest.slice(0, end);
      const words = line.split(' ');
      const size = /^H?(MSG|PUB) /.test(line) ? Number(words.at(-1)) + 2 : 0;
      if (rest.length < end + 2 + size) return;
      onFrame(line, rest.slice(0, end + 2 + size));
      rest = rest.slice(end + 2 + size);
    }
  };
};

let sequence = 0;

/** What becomes of a frame of the client; undefined: nothing reaches the server. */
const fromClient = (line, frame, client, server) => {
  const isMessage = line.startsWith('HPUB') && line.includes(SENT);
  if (fault === 'no-dedup' && isMessage) return frame.replace('Nats-Msg-Id', 'Nats-Msg-Ix');
  if (fault !== 'answers-early' || !isMessage) return frame;
  sequence += 1;
  const answer = `{"stream":"IM_CONFORMANCE","seq":${sequence}}`;
  client.write(`MSG ${line.split(' ')[2]} 1 ${answer.length}\r\n${answer}\r\n`);
  setTimeout(() => server.write(frame, 'latin1'), EARLY_MS);
  return undefined;
};

const fromServer = (line, frame) => {
  const isAnswer = line.includes('.msg.');
  const isPush = line.includes(SENT);
  if (fault === 'mute' && (isAnswer || isPush || line.includes('.ack.'))) return undefined;
  if (fault === 'swallows-copies' && isAnswer && frame.includes('"duplicate": true')) return undefined;
  if (fault === 'answers-early' && isAnswer) return undefined;
  return fault === 'no-dedup' && isPush ? frame.replace('Nats-Msg-Ix', 'Nats-Msg-Id') : frame;
};

const relay = (client, port) => {
  const server = connect(port, '127.0.0.1');
  const pass = (to, frame) => frame !== undefined && to.writable && to.write(frame, 'latin1');
  client.on(
    'data',
    frames((line, frame) => pass(server, fromClient(line, frame, client, server))),
  );
  server.on(
    'data',
    frames((line, frame) => pass(client, fromServer(line, frame))),
  );
  for (const [one, other] of [
    [client, server],
    [server, client],
  ]) {
    one.on('error', () => other.destroy());
    one.on('close', () => other.destroy());
  }
};

const waiting = setInterval(() => {
  const port = innerPort();
  if (port === undefined) return;
  clearInterval(waiting);
  for (const name of readdirSync(DATA_DIR)) {
    if (name.endsWith('.ports') && !name.includes(`_${inner.pid}.`)) rmSync(join(DATA_DIR, name));
  }
  createServer((client) => relay(client, port)).listen(Number(PORT), '127.0.0.1');
}, 5);
