// A complete IM-RAN 1 server in memory. Without timers it conforms to class `core`; with `--timers` also to
// `timed-redelivery`. Everything below happens in one thread and without a pause between a question and its
// consequence ("known?" and "store it", "acked?" and "push it"): that is what makes it right.
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { parseArgs } from 'node:util';
import { WebSocketServer } from 'ws';

const PROTOCOL = 'im.ran.v1';
const LIMITS = { maxBodyBytes: 65_536, maxFrameBytes: 524_288, maxInboxMessages: 10_000 };
const DEDUP_WINDOW_MS = 7 * 24 * 3_600_000;
// Short, so that a test is quick. On mobile networks 5,000 and 30,000 are better.
const REDELIVERY = { redeliverAfterMs: 400, redeliverMaxMs: 10_000, deadAfterMs: 1_500 };
const TICK_MS = 50;

const USER = /^[A-Za-z0-9._@-]{1,64}$/;
const DEVICE = /^[A-Za-z0-9._-]{1,32}$/;
const ID = /^[A-Za-z0-9_-]{1,64}$/;
const isId = (value) => typeof value === 'string' && ID.test(value);

// State. "/" is in no alphabet of users or ids, so it separates the two halves of a key.
const live = new Map(); // user → device → the one connection that counts
const byMsgId = new Map(); // from/msgId → message: the dedup record
const byServerMsgId = new Map(); // serverMsgId → message
const inboxes = new Map(); // user → Set of messages that are not acked, in order of acceptance
const delivered = new Set(); // acked messages, in order of their acks: the first to forget come first

const inboxOf = (user) => inboxes.get(user) ?? new Set();
const connectionsOf = (user) => [...(live.get(user)?.values() ?? [])];
const isLive = (connection) => live.get(connection.user)?.get(connection.device) === connection;

// --- Packets of the server ---

/** A socket that is gone reports that by itself, as `close`. */
const send = (connection, packet) => connection.ws.send(JSON.stringify(packet), () => {});

const push = (message, connections = connectionsOf(message.to), pauseMs = REDELIVERY.redeliverAfterMs) => {
  const { msgId, serverMsgId, from, to, body, acceptedAt } = message;
  message.pushedAt = performance.now();
  message.pauseMs = pauseMs;
  for (const connection of connections) {
    send(connection, { type: 'msg:N', msgId, serverMsgId, from, to, body, acceptedAt });
  }
};

const tell = (message, status) => {
  const { msgId, serverMsgId, from, to, acceptedAt, deliveredAt } = message;
  const at = status === 'delivered' ? deliveredAt : acceptedAt;
  for (const connection of connectionsOf(from)) {
    send(connection, { type: 'ack:N', msgId, serverMsgId, to, status, at });
  }
};

// `stored` stops the sender's re-sending. Without timers that re-sending is what repairs a lost push,
// so a sender hears `stored` only when the receiver is away: the push at its return is then certain.
const tellStored = (message) => {
  message.toldStored = true;
  tell(message, 'stored');
};

const pushOrTellStored = (message) => {
  const connected = connectionsOf(message.to).length > 0;
  if (connected) push(message);
  if (!connected || message.toldStored) tellStored(message);
};

// --- Packets of the clients ---

const reject = (code, message) => ({ status: 'rejected', error: { code, message } });

const whatIsWrongWith = ({ msgId, to, body, ttlMs }) => {
  if (!isId(msgId)) return 'msgId must be 1 to 64 of A-Z a-z 0-9 _ -';
  if (typeof to !== 'string' || !USER.test(to)) return 'to must be 1 to 64 of A-Z a-z 0-9 . _ @ -';
  if (typeof body !== 'string' || !body.isWellFormed()) return 'body must be a string without lone surrogates';
  if (ttlMs === undefined) return undefined;
  if (!Number.isInteger(ttlMs) || ttlMs < 1 || ttlMs > 31_536_000_000) return 'ttlMs must be 1 to 31536000000';
  return undefined;
};

