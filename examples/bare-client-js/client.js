// A durable IM-RAN 1 client in one file on bare `ws`, driven by the words of the conformance kit. Copy from it.
//   node client.js --url ws://127.0.0.1:9001/ --token alice --data ./data      (or IM_URL, IM_TOKEN, DATA_DIR)
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import WebSocket from 'ws';

const { values: flags } = parseArgs({
  options: { url: { type: 'string' }, token: { type: 'string' }, data: { type: 'string' }, short: { type: 'boolean' } },
});
const url = flags.url ?? process.env.IM_URL;
const token = flags.token ?? process.env.IM_TOKEN;
const folder = flags.data ?? process.env.DATA_DIR ?? './data';
const REAL = {
  resendAfterMs: 2_000,
  resendMaxMs: 60_000,
  retryWindowMs: 86_400_000,
  reconnectAfterMs: 1_000,
  reconnectMaxMs: 60_000,
  deadAfterMs: 30_000,
};
const SHORT = {
  resendAfterMs: 200,
  resendMaxMs: 1_000,
  retryWindowMs: 15_000,
  reconnectAfterMs: 100,
  reconnectMaxMs: 1_000,
  deadAfterMs: 1_500,
};
const timers = { ...(flags.short ? SHORT : REAL), ...JSON.parse(process.env.IM_TIMERS ?? '{}') };
const MAX_UNANSWERED = 16;
const now = () => performance.now();
const jittered = (ms, max) => Math.min(ms * (0.8 + 0.4 * Math.random()), max);

// --- Durable state: a journal. One line is one step: whole, or not there. -------------------------------------------

/** msgId → what was handed over and has no end yet, in order. */
const outbox = new Map();
/** What the application holds, in order. */
const held = [];
/** Ids whose ack is owed: `from/msgId` → Map of serverMsgId → timer state. */
const owed = new Map();

const fresh = { answered: true, sentAt: undefined, pauseMs: 0, dueAt: undefined, notBefore: 0 };
const steps = {
  hand: ({ entry }) => outbox.set(entry.msgId, { ...entry, ...fresh }),
  sent: ({ msgId, wall }) => (outbox.get(msgId).firstWall = wall),
  hold: ({ msgId, until }) => (outbox.get(msgId).holdWall = until),
  // The status and the word that tells it are one step: neither can be there without the other.
  status: ({ msgId, status, word }) => {
    if (status === 'stored' || status === 'accepted') outbox.get(msgId).status = status;
    else outbox.delete(msgId);
    if (word) steps.hand({ entry: word });
  },
  // The hand-over and the ack that is owed are one step, too.
  held: ({ message, key, serverMsgId }) => {
    if (message) held.push(message);
    if (!owed.has(key)) owed.set(key, new Map());
    owed.get(key).set(serverMsgId, { ...fresh, key, serverMsgId });
  },
  settled: ({ key, serverMsgId }) => {
    owed.get(key)?.delete(serverMsgId);
    if (owed.get(key)?.size === 0) owed.delete(key);
  },
};

mkdirSync(folder, { recursive: true });
const journal = join(folder, 'journal.ndjson');
const old = existsSync(journal) ? readFileSync(journal) : Buffer.alloc(0);
const whole = old.lastIndexOf(10) + 1;
if (whole < old.length) truncateSync(journal, whole); // The last line was torn by a kill.
for (const line of old.subarray(0, whole).toString().split('\n').filter(Boolean)) {
  const step = JSON.parse(line);
  steps[step.step](step);
}
const record = (step, fields) => {
  appendFileSync(journal, `${JSON.stringify({ step, ...fields })}\n`);
  steps[step](fields);
};
for (const entry of outbox.values()) {
  // Of the time of an earlier process only the time of day is left.
  if (entry.firstWall !== undefined) entry.sentAt = now() - Math.max(Date.now() - entry.firstWall, 0);
  if (entry.holdWall !== undefined) entry.notBefore = now() + Math.max(entry.holdWall - Date.now(), 0);
}

// --- Sender ---------------------------------------------------------------------------------------------------------

const newEntry = ({ to, body, ttlMs }) => ({ msgId: crypto.randomUUID(), to, body, ttlMs, status: 'pending' });
const characters = (text) => [...String(text)];

const isText = (body) => typeof body === 'string' && !/\p{Cs}/u.test(body);

