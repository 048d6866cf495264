// The flow of the note that this project began with: the server stores a message, gives it an id, forwards it, waits for the
// ack of the receiver, and passes it on to the sender. PORT=9001 DATA_DIR=data node server.mjs
import { join } from 'node:path';
import { WebSocketServer } from 'ws';
import { openLog, parsed } from '../log.mjs';

const path = join(process.env.DATA_DIR ?? '.', 'messages.log');
const messages = new Map();
const online = new Map();

const store = openLog(path, ({ message, acked }) => {
  if (message) messages.set(message.id, message);
  else messages.delete(acked);
});
/** Ids go on after a restart, also where the last messages are acked and gone. */
let lastId = Date.now() * 1_000;

const say = (user, value) => {
  const socket = online.get(user);
  if (socket?.readyState === 1) socket.send(JSON.stringify(value));
};

const push = ({ id, from, to, content }) => say(to, { type: 'message', id, from, content });

const onMessage = (from, { to, content }) => {
  lastId += 1;
  const message = { id: lastId, from, to, content };
  store({ message });
  messages.set(message.id, message);
  say(from, { type: 'acknowledgement', id: message.id, status: 'stored' });
  push(message);
};

const onAck = (user, { id }) => {
  const message = messages.get(id);
  if (message?.to !== user) return;
  store({ acked: id });
  messages.delete(id);
  say(message.from, { type: 'acknowledgement', id, status: 'delivered' });
};

const server = new WebSocketServer({ port: Number(process.env.PORT ?? 9001), host: '127.0.0.1' });
server.on('connection', (socket, request) => {
  const user = new URL(request.url, 'ws://host').searchParams.get('user');
  online.get(user)?.close(4001);
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
    try {
      if (frame.type === 'message') onMessage(user, frame);
      else if (frame.type === 'acknowledgement') onAck(user, frame);
    } catch (error) {
      // This protocol has no word for it: who gets no answer knows that nothing was promised.
      process.stderr.write(`not stored: ${error.message}\n`);
    }
  });
  for (const message of messages.values()) if (message.to === user) push(message);
});
process.on('SIGTERM', () => process.exit(0));
