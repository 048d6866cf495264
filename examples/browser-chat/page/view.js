// What a person sees. All text of others goes in as text, never as markup.

const byId = (id) => document.getElementById(id);
const MAX_PACKETS = 200;
const NEAR_PIXELS = 120;

/** What a status is called here, and its picture. */
const STATES = {
  pending: ['waiting', 'waiting'],
  accepted: ['accepted', 'accepted'],
  stored: ['stored', 'stored'],
  delivered: ['delivered', 'delivered'],
  expired: ['expired', 'failed'],
  refused: ['refused', 'failed'],
  unknown: ['nobody knows', 'failed'],
};
/** What somebody who does not look at the page is told at once. */
const TOLD = new Set(['stored', 'delivered', 'expired', 'refused', 'unknown']);

const CONNECTIONS = {
  connecting: 'connecting …',
  online: 'online',
  waiting: 'no connection, tries again',
  offline: 'offline',
  replaced: 'in use elsewhere',
  closed: 'ended',
};

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const excerpt = (text, most = 40) => (text.length > most ? `${text.slice(0, most)}…` : text);

const items = new Map();

/** Who reads what is above stays there. */
let isAtEnd = true;
const noteReading = () => {
  const { scrollHeight, scrollTop, clientHeight } = byId('talk');
  isAtEnd = scrollHeight - scrollTop - clientHeight < NEAR_PIXELS;
};
const showEnd = () => {
  byId('talk').scrollTop = byId('talk').scrollHeight;
};

const itemOf = ({ key, body, at, isMine, peer }) => {
  const known = items.get(key);
  if (known) return known;
  const item = byId('message').content.firstElementChild.cloneNode(true);
  item.classList.toggle('mine', isMine);
  item.dataset.key = key;
  item.querySelector('.who').textContent = isMine ? 'You: ' : `${peer}: `;
  item.querySelector('.body').textContent = body;
  const time = item.querySelector('time');
  time.dateTime = new Date(at).toISOString();
  time.textContent = clock.format(at);
  items.set(key, item);
  byId('messages').append(item);
  byId('empty').hidden = true;
  if (isMine || isAtEnd) showEnd();
  return item;
};

const stateText = (name, reason, sendings) =>
  [name, reason && `(${reason})`, sendings > 1 && `· sent ${sendings} times`].filter(Boolean).join(' ');

/** Shows a message, or what has changed of it. */
export const showMessage = (entry, sendings = 0) => {
  const item = itemOf(entry);
  if (!entry.isMine) return;
  const [name, icon] = STATES[entry.status];
  const before = item.dataset.status;
  item.dataset.status = entry.status;
  item.querySelector('use').setAttribute('href', `#icon-${icon}`);
  item.querySelector('.state-text').textContent = stateText(name, entry.reason, sendings);
  if (before !== undefined && before !== entry.status && TOLD.has(entry.status)) {
    byId('said').textContent = `${name}: ${excerpt(entry.body)}`;
  }
};

export const showConnection = (state) => {
  byId('connection').textContent = CONNECTIONS[state];
  byId('connection').dataset.state = state;
  byId('take-over').hidden = state !== 'replaced';
};

/** Nothing goes without the storage of the page. */
export const showFailure = (error) => {
  showConnection('closed');
  byId('connection').textContent += `: ${[error.message, error.remedy].filter(Boolean).join('. ')}`;
  console.error(error);
};

export const showLosing = (left) => {
  byId('losing').textContent = left === 0 ? '' : `The next ${left === 1 ? 'packet' : `${left} packets`} will be lost.`;
};

let packets = 0;

/** One packet on the line: `about` says of which message, `note` what is special. */
export const showPacket = ({ way, type, about, note, lost }) => {
  const item = document.createElement('li');
  const part = (className, text) => {
    const span = document.createElement('span');
    span.className = className;
    span.textContent = text;
    item.append(span, ' ');
  };
  item.classList.toggle('lost', lost);
  part('way', way === 'out' ? '→' : '←');
  item.firstElementChild.setAttribute('role', 'img');
  item.firstElementChild.setAttribute('aria-label', way === 'out' ? 'to the server:' : 'from the server:');
  part('type', type);
  if (about) part('about', excerpt(about, 20));
  if (note) part('note', note);
  if (lost) part('note', 'lost');
  byId('packets').prepend(item);
  if (byId('packets').children.length > MAX_PACKETS) byId('packets').lastElementChild.remove();
  packets += 1;
  byId('packet-count').textContent = `(${packets})`;
};

/** Calls `onSend` with what was written. What could not be taken stands there again. */
export const onComposed = (onSend) => {
  const composer = byId('composer');
  const body = byId('body');
  // Before this, nobody would take what is written.
  composer.querySelector('button').disabled = false;
  body.addEventListener('keydown', (event) => {
    // While somebody chooses a character of Chinese or Japanese, Enter ends that choice.
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    composer.requestSubmit();
  });
  composer.addEventListener('submit', (event) => {
    event.preventDefault();
    const text = body.value.trim();
    if (text === '') return;
    body.value = '';
    body.focus();
    onSend(text).catch((error) => {
      if (body.value === '') body.value = text;
      showFailure(error);
    });
  });
};

export const showChat = (me, peer) => {
  document.title = `${peer} – browser chat of ${me}`;
  byId('peer').textContent = peer;
  byId('talk').setAttribute('aria-label', `Messages with ${peer}`);
  byId('body').placeholder = `${me}, write to ${peer}`;
  byId('chat').hidden = false;
  byId('talk').addEventListener('scroll', noteReading);
  // What is below stays in sight when the keyboard of a phone, or the packets, take room.
  new ResizeObserver(() => isAtEnd && showEnd()).observe(byId('talk'));
  // A wide window has room for the packets.
  byId('packets-box').open = matchMedia('(min-width: 60rem)').matches;
};

export const showStart = () => {
  byId('start').hidden = false;
};