const hand = (message) => {
  const { ttlMs } = message;
  const isTtl = ttlMs === undefined || (Number.isInteger(ttlMs) && ttlMs >= 1 && ttlMs <= 31_536_000_000);
  if (
    !isText(message.body) ||
    !isTtl ||
    !/^[A-Za-z0-9._@-]{1,64}$/.test(message.to) ||
    JSON.stringify(message.body).length > 500_000
  ) {
    say({ outcome: { body: characters(message.body).slice(0, 64).join(''), status: 'refused' } });
    return;
  }
  record('hand', { entry: newEntry(message) });
  pump();
};
const wordEntry = (word) => newEntry({ to: 'conductor', body: JSON.stringify(word) });
const say = (word) => {
  record('hand', { entry: wordEntry(word) });
  pump();
};

const reach = (entry, status) => {
  const word =
    entry.to === 'conductor' || status === 'accepted'
      ? undefined
      : wordEntry({ outcome: { msgId: entry.msgId, status } });
  record('status', { msgId: entry.msgId, status, word });
  if (status !== 'accepted') unask(entry);
};

/** A place in the window is held from the sending to the answer. A question about a stored message gives it back early. */
const holdsPlace = (entry) =>
  !entry.answered && (entry.status !== 'stored' || now() - entry.askedAt < timers.resendAfterMs);

const pump = () => {
  if (!online) return;
  let places = MAX_UNANSWERED;
  for (const entry of outbox.values()) if (holdsPlace(entry)) places -= 1;
  for (const entry of [...outbox.values()]) {
    const wants = entry.wants || entry.sentAt === undefined;
    if (wants && entry.notBefore <= now() && (places > 0 || holdsPlace(entry))) {
      if (!holdsPlace(entry)) places -= 1;
      transmit(entry);
    }
  }
};

const transmit = (entry) => {
  entry.wants = false;
  if (entry.sentAt === undefined) {
    record('sent', { msgId: entry.msgId, wall: Date.now() });
    entry.sentAt = now();
  }
  if (entry.status !== 'stored') again(entry);
  entry.askedAt = now();
  const { msgId, to, body, ttlMs } = entry;
  request({ type: 'msg:R', msgId, to, body, ttlMs }, entry);
};

/** The next pause: the first after a connect is short, each later one twice as long. */
const again = (who) => {
  who.pauseMs = who.pauseMs === 0 ? timers.resendAfterMs : Math.min(who.pauseMs * 2, timers.resendMaxMs);
  who.dueAt = Math.max(now() + jittered(who.pauseMs, timers.resendMaxMs), who.notBefore);
};

const RETRYABLE = ['inbox-full', 'busy', 'internal'];
const FINAL = [
  'invalid-packet',
  'body-too-large',
  'unknown-recipient',
  'not-allowed',
  'id-conflict',
  'unknown-message',
];
const mayRetry = ({ code, retryAfterMs }) =>
  RETRYABLE.includes(code) || (!FINAL.includes(code) && retryAfterMs !== undefined);

const onMsgA = ({ rid, status, error }) => {
  const entry = answered(rid);
  if (!entry || !outbox.has(entry.msgId)) return;
  if (status !== 'rejected') {
    if (entry.status === 'pending') reach(entry, 'accepted');
  } else if (!mayRetry(error)) {
    if (entry.status !== 'stored') reach(entry, 'refused');
  } else if (error.retryAfterMs > 0) {
    entry.notBefore = Math.max(entry.notBefore, now() + error.retryAfterMs);
    record('hold', { msgId: entry.msgId, until: Date.now() + error.retryAfterMs });
    if (entry.dueAt !== undefined) entry.dueAt = Math.max(entry.dueAt, entry.notBefore);
  }
  pump();
};

const onAckN = ({ msgId, to, status }) => {
  const entry = outbox.get(msgId);
  if (entry?.sentAt === undefined || entry.to !== to) return;
  entry.dueAt = undefined;
  if (status !== 'stored' || entry.status !== 'stored') reach(entry, status);
  pump();
};

// --- Receiver -------------------------------------------------------------------------------------------------------

const onMsgN = ({ from, msgId, serverMsgId, body }) => {
  const key = `${from}/${msgId}`;
  const isNew = !owed.has(key);
  if (!owed.get(key)?.has(serverMsgId)) {
    const message = from === 'conductor' ? undefined : { from, body };
    record('held', { message: isNew ? message : undefined, key, serverMsgId });
  }
  const id = owed.get(key).get(serverMsgId);
  id.pauseMs = 0;
  sendAck(id);
  // A word is not kept: it is done once, by the start that got it, or never.
  if (isNew && from === 'conductor') obey(body, id);
};
const sendAck = (id) => {
  again(id);
  request({ type: 'ack:R', serverMsgId: id.serverMsgId }, id);
};
const onAckA = ({ rid, status, error }) => {
  const id = answered(rid);
  if (!id) return;
  if (status !== 'rejected' || error.code === 'unknown-message') {
    unask(id);
    record('settled', { key: id.key, serverMsgId: id.serverMsgId });
    id.onSettled?.();
  } else if (error.retryAfterMs > 0) {
    id.notBefore = now() + error.retryAfterMs;
    id.dueAt = Math.max(id.dueAt, id.notBefore);
  }
};

