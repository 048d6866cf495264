// A small durable chat server with the wire of Tinode: conversations of two, numbered messages, acks that count for all
// up to theirs. PORT=9001 DATA_DIR=data node server.mjs
import { join } from 'node:path';
import { WebSocketServer } from 'ws';
import { openLog, parsed } from '../log.mjs';

const path = join(process.env.DATA_DIR ?? '.', 'chat.log');
/** Both users → their conversation: its messages, and up to where each has received it. */
const topics = new Map();
/** User → its sessions, each with the topics that it is attached to. */
const online = new Map();

const topicOf = (one, other) => {
  const users = [one, other].sort();
  const key = users.join('~');
  if (!topics.has(key)) topics.set(key, { key, users, messages: [], recv: { [one]: 0, [other]: 0 } });
  return topics.get(key);
};
const otherOf = ({ users }, user) => (users[0] === user ? users[1] : users[0]);

const store = openLog(path, ({ users, message, user, recv }) => {
  const topic = topicOf(...users);
  if (message) topic.messages.push(message);
  else topic.recv[user] = recv;
});

const sessionsOf = (user) => [...(online.get(user) ?? [])];
const isAttached = (session, topic) => session.attached.has(topic.key);

const handlers = {
  hi: (session, { id }) => session.ctrl(id, 201, 'created', { params: { ver: '0.22' } }),
  login: (session, { id, secret }) => {
    const [name] = Buffer.from(secret, 'base64').toString().split(':');
    session.user = `usr${name}`;
    if (!online.has(session.user)) online.set(session.user, new Set());
    online.get(session.user).add(session);
    session.ctrl(id, 200, 'ok', { params: { user: session.user } });
  },
  sub: (session, { id, topic: name, get }) => {
    const { user } = session;
    if (name === 'me') {
      session.ctrl(id, 200, 'ok', { topic: name });
      const mine = [...topics.values()].filter(({ users }) => users.includes(user));
      const sub = mine.map((one) => ({ topic: otherOf(one, user), seq: one.messages.length, recv: one.recv[user] }));
      if (sub.length > 0) session.say({ meta: { id, topic: name, sub } });
      return;
    }
    const topic = topicOf(user, name);
    session.attached.add(topic.key);
    session.ctrl(id, 200, 'ok', { topic: name });
    const since = get?.data?.since ?? 1;
    for (const message of topic.messages.slice(since - 1)) session.say({ data: { topic: name, ...message } });
    const sub = topic.users.map((one) => ({ user: one, recv: topic.recv[one] }));
    session.say({ meta: { id, topic: name, sub } });
  },
  pub: (session, { id, topic: name, content }) => {
    const { user } = session;
    const topic = topicOf(user, name);
    if (!isAttached(session, topic)) return session.ctrl(id, 409, 'must attach first');
    const message = { from: user, seq: topic.messages.length + 1, ts: new Date().toISOString(), content };
    store({ users: topic.users, message });
    topic.messages.push(message);
    // Only what is on the disk is answered.
    session.ctrl(id, 202, 'accepted', { topic: name, params: { seq: message.seq } });
    for (const other of sessionsOf(name)) {
      if (isAttached(other, topic)) other.say({ data: { topic: user, ...message } });
      else other.say({ pres: { topic: 'me', src: user, what: 'msg', seq: message.seq } });
    }
  },
  note: (session, { topic: name, what, seq }) => {
    const { user } = session;
    const topic = topicOf(user, name);
    if (what !== 'recv' || seq <= topic.recv[user] || seq > topic.messages.length) return;
    store({ users: topic.users, user, recv: seq });
    topic.recv[user] = seq;
    for (const other of sessionsOf(name)) {
      if (isAttached(other, topic)) other.say({ info: { topic: user, from: user, what, seq } });
    }
  },
};

const server = new WebSocketServer({ port: Number(process.env.PORT ?? 9001), host: '127.0.0.1' });
server.on('connection', (socket) => {
  const say = (value) => socket.readyState === 1 && socket.send(JSON.stringify(value));
  const session = {
    ...{ user: undefined, attached: new Set(), say },
    ctrl: (id, code, text, more) => say({ ctrl: { id, code, text, ...more } }),
  };
  socket.on('error', () => socket.terminate());
  socket.on('close', () => online.get(session.user)?.delete(session));
  socket.on('message', (data) => {
    const [[kind, content] = []] = Object.entries(parsed(data) ?? {});
    if (typeof content !== 'object' || content === null) socket.close(1007);
    else if (session.user === undefined && kind !== 'hi' && kind !== 'login')
      session.ctrl(content.id, 401, 'log in first');
    else {
      try {
        handlers[kind]?.(session, content);
      } catch (error) {
        if (content.id) session.ctrl(content.id, 500, `not stored: ${error.code ?? error.message}`);
      }
    }
  });
});
process.on('SIGTERM', () => {
  for (const socket of server.clients) socket.close(1001);
  // What was answered is stored; only the goodbyes are still under way.
  server.close(() => process.exit(0));
  setTimeout(() => process.exit(0), 1_000).unref();
});
