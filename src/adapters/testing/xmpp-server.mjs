// A small XMPP server for one domain, with stream management, resumption, offline storage and a log that outlives a kill.
// Anybody is let in. It reads the stanzas of the kit, and no others. Started with a fault, it is broken in one way: the kit
// must say so for the right reason, and must be silent about the server without any.
//
//   node xmpp-server.mjs [none|mute|swallows|doubles|forgets-offline|forgets-acks|answers-early] [plain|starttls|tls]
//
// The port is PORT, the data folder DATA_DIR; with TLS, on the open stream or at once, CERT and KEY are files.
import { existsSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';

const fault = process.argv[2] ?? 'none';
const security = process.argv[3] ?? 'plain';
const { PORT, DATA_DIR = '.', CERT, KEY } = process.env;
const TLS = "xmlns='urn:ietf:params:xml:ns:xmpp-tls'";
/** So late the server stores what it has answered already. */
const EARLY_MS = 150;
const SM = "xmlns='urn:xmpp:sm:3'";
const DOMAIN = 'localhost';
const ELEMENT =
  /<stream:stream [^>]*>|<\/stream:stream>|<presence\/>|<(?:r|a|enable|resume|starttls) [^>]*\/>|<(message|iq|auth) .*?<\/\1>/gs;
const HEADER = `<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' from='${DOMAIN}' id='1' version='1.0'>`;
const features = (inner) => `${HEADER}<stream:features>${inner}</stream:features>`;

/** Name → messages that wait for the user, and the stream, with or without a connection. */
const users = new Map();
const userOf = (name) => {
  if (!users.has(name)) users.set(name, { offline: [], stream: undefined });
  return users.get(name);
};

const path = join(DATA_DIR, 'server.log');
const past = existsSync(path) ? readFileSync(path, 'utf8').split('\n') : [];
const file = openSync(path, 'a');
const store = (entry) => {
  writeSync(file, `${JSON.stringify(entry)}\n`);
  fsyncSync(file);
};

let last = 0;
const waiting = new Map();
for (const line of past.filter((text) => text.endsWith('}'))) {
  const { message, done } = JSON.parse(line);
  if (message) waiting.set(message.seq, message);
  else waiting.delete(done);
  last = Math.max(last, message?.seq ?? 0);
}
for (const message of waiting.values()) userOf(message.to).offline.push(message);

const push = (stream, message) => {
  stream.sent += 1;
  stream.queue.push({ number: stream.sent, message });
  stream.say?.(message.xml);
};

const deliver = (message) => {
  const user = userOf(message.to);
  if (fault === 'forgets-offline' && !user.stream?.say) return;
  if (user.stream) push(user.stream, message);
  else user.offline.push(message);
};

const onHandled = (stream, h) => {
  while (stream.queue.length > 0 && stream.queue[0].number <= h) {
    const { message } = stream.queue.shift();
    stream.handled.push(message);
    if (message.seq > 0 && fault !== 'forgets-acks') store({ done: message.seq });
  }
};

const attribute = (xml, name) => new RegExp(` ${name}='([^']*)'`).exec(xml)?.[1] ?? '';

const onMessage = (from, xml) => {
  const to = attribute(xml, 'to').split('@')[0];
  last += 1;
  const message = { seq: last, to, xml: xml.replace('<message ', `<message from='${from}@${DOMAIN}/default' `) };
  const keep = () => {
    store({ message });
    deliver(message);
  };
  if (fault === 'answers-early') setTimeout(keep, EARLY_MS);
  else keep();
};

/** A stream that is over: what its client has not handled waits for the next one. */
const end = (user) => {
  const { stream } = user;
  if (!stream) return;
  user.stream = undefined;
  stream.end?.();
  user.offline.unshift(...stream.queue.map(({ message }) => message).filter(({ seq }) => seq > 0));
};

class Connection {
  name = '';
  user;
  stream;
  constructor(socket, isSecure) {
    this.socket = socket;
    this.isSecure = isSecure;
  }
  say = (xml) => this.socket.writable && this.socket.write(xml);

  on(xml) {
    const { stream } = this;
    if (xml.startsWith('<stream:')) {
      const login = "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms>";
      if (security === 'starttls' && !this.isSecure) this.say(features(`<starttls ${TLS}><required/></starttls>`));
      else this.say(features(this.user ? `<sm ${SM}/><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>` : login));
    } else if (xml.startsWith('<starttls')) {
      this.say(`<proceed ${TLS}/>`);
      this.socket.removeAllListeners();
      serve(secured(this.socket), true);
    } else if (xml.startsWith('<auth')) {
      this.name = Buffer.from(/>(.*)</.exec(xml)[1], 'base64')
        .toString()
        .split('\0')[1];
      this.user = userOf(this.name);
      this.say("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
    } else if (xml.startsWith('<resume')) this.resume(xml);
    else if (xml.startsWith('<iq')) this.say("<iq id='bind' type='result'/>");
    else if (xml.startsWith('<enable')) this.enable();
    else if (xml.startsWith('<presence')) this.becomeAvailable();
    else if (xml === '</stream:stream>') {
      if (stream && this.user.stream === stream) end(this.user);
      this.socket.end('</stream:stream>');
    } else if (fault === 'mute' && stream.h > 0 && !xml.startsWith('<r')) return;
    else if (xml.startsWith('<message')) {
      stream.h += 1;
      onMessage(this.name, xml);
    } else if (xml.startsWith('<a ')) onHandled(stream, Number(attribute(xml, 'h')));
    else if (xml.startsWith('<r ')) this.answer(stream);
  }

  answer(stream) {
    if (fault === 'mute' && stream.answered) return;
    stream.answered = true;
    if (fault !== 'swallows' || !stream.resumed) this.say(`<a ${SM} h='${stream.h}'/>`);
  }

  enable() {
    const { say, socket } = this;
    const id = `s${Date.now()}${Math.random()}`;
    this.stream = { id, h: 0, sent: 0, queue: [], handled: [], say, end: () => socket.destroy() };
    say(`<enabled ${SM} id='${id}' resume='true'/>`);
  }

  becomeAvailable() {
    const { user, stream } = this;
    stream.h += 1;
    end(user);
    user.stream = stream;
    for (const message of user.offline.splice(0)) push(stream, message);
  }

  resume(xml) {
    const { say, socket } = this;
    const { stream } = this.user;
    if (stream?.id !== attribute(xml, 'previd')) {
      say(`<failed ${SM}><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>`);
      return;
    }
    stream.end?.();
    onHandled(stream, Number(attribute(xml, 'h')));
    this.stream = Object.assign(stream, { say, resumed: true, end: () => socket.destroy() });
    say(`<resumed ${SM} previd='${stream.id}' h='${stream.h}'/>`);
    for (const { message } of stream.queue) say(message.xml);
    if (fault === 'doubles') for (const message of stream.handled.splice(0)) push(stream, message);
  }

  onClose() {
    if (this.stream?.say === this.say) Object.assign(this.stream, { say: undefined, end: undefined });
  }
}

const secured = (socket) => new TLSSocket(socket, { isServer: true, cert: readFileSync(CERT), key: readFileSync(KEY) });

const serve = (socket, isSecure) => {
  const connection = new Connection(socket, isSecure);
  let rest = '';
  socket.setEncoding('utf8');
  socket.on('data', (text) => {
    rest += text;
    let from = 0;
    for (const { 0: xml, index } of rest.matchAll(ELEMENT)) {
      connection.on(xml);
      from = index + xml.length;
    }
    rest = rest.slice(from);
  });
  socket.on('error', () => socket.destroy());
  socket.on('close', () => connection.onClose());
};
createServer((socket) => serve(security === 'tls' ? secured(socket) : socket, security === 'tls')).listen(
  Number(PORT),
  '127.0.0.1',
);
process.on('SIGTERM', () => process.exit(0));