// --- Requests and their answers -------------------------------------------------------------------------------------

/** rid → who asked, of this connection only. */
const asked = new Map();
const runId = crypto.randomUUID().slice(0, 13);
let rids = 0;
const request = (packet, who) => {
  const rid = `${runId}-${++rids}`;
  asked.set(rid, who);
  who.answered = false;
  socket.send(JSON.stringify({ ...packet, rid }));
};
const unask = (who) => {
  for (const [rid, other] of asked) if (other === who) asked.delete(rid);
  who.answered = true;
};
/** Who asked under that rid. What he asked before counts as answered, too. */
const answered = (rid) => {
  const who = asked.get(rid);
  if (!who) return undefined;
  for (const [older, other] of asked) {
    if (other === who) asked.delete(older);
    if (older === rid) break;
  }
  who.answered = true;
  return who;
};

// --- Connection -----------------------------------------------------------------------------------------------------

let socket;
let online = false;
let dialAt = 0;
let attempts = 0;
let openedAt = 0;
let dialedAt = 0;
let seenAt = 0;
let pingedAt = 0;
let tickedAt = now();

const handlers = { 'msg:A': onMsgA, 'ack:N': onAckN, 'msg:N': onMsgN, 'ack:A': onAckA };
const isId = (value) => typeof value === 'string' && /^[A-Za-z0-9_-]{1,64}$/.test(value);
const isUser = (value) => typeof value === 'string' && /^[A-Za-z0-9._@-]{1,64}$/.test(value);
const isTime = (value) => Number.isSafeInteger(value) && value >= 0;
const isError = ({ code, retryAfterMs = 0 } = {}) => typeof code === 'string' && isTime(retryAfterMs);
const isAnswer = ({ rid, status, error }, ...good) =>
  isId(rid) && (good.includes(status) || (status === 'rejected' && isError(error)));
const shapes = {
  'msg:A': (packet) => isAnswer(packet, 'accepted', 'duplicate'),
  'ack:A': (packet) => isAnswer(packet, 'ok', 'duplicate'),
  'ack:N': ({ msgId, serverMsgId, status }) =>
    isId(msgId) && isId(serverMsgId) && ['stored', 'expired', 'delivered'].includes(status),
  'msg:N': ({ msgId, serverMsgId, from, to, body, acceptedAt }) =>
    isId(msgId) && isId(serverMsgId) && isUser(from) && isUser(to) && isText(body) && isTime(acceptedAt),
};
/** What is no packet is ignored: there is nothing to answer. */
const isValid = (packet) => packet !== null && Object.hasOwn(shapes, packet.type) && shapes[packet.type](packet);

const onText = (text) => {
  let packet;
  try {
    packet = JSON.parse(text);
  } catch {
    return;
  }
  if (isValid(packet)) handlers[packet.type](packet);
};

const dial = () => {
  dialAt = undefined;
  dialedAt = now();
  seenAt = now();
  const mine = new WebSocket(url, ['im.ran.v1'], {
    headers: { authorization: `Bearer ${token}` },
    perMessageDeflate: false,
    closeTimeout: 2_000,
  });
  socket = mine;
  // What an older connection still says is ignored.
  const on = (name, act) => mine.on(name, (...details) => mine === socket && act(...details));
  mine.on('error', () => {});
  on('open', onOpen);
  for (const name of ['message', 'ping', 'pong']) on(name, () => (seenAt = now()));
  on('message', (data, isBinary) => !isBinary && onText(data.toString()));
  on('close', (code) => onEnd({ code }));
  on('unexpected-response', (upgrade, { statusCode, headers }) => {
    onEnd({ status: statusCode, retryAfter: headers['retry-after'] });
    upgrade.destroy();
  });
};

const onOpen = () => {
  online = true;
  openedAt = now();
  for (const ids of owed.values()) {
    for (const id of ids.values()) {
      id.pauseMs = 0;
      if (id.notBefore <= now()) sendAck(id);
      else id.dueAt = id.notBefore;
    }
  }
  for (const entry of outbox.values()) Object.assign(entry, { wants: true, pauseMs: 0 });
  pump();
};

