// The chat of two people: the library sends and receives, the history keeps, the view shows.
import { connect } from './client.js';
import { openHistory } from './history.js';
import { installLine } from './line.js';
import {
  onComposed,
  showChat,
  showConnection,
  showFailure,
  showLosing,
  showMessage,
  showPacket,
  showStart,
} from './view.js';

const OFFLINE = 'browser-chat:offline';
const byId = (id) => document.getElementById(id);
const query = new URLSearchParams(location.search);
const me = query.get('me');
const peer = query.get('with');

/** Made here because `crypto.randomUUID` is missing on pages without TLS, such as those that a phone opens here. */
const newMsgId = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');

/** What the page knows of each message that it shows, by key. */
const known = new Map();
/** How often each message of this page was sent, by msgId. */
const sendings = new Map();
/** Of which message a packet speaks: bodies by msgId and serverMsgId. */
const bodies = new Map();

const mineKey = (msgId) => `to ${msgId}`;
const show = (entry) => {
  known.set(entry.key, entry);
  if (entry.peer === peer) showMessage(entry, sendings.get(entry.msgId));
};

const entryOf = ({ from, msgId, body }) => ({
  key: `from ${from} ${msgId}`,
  msgId,
  peer: from,
  isMine: false,
  body,
  at: Date.now(),
});

const noteOf = ({ type, msgId, status, attempt }) => {
  if (type === 'msg:R' && sendings.get(msgId) > 1) return 'again';
  if (type === 'msg:N') return attempt > 1 ? 'again' : undefined;
  return status;
};

const onPacket = ({ way, packet, lost }) => {
  const { type, msgId, serverMsgId, body } = packet;
  if (type === 'msg:R') sendings.set(msgId, (sendings.get(msgId) ?? 0) + 1);
  const about = body ?? bodies.get(msgId) ?? bodies.get(serverMsgId);
  for (const id of [msgId, serverMsgId]) if (id !== undefined && about !== undefined) bodies.set(id, about);
  showPacket({ way, type, about, note: noteOf(packet), lost });
  const entry = type === 'msg:R' ? known.get(mineKey(msgId)) : undefined;
  if (entry) show(entry);
};

const openLine = () => {
  const isOffline = sessionStorage.getItem(OFFLINE) === 'yes';
  const line = installLine({ isOffline, onPacket, onLosing: showLosing });
  byId('offline').checked = isOffline;
  byId('lose').addEventListener('click', () => line.lose(3));
  byId('cut').addEventListener('click', () => line.cut());
  return line;
};

const start = async () => {
  showChat(me, peer);
  const line = openLine();
  const history = await openHistory(me);
  for (const entry of await history.with(peer)) show(entry);
  const { timers } = await (await fetch('config.json')).json();

  const client = await connect({
    url: `${location.protocol.replace('http', 'ws')}//${location.host}/`,
    token: me,
    storage: `browser-chat:${me}`,
    timers,
    // Its return confirms the message, so it must be in the history by then.
    onMessage: async (message) => {
      const entry = entryOf(message);
      await history.putOnce(entry);
      if (!known.has(entry.key)) show(entry);
    },
    onStatus: ({ msgId, status, reason }) => history.update(mineKey(msgId), { status, reason }),
  });

  // Of several windows one calls the handlers above; all of them hear the events.
  client.on('message', (message) => {
    const entry = entryOf(message);
    if (!known.has(entry.key)) show(entry);
  });
  client.on('status', ({ msgId, status, reason }) => {
    const entry = known.get(mineKey(msgId));
    if (entry) show({ ...entry, status, reason });
  });
  client.on('queued', ({ msgId, to, body, status }) => {
    const key = mineKey(msgId);
    if (!known.has(key)) show({ key, msgId, peer: to, isMine: true, body, at: Date.now(), status });
  });
  const showLine = () => showConnection(line.isOffline ? 'offline' : client.connection);
  client.on('connection', showLine);
  showLine();

  const hand = async (entry) => {
    try {
      await client.send({ to: entry.peer, body: entry.body }, entry.msgId);
    } catch ({ code }) {
      const changes = { status: 'refused', reason: code };
      await history.update(entry.key, changes);
      show({ ...entry, ...changes });
    }
  };

  onComposed(async (body) => {
    const msgId = newMsgId();
    const entry = { key: mineKey(msgId), msgId, peer, isMine: true, body, at: Date.now(), status: 'pending' };
    await history.put(entry);
    show(entry);
    await hand(entry);
  });
  byId('take-over').addEventListener('click', () => client.reconnect());
  byId('offline').addEventListener('change', ({ target }) => {
    sessionStorage.setItem(OFFLINE, target.checked ? 'yes' : 'no');
    line.setOffline(target.checked);
    if (!target.checked) client.reconnect();
    showLine();
  });

  // What was written right before the page ended, and did not get as far as the library: the same msgId is one message.
  const open = new Set(client.outgoing.map(({ msgId }) => msgId));
  for (const entry of [...known.values()]) {
    if (entry.isMine && entry.status === 'pending' && !open.has(entry.msgId)) await hand(entry);
  }
};

if (me && peer) await start().catch(showFailure);
else showStart();
