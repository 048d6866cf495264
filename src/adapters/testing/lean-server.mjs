// A small chat server with a protocol of its own, as companies write them. Started with a fault, it is broken in one way:
// the kit must say so for the right reason, and must be silent about the server without any.
//
//   node lean-server.mjs [--fault no-dedup|swallows-copies|forgets-offline|answers-early|mute|garbage]
//
// The port is PORT, the data folder DATA_DIR.
import { existsSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { WebSocketServer } from 'ws';

const fault = process.argv[process.argv.indexOf('--fault') + 1] ?? '';
const REDELIVER_MS = Number(process.env.REDELIVER_MS ?? 300);
/** So late the server stores what it has answered already. */
const EARLY_MS = 150;

/** serverId → message; key (from, id) → message; user → open connection. */
const messages = new Map();
const byKey = new Map();
const online = new Map();
let last = 0;

const path = join(process.env.DATA_DIR ?? '.', 'lean.log');
const keyOf = ({ from, id }) => `${from} ${id}`;

const remember = (message) => {
  messages.set(message.serverId, message);
  byKey.set(keyOf(message), message);
  last = Math.max(last, message.serverId);
};

if (existsSync(path)) {
  for (const line of readFileSync(path, 'utf8')
    .split('\n')
    .filter((text) => text.endsWith('}'))) {
    const { message, acked } = JSON.parse(line);
    if (message) remember(message);
    else if (messages.has(acked)) messages.get(acked).acked = true;
  }
}

const file = openSync(path, 'a');
const store = (entry) => {
  writeSync(file, `${JSON.stringify(entry)}\n`);
  fsyncSync(file);
};

const say = (socket, value) => socket?.readyState === 1 && socket.send(JSON.stringify(value));

const push = (message) => {
  const { serverId, id, from, to, content, ts } = message;
  const socket = online.get(to);
  if (!socket || message.acked) return;
  say(socket, { type: 'message', id: serverId, clientId: id, from, content, ts });
  clearTimeout(message.timer);
  message.timer = setTimeout(() => push(message), REDELIVER_MS).unref();
  Object.defineProperty(message, 'timer', { enumerable: false });
};

const onMessage = (socket, from, { id, to, content }) => {
  const known = fault === 'no-dedup' ? undefined : byKey.get(keyOf({ from, id }));
  if (known) {
    if (known.to !== to || known.content !== content) say(socket, { type: 'acknowledgement', id, error: 'conflict' });
    else if (fault !== 'swallows-copies') say(socket, { type: 'acknowledgement', id, serverId: known.serverId });
    return;
  }
  const message = { serverId: last + 1, id, from, to, content, ts: Date.now() };
  const answer = () => say(socket, { type: 'acknowledgement', id, serverId: message.serverId });
  const keep = () => {
    if (fault === 'forgets-offline' && !online.has(to)) return;
    store({ message });
    push(message);
  };
  remember(message);
  if (fault === 'forgets-offline' && !online.has(to)) messages.delete(message.serverId);
  if (fault === 'answers-early') {
    answer();
    setTimeout(keep, EARLY_MS);
    return;
  }
  keep();
  answer();
};

const onAck = (user, { id }) => {
  const message = messages.get(id);
  if (message?.to !== user || message.acked) return;
  message.acked = true;
  store({ acked: id });
};

const enter = (socket, request) => {
  if (fault === 'mute') return;
  const user = new URL(request.url, 'ws://x').searchParams.get('user');
  const old = online.get(user);
  online.set(user, socket);
  if (old) old.close(4409);
  socket.on('close', () => online.get(user) === socket && online.delete(user));
  socket.on('error', () => socket.terminate());
  socket.on('message', (data) => {
    if (online.get(user) !== socket) return;
    const frame = JSON.parse(String(data));
    if (fault === 'garbage') say(socket, { type: 'typing', who: user });
    if (frame.type === 'message') onMessage(socket, user, frame);
    else if (frame.type === 'acknowledgement') onAck(user, frame);
  });
  for (const message of messages.values()) if (message.to === user) push(message);
};

const server = new WebSocketServer({ port: Number(process.env.PORT ?? 9000), host: '127.0.0.1', maxPayload: 2 ** 24 });
server.on('connection', enter);
process.on('SIGTERM', () => {
  for (const socket of server.clients) socket.close(1001);
  // What was answered is stored; only the goodbyes are still under way.
  server.close(() => process.exit(0));
  setTimeout(() => process.exit(0), 1_000).unref();
});