/** Decides about a msg:R: the answer, and the message that it concerns unless it is rejected. */
const accept = (from, packet) => {
  const wrong = whatIsWrongWith(packet);
  if (wrong) return { answer: reject('invalid-packet', wrong) };
  const { msgId, to, body, ttlMs } = packet;
  if (Buffer.byteLength(body) > LIMITS.maxBodyBytes) {
    return { answer: reject('body-too-large', `body must be at most ${LIMITS.maxBodyBytes} bytes`) };
  }
  const known = byMsgId.get(`${from}/${msgId}`);
  if (known) {
    if (known.to !== to || known.body !== body || known.ttlMs !== ttlMs) {
      return { answer: reject('id-conflict', 'this msgId stands for another message') };
    }
    return { answer: { status: 'duplicate', serverMsgId: known.serverMsgId }, message: known };
  }
  const inbox = inboxOf(to);
  if (inbox.size >= LIMITS.maxInboxMessages) return { answer: reject('inbox-full', 'the inbox is full, try later') };

  forgetOldRecords();
  const message = { from, msgId, to, body, ttlMs, serverMsgId: randomUUID(), acceptedAt: Date.now() };
  message.storedAt = performance.now();
  byMsgId.set(`${from}/${msgId}`, message);
  byServerMsgId.set(message.serverMsgId, message);
  inboxes.set(to, inbox.add(message));
  return { answer: { status: 'accepted', serverMsgId: message.serverMsgId }, message };
};

const onMsgR = (connection, packet) => {
  const { answer, message } = accept(connection.user, packet);
  const msgId = isId(packet.msgId) ? packet.msgId : undefined; // JSON.stringify leaves out what is undefined.
  send(connection, { type: 'msg:A', rid: packet.rid, msgId, ...answer });
  if (!message) return;
  // A duplicate re-triggers whatever is still missing: the push, or the receipt.
  if (message.deliveredAt !== undefined) tell(message, 'delivered');
  else pushOrTellStored(message);
};

const onAckR = (connection, { rid, serverMsgId }) => {
  const answer = (fields) => send(connection, { type: 'ack:A', rid, ...fields });
  if (!isId(serverMsgId)) return answer(reject('invalid-packet', 'serverMsgId must be 1 to 64 of A-Z a-z 0-9 _ -'));
  const message = byServerMsgId.get(serverMsgId);
  if (message?.to !== connection.user) {
    return answer({ serverMsgId, ...reject('unknown-message', 'no message to you has this id') });
  }
  if (message.deliveredAt !== undefined) return answer({ serverMsgId, status: 'duplicate' });
  message.deliveredAt = Math.max(Date.now(), message.acceptedAt); // The wall clock may have been set back.
  inboxOf(message.to).delete(message);
  if (inboxOf(message.to).size === 0) inboxes.delete(message.to);
  delivered.add(message);
  answer({ serverMsgId, status: 'ok' });
  tell(message, 'delivered');
};

/** A record lives for the dedup window after its ack; without an ack, for ever. */
const forgetOldRecords = () => {
  for (const message of delivered) {
    if (message.deliveredAt > Date.now() - DEDUP_WINDOW_MS) return;
    delivered.delete(message);
    byMsgId.delete(`${message.from}/${message.msgId}`);
    byServerMsgId.delete(message.serverMsgId);
  }
};

// --- Connections ---

const join = (connection) => {
  const { user, device } = connection;
  if (!live.has(user)) live.set(user, new Map());
  const older = live.get(user).get(device);
  live.get(user).set(device, connection);
  older?.ws.close(4409, 'replaced by a newer connection');
  for (const message of inboxOf(user)) push(message, [connection]);
};

/** The late end of a connection that was replaced is nobody's leaving. */
const leave = (connection) => {
  if (!isLive(connection)) return;
  const { user, device } = connection;
  live.get(user).delete(device);
  if (live.get(user).size > 0) return;
  live.delete(user);
  for (const message of inboxOf(user)) tellStored(message);
};

const hangUp = (connection, code, reason) => {
  leave(connection);
  connection.ws.close(code, reason);
};

const HANDLERS = new Map([
  ['msg:R', onMsgR],
  ['ack:R', onAckR],
]);

/** Half a surrogate pair is no Unicode: no text and no name of a member may hold one. */
const hasLoneSurrogate = (text) => {
  if (!/\\u[dD][89a-fA-F]/.test(text)) return false;
  let found = false;
  JSON.parse(text, (name, value) => {
    found ||= !name.isWellFormed() || (typeof value === 'string' && !value.isWellFormed());
    return value;
  });
  return found;
};

const refuseText = (connection, { type, rid, msgId, serverMsgId }) => {
  const named = type === 'msg:R' ? { msgId } : { serverMsgId };
  const ids = Object.fromEntries(Object.entries(named).filter(([, id]) => isId(id)));
  send(connection, { type: `${type.slice(0, -1)}A`, rid, ...ids, ...reject('invalid-packet', 'a lone surrogate') });
};

const onFrame = (connection, data, isBinary) => {
  if (!isLive(connection)) return; // Replaced, or already told to go.
  if (isBinary) return hangUp(connection, 1003, 'text frames only');
  let packet;
  let isUnicode;
  try {
    const text = data.toString();
    packet = JSON.parse(text);
    isUnicode = !hasLoneSurrogate(text);
  } catch {
    return hangUp(connection, 4400, 'not JSON');
  }
  const handle = HANDLERS.get(packet?.type);
  if (!handle || !isId(packet.rid)) return hangUp(connection, 4400, 'not an R with a usable rid');
  if (isUnicode) handle(connection, packet);
  else refuseText(connection, packet);
};

