// A small durable chat server with a protocol of its own, as many a company has one. PORT=9001 DATA_DIR=data node server.mjs
import { join } from 'node:path';
import { WebSocketServer } from 'ws';
import { openLog, parsed } from '../log.mjs';

const REDELIVER_MS = 1_000;
const path = join(process.env.DATA_DIR ?? '.', 'chat.log');

/** Id of the server → message; sender and its id → message; user → open connection. */
const messages = new Map();
const byKey = new Map();
const online = new Map();
let lastId = 0;

const keyOf = ({ from, id }) => `${from} ${id}`;

const remember = (message) => {
  messages.set(message.serverId, message);
  byKey.set(keyOf(message), message);
  lastId = Math.max(lastId, message.serverId);
};

const store = openLog(path, ({ message, acked }) => {
  if (message) remember(message);
  else messages.get(acked).acked = true;
});

const say = (socket, value) => socket?.readyState === 1 && socket.send(JSON.stringify(value));

/** Again and again until the ack. */
const push = (message) => {
  const { serverId, id, from, to, content, ts } = message;
  if (message.acked || !online.has(to)) return;
  say(online.get(to), { type: 'message', id: serverId, clientId: id, from, content, ts });
  setTimeout(() => push(message), REDELIVER_MS).unref();
};

const onMessage = (socket, from, { id, to, content }) => {
  const known = byKey.get(keyOf({ from, id }));
  if (known && (known.to !== to || known.content !== content)) {
    say(socket, { type: 'acknowledgement', id, error: 'conflict' });
    return;
  }
  const message = known ?? { serverId: lastId + 1, id, from, to, content, ts: Date.now() };
  if (!known) {
    try {
      store({ message });
    } catch {
      say(socket, { type: 'acknowledgement', id, error: 'storage' });
      return;
    }
    remember(message);
    push(message);
  }
  // Only what is on the disk is answered.
  say(socket, { type: 'acknowledgement', id, serverId: message.serverId });
};

const onAck = (user, { id }) => {
  const message = messages.get(id);
  if (message?.to !== user || message.acked) return;
  try {
    store({ acked: id });
    message.acked = true;
  } catch {
    // It is pushed again, and acked again.
  }
};

const server = new WebSocketServer({ port: Number(process.env.PORT ?? 9001), host: '127.0.0.1' });
server.on('connection', (socket, request) => {
  const user = new URL(request.url, 'ws://host').searchParams.get('user');
  online.get(user)?.close(4409);
  online.set(user, socket);
  socket.on('error', () => socket.terminate());
  socket.on('close', () => online.get(user) === socket && online.delete(user));
  socket.on('message', (data) => {
    if (online.get(user) !== socket) return;
    const frame = parsed(data);
    if (frame === undefined) {
      socket.close(1007);
      return;
    }
    if (frame.type === 'message') onMessage(socket, user, frame);
    else if (frame.type === 'acknowledgement') onAck(user, frame);
  });
  for (const message of messages.values()) if (message.to === user) push(message);
});
process.on('SIGTERM', () => {
  for (const socket of server.clients) socket.close(1001);
  // What was answered is stored; only the goodbyes are still under way.
  server.close(() => process.exit(0));
  setTimeout(() => process.exit(0), 1_000).unref();
});
