// A chat server on Socket.IO 4 that loses nothing and doubles nothing while its process lives.
// npm install socket.io; PORT=9001 node server.mjs
import { Server } from 'socket.io';

const ACK_TIMEOUT_MS = 2_000;

/** Id → message; sender and its key → message; user → connection. */
const messages = new Map();
const byKey = new Map();
const online = new Map();
let lastId = 0;

const io = new Server(Number(process.env.PORT ?? 9001), { transports: ['websocket'], maxHttpBufferSize: 4e6 });
io.use((socket, next) => (socket.handshake.auth.token ? next() : next(new Error('no token'))));

const tell = ({ id, from, to, key, at }, status) => online.get(from)?.emit('status', { id, key, to, status, at });

/** Until the receiver calls back. */
const push = (message) => {
  const socket = online.get(message.to);
  if (!socket || message.delivered) return;
  const { id, key, from, text, at } = message;
  socket.timeout(ACK_TIMEOUT_MS).emit('message', { id, key, from, text, at }, (late) => {
    if (late) push(message);
    else deliver(message);
  });
};

const deliver = (message) => {
  if (message.delivered) return;
  message.delivered = true;
  tell(message, 'delivered');
};

const onSend = (from, { key, to, text }, answer) => {
  const known = byKey.get(`${from} ${key}`);
  if (known && (known.to !== to || known.text !== text)) {
    answer({ error: 'conflict' });
    return;
  }
  if (!known) lastId += 1;
  const message = known ?? { id: lastId, key, from, to, text, at: Date.now(), delivered: false };
  messages.set(message.id, message);
  byKey.set(`${from} ${key}`, message);
  answer({ id: message.id, again: known !== undefined });
  if (message.delivered) tell(message, 'delivered');
  else if (!online.has(to)) tell(message, 'stored');
  else if (!known) push(message);
};

io.on('connection', (socket) => {
  const user = socket.handshake.auth.token;
  online.get(user)?.disconnect();
  online.set(user, socket);
  socket.on('disconnect', () => online.get(user) === socket && online.delete(user));
  socket.on('send', (message, answer) => onSend(user, message, answer));
  for (const message of messages.values()) if (message.to === user) push(message);
});