const SLOW = [401, 403, 1002, 1003, 1007, 1008, 1009, 4400];
const onEnd = ({ code, status, retryAfter }) => {
  socket = undefined;
  if (online && now() - openedAt >= timers.reconnectMaxMs) attempts = 0;
  online = false;
  asked.clear();
  for (const who of [...outbox.values(), ...[...owed.values()].flatMap((ids) => [...ids.values()])]) {
    Object.assign(who, { answered: true, wants: false, dueAt: undefined });
  }
  if (code === 4409) return; // Another copy of this device is in use: coming back would throw it out.
  const isSlow = SLOW.includes(code ?? status);
  const nominal = isSlow
    ? timers.reconnectMaxMs
    : Math.min(timers.reconnectAfterMs * 2 ** Math.min(attempts, 30), timers.reconnectMaxMs);
  attempts += 1;
  const wish = /^\d+$/.test(retryAfter) ? retryAfter * 1_000 : Date.parse(retryAfter) - Date.now();
  dialAt = now() + Math.max(jittered(nominal, timers.reconnectMaxMs), wish || 0);
};
const cut = () => {
  const old = socket;
  onEnd({});
  old.terminate();
};

const tick = () => {
  const stalled = now() - tickedAt > timers.deadAfterMs / 4;
  tickedAt = now();
  // After a stall the frames of the server still wait unread.
  if (stalled) seenAt = now();
  if (dialAt !== undefined && dialAt <= now()) dial();
  for (const entry of [...outbox.values()]) {
    if (entry.sentAt !== undefined && now() - entry.sentAt >= timers.retryWindowMs) reach(entry, 'unknown');
  }
  if (!socket) return;
  if (now() - Math.max(seenAt, online ? 0 : dialedAt) >= timers.deadAfterMs) return cut();
  if (!online) return;
  if (now() - Math.max(seenAt, pingedAt) >= timers.deadAfterMs / 4) {
    pingedAt = now();
    socket.ping();
  }
  for (const ids of owed.values()) for (const id of ids.values()) if (id.dueAt <= now()) sendAck(id);
  for (const entry of outbox.values())
    if (entry.dueAt <= now()) Object.assign(entry, { wants: true, dueAt: undefined });
  pump();
};

// --- The words of the kit -------------------------------------------------------------------------------------------

const PART_BYTES = 59_000;
const sha256Of = (text) => createHash('sha256').update(text).digest('hex');
const itemOf = ({ body }) =>
  body.length > 1_000 && characters(body).length > 1_000
    ? { head: characters(body).slice(0, 64).join(''), bytes: Buffer.byteLength(body), sha256: sha256Of(body) }
    : body;
const words = {
  send: ({ messages }) => messages.forEach(hand),
  stream: ({ to, prefix, count, everyMs }) => {
    const began = now();
    const step = (n) => {
      hand({ to, body: `${prefix}${n}` });
      if (n < count) setTimeout(step, began + n * everyMs - now(), n + 1);
    };
    if (count > 0) step(1);
  },
  inventory: ({ from, ask }) => {
    const parts = [[]];
    let bytes = 0;
    for (const item of held.filter((message) => message.from === from).map(itemOf)) {
      const size = Buffer.byteLength(JSON.stringify(item)) + 1;
      if (bytes + size > PART_BYTES) {
        parts.push([]);
        bytes = 0;
      }
      parts.at(-1).push(item);
      bytes += size;
    }
    for (const [index, items] of parts.entries()) {
      say({ inventory: { from, ask, part: index + 1, parts: parts.length, items } });
    }
  },
  disconnect: ({ forMs }, id) => {
    const go = () => {
      clearTimeout(timeout);
      id.onSettled = undefined;
      const old = socket;
      if (old) onEnd({});
      dialAt = now() + forMs;
      old?.close(1000);
    };
    const timeout = setTimeout(go, 500);
    id.onSettled = go;
  },
  exit: () => process.exit(0),
};
const obey = (body, id) => {
  const word = JSON.parse(body);
  if (Object.hasOwn(words, word.do)) words[word.do](word, id);
};

const hello = {
  words: 1,
  start: crypto.randomUUID(),
  name: 'bare-client-js 1',
  roles: ['sender', 'receiver'],
  classes: ['durable'],
};
say({ hello: { ...hello, timers, limits: { maxUnanswered: MAX_UNANSWERED }, can: ['status', 'ping', 'disconnect'] } });
setInterval(tick, Math.min(20, timers.deadAfterMs / 10));
tick();
