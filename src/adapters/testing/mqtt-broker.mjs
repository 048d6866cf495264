// A small MQTT broker, 3.1.1, with persistent sessions and a log that outlives a kill. Started with a fault, it is broken in
// one way: the kit must say so for the right reason, and must be silent about the broker without any.
//
//   node mqtt-broker.mjs [none|mute|swallows-copies|no-dedup|forgets-offline|answers-early]
//
// The port is PORT, the data folder DATA_DIR.
import { existsSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { generate, parser } from 'mqtt-packet';

const fault = process.argv[2] ?? 'none';
const { PORT, DATA_DIR = '.' } = process.env;
/** So late the broker stores what it has answered already. */
const EARLY_MS = 150;

/** Client id → its session. `out`: message id → what it has not completed; `in`: the QoS 2 ids that it has sent. */
const sessions = new Map();
const byTopic = new Map();

const path = join(DATA_DIR, 'broker.log');
const past = existsSync(path) ? readFileSync(path, 'utf8').split('\n') : [];
const file = openSync(path, 'a');
let replaying = true;
const store = (entry) => {
  if (replaying) return;
  writeSync(file, `${JSON.stringify(entry)}\n`);
  fsyncSync(file);
};

const sessionOf = (id) => {
  const known = sessions.get(id);
  if (known) return known;
  const session = { id, topic: undefined, qos: 0, out: new Map(), in: new Set(), last: 0, say: undefined };
  sessions.set(id, session);
  return session;
};

const push = (session, messageId, dup) => {
  const { payload, state } = session.out.get(messageId);
  if (state === 'released') session.say?.({ cmd: 'pubrel', messageId });
  else
    session.say?.({ cmd: 'publish', topic: session.topic, payload, qos: session.qos, messageId, dup, retain: false });
};

/** What changes the state, live and when the log is read again. */
const APPLY = {
  subscribed: ({ id, topic, qos }) => {
    Object.assign(sessionOf(id), { topic, qos });
    byTopic.set(topic, sessionOf(id));
  },
  published: ({ from, incoming, topic, payload }) => {
    if (incoming !== undefined) sessionOf(from).in.add(incoming);
    const receiver = byTopic.get(topic);
    if (receiver === undefined || (fault === 'forgets-offline' && receiver.say === undefined)) return;
    receiver.last += 1;
    receiver.out.set(receiver.last, { payload, state: 'published' });
    push(receiver, receiver.last, false);
  },
  released: ({ id, messageId }) => sessionOf(id).in.delete(messageId),
  received: ({ id, messageId }) => {
    const one = sessionOf(id).out.get(messageId);
    if (one) one.state = 'released';
  },
  completed: ({ id, messageId }) => sessionOf(id).out.delete(messageId),
};
const change = (entry) => {
  store(entry);
  APPLY[entry.what](entry);
};
for (const line of past.filter((text) => text.endsWith('}'))) change(JSON.parse(line));
replaying = false;

const onPublish = (session, say, { topic, payload, qos, messageId, dup }) => {
  const answer = () => say({ cmd: qos === 2 ? 'pubrec' : 'puback', messageId });
  if (dup && fault === 'swallows-copies') return;
  if (qos === 2 && session.in.has(messageId) && fault !== 'no-dedup') {
    answer();
    return;
  }
  const entry = { what: 'published', from: session.id, topic, payload: String(payload) };
  const keep = () => change(qos === 2 ? { ...entry, incoming: messageId } : entry);
  if (fault === 'answers-early') setTimeout(keep, EARLY_MS);
  else keep();
  answer();
};

const enter = ({ clientId }, socket, say) => {
  const session = sessionOf(clientId);
  session.end?.();
  session.say = say;
  session.end = () => socket.destroy();
  socket.on('close', () => {
    if (session.say === say) Object.assign(session, { say: undefined, end: undefined });
  });
  say({ cmd: 'connack', returnCode: 0, sessionPresent: session.topic !== undefined });
  for (const messageId of session.out.keys()) push(session, messageId, true);
  return session;
};

const onPacket = (session, say, packet) => {
  const { cmd, messageId, subscriptions = [] } = packet;
  const { id } = session;
  if (cmd === 'subscribe') {
    for (const { topic, qos } of subscriptions) change({ what: 'subscribed', id, topic, qos });
    say({ cmd: 'suback', messageId, granted: subscriptions.map(({ qos }) => qos) });
  } else if (cmd === 'pingreq') say({ cmd: 'pingresp' });
  else if (fault === 'mute') return;
  else if (cmd === 'publish') onPublish(session, say, packet);
  else if (cmd === 'pubrel') {
    change({ what: 'released', id, messageId });
    say({ cmd: 'pubcomp', messageId });
  } else if (cmd === 'pubrec') {
    change({ what: 'received', id, messageId });
    say({ cmd: 'pubrel', messageId });
  } else if (cmd === 'puback' || cmd === 'pubcomp') change({ what: 'completed', id, messageId });
};

createServer((socket) => {
  const incoming = parser({ protocolVersion: 4 });
  const say = (packet) => socket.writable && socket.write(generate(packet));
  let session;
  incoming.on('packet', (packet) => {
    if (packet.cmd === 'connect') session = enter(packet, socket, say);
    else if (session) onPacket(session, say, packet);
  });
  incoming.on('error', () => socket.destroy());
  socket.on('data', (data) => incoming.parse(data));
  socket.on('error', () => socket.destroy());
}).listen(Number(PORT), '127.0.0.1');
process.on('SIGTERM', () => process.exit(0));