/** The user and the device that the token names: `user` or `user/device`. A real deployment verifies a signature here. */
const authenticate = ({ headers, url }) => {
  const [, query = ''] = url.split('?', 2);
  const [, bearer = ''] = /^Bearer +(.*)$/i.exec(headers.authorization) ?? [];
  const token = headers.authorization === undefined ? new URLSearchParams(query).get('access_token') : bearer;
  const [user, device = 'default', ...rest] = (token ?? '').split('/');
  return USER.test(user) && DEVICE.test(device) && rest.length === 0 ? { user, device } : undefined;
};

const { values: options } = parseArgs({ options: { port: { type: 'string' }, timers: { type: 'boolean' } } });
const port = Number(options.port ?? process.env.PORT ?? 8080);
if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new RangeError('--port or PORT must be 0 to 65535');

const description = {
  protocol: PROTOCOL,
  classes: options.timers ? ['core', 'timed-redelivery'] : ['core'],
  limits: LIMITS,
  timers: { answerWithinMs: 1_000, dedupWindowMs: DEDUP_WINDOW_MS, ...(options.timers ? REDELIVERY : {}) },
};

const http = createServer((request, response) => {
  const found = request.method === 'GET' && request.url === '/.well-known/im-ran';
  response.writeHead(found ? 200 : 404, { 'content-type': 'application/json' });
  response.end(found ? JSON.stringify(description) : '{"error":"not found"}');
});

// `ws` itself answers pings, closes with 1007 what is not UTF-8 and with 1009 what is over maxPayload.
const sockets = new WebSocketServer({
  noServer: true,
  maxPayload: LIMITS.maxFrameBytes,
  handleProtocols: () => PROTOCOL,
});

http.on('upgrade', (request, socket, head) => {
  socket.on('error', () => socket.destroy());
  const refuse = (status) => socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  const who = authenticate(request);
  if (!who) return refuse('401 Unauthorized');
  const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((token) => token.trim());
  if (!offered.includes(PROTOCOL)) return refuse('400 Bad Request');
  sockets.handleUpgrade(request, socket, head, (ws) => {
    const connection = { ws, ...who, heardAt: performance.now() };
    socket.on('data', () => {
      connection.heardAt = performance.now();
    });
    ws.on('message', (data, isBinary) => onFrame(connection, data, isBinary));
    ws.on('error', () => leave(connection)); // The close frame is on its way; nothing more is read.
    ws.on('close', () => leave(connection));
    join(connection);
  });
});

// --- Class timed-redelivery ---

const startTimers = () => {
  const { redeliverMaxMs, deadAfterMs } = REDELIVERY;
  const tooLongMs = deadAfterMs - 2 * TICK_MS; // So that the tick that sees it is still in time.
  const pingEveryMs = deadAfterMs / 3;
  let lastTick = performance.now();
  let lastPing = lastTick;
  const tick = () => {
    const now = performance.now();
    const stalled = now - lastTick > pingEveryMs; // Then it was this process that was silent, not its peers.
    const pings = now - lastPing >= pingEveryMs;
    lastTick = now;
    if (pings) lastPing = now;
    for (const connection of [...live.keys()].flatMap(connectionsOf)) {
      if (stalled) connection.heardAt = now;
      if (pings) connection.ws.ping(() => {});
      if (now - connection.heardAt < tooLongMs) continue;
      leave(connection);
      connection.ws.terminate();
    }
    for (const message of [...live.keys()].flatMap((user) => [...inboxOf(user)])) {
      if (!message.toldStored && now - message.storedAt >= tooLongMs) tellStored(message);
      if (now - message.pushedAt < message.pauseMs) continue;
      // Half as long again each time: with a late tick still less than twice the pause before.
      push(message, undefined, Math.min(message.pauseMs * 1.5, redeliverMaxMs - 2 * TICK_MS));
    }
  };
  setInterval(tick, TICK_MS).unref();
};
if (options.timers) startTimers();

// --- Start and stop ---

const stop = () => {
  live.clear(); // What still arrives is not answered.
  for (const ws of sockets.clients) ws.close(1001, 'the server stops');
  http.close();
  setTimeout(() => process.exit(0), 1_000).unref(); // For peers that do not answer the close.
};
process.once('SIGTERM', stop);
process.once('SIGINT', stop);

http.listen(port, '127.0.0.1', () => console.log(`listening on ws://127.0.0.1:${http.address().port}/`));
