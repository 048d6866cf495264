// A dialect as a module: a protocol with a number for each message of a conversation, and acks that count for all
// numbers up to theirs. The wire is a small part of that of Tinode
// (https://github.com/tinode/chat/blob/master/docs/API.md), tried on server.mjs alone. A mapping cannot say it: one `info` is a receipt for many messages.

const OK = (code) => code >= 200 && code < 300;

/** What one user knows of a conversation, over all connections. */
const newTopic = () => ({
  /** Numbers that were pushed and not acked. */
  waiting: new Set(),
  /** The highest number that was acked. */
  acked: 0,
  /** Numbers of own messages that nobody has acked yet. */
  sent: new Set(),
});

class Session {
  #user;
  #wire;
  #memory;
  #lastId = 0;
  /** Id of a request → what its answer means. */
  #asked = new Map();
  /** Topic → undefined once this connection is attached, else what waits for that. */
  #attached = new Map();

  constructor({ user, token }, wire, memory) {
    this.#user = `usr${user}`;
    this.#wire = wire;
    this.#memory = memory;
    this.secret = Buffer.from(`${user}:${token}`).toString('base64');
  }

  #ask(kind, content, onAnswer) {
    this.#lastId += 1;
    const id = String(this.#lastId);
    this.#asked.set(id, onAnswer);
    this.#wire.send(JSON.stringify({ [kind]: { id, ...content } }));
  }

  #topic(name) {
    const key = `topic ${name}`;
    if (!this.#memory.has(key)) this.#memory.set(key, newTopic());
    return this.#memory.get(key);
  }

  #idOf(topic, seq) {
    return `${[this.#user, topic].sort().join('~')}:${seq}`;
  }

  begin() {
    const letIn = (next) => (ctrl) => (OK(ctrl.code) ? next() : this.#wire.refused(401, ctrl.text));
    const subscribe = () => {
      this.#ask(
        'sub',
        { topic: 'me', get: { what: 'sub' } },
        letIn(() => this.#wire.ready()),
      );
      // Receipts that came while nobody was here.
      for (const [key, { sent }] of this.#memory) if (sent?.size > 0) this.#attach(key.slice('topic '.length));
    };
    const login = () => this.#ask('login', { scheme: 'basic', secret: this.secret }, letIn(subscribe));
    this.#ask('hi', { ver: '0.22', ua: 'im-conformance' }, letIn(login));
  }

  /** Nobody can write to a conversation, or hear of it, without being attached. */
  #attach(name, then) {
    const waiting = this.#attached.get(name);
    if (this.#attached.has(name) && waiting === undefined) return then?.();
    if (waiting !== undefined) return void (then && waiting.push(then));
    const queue = then ? [then] : [];
    this.#attached.set(name, queue);
    const get = { what: 'data sub', data: { since: this.#topic(name).acked + 1 } };
    this.#ask('sub', { topic: name, get }, () => {
      this.#attached.set(name, undefined);
      for (const go of queue) go();
    });
  }

  send(request) {
    return request.type === 'msg:R' ? this.#publish(request) : this.#ack(request);
  }

  #publish({ type: _type, rid, msgId, to, body, ...more }) {
    const [field] = Object.keys(more);
    if (field !== undefined) return { cannot: `give a message the field ${field}` };
    if (`usr${to}` === this.#user) return { cannot: 'write to oneself' };
    if (this.#memory.has(`sent ${msgId}`)) return { cannot: 'send a message again: it would be another message' };
    const name = `usr${to}`;
    const onAnswer = ({ code, text, params }) => {
      if (!OK(code)) {
        const error = { code: 'internal', message: text };
        this.#wire.packet({ type: 'msg:A', rid, status: 'rejected', error });
        return;
      }
      this.#topic(name).sent.add(params.seq);
      this.#wire.packet({ type: 'msg:A', rid, status: 'stored', serverMsgId: this.#idOf(name, params.seq) });
    };
    this.#attach(name, () => {
      this.#memory.set(`sent ${msgId}`, true);
      this.#ask('pub', { topic: name, noecho: true, content: body }, onAnswer);
    });
    return undefined;
  }

  #ack({ type: _type, rid: _rid, serverMsgId, ...more }) {
    const [field] = Object.keys(more);
    if (field !== undefined) return { cannot: `give an ack the field ${field}` };
    const [, both, number] = /^(.*):(\d+)$/s.exec(serverMsgId) ?? [];
    const name = both?.split('~').find((one) => one !== this.#user);
    if (name === undefined) return { cannot: 'ack what this server did not push' };
    const topic = this.#topic(name);
    const seq = Number(number);
    if ([...topic.waiting].some((one) => one < seq)) {
      return { cannot: 'ack a message before those in front of it: an ack counts for all of them' };
    }
    if (this.#attached.get(name) !== undefined || !this.#attached.has(name)) {
      return { cannot: 'ack a message on a connection on which it was not pushed' };
    }
    topic.waiting.delete(seq);
    topic.acked = Math.max(topic.acked, seq);
    this.#wire.send(JSON.stringify({ note: { topic: name, what: 'recv', seq } }));
    return undefined;
  }

  receive(text) {
    const { ctrl, meta, data, pres, info } = JSON.parse(text);
    if (ctrl !== undefined) this.#onCtrl(ctrl, text);
    else if (meta?.topic === 'me')
      for (const { topic, seq, recv } of meta.sub ?? []) if (seq > recv) this.#attach(topic);
    if (meta !== undefined && meta.topic !== 'me') {
      for (const { user, recv } of meta.sub ?? []) if (user !== this.#user) this.#onReceipt(meta.topic, recv);
    } else if (data !== undefined) this.#onData(data);
    else if (pres?.what === 'msg') this.#attach(pres.src);
    else if (info?.what === 'recv') this.#onReceipt(info.topic, info.seq);
    else if ([ctrl, meta, pres, info].every((one) => one === undefined)) {
      this.#wire.unread(text, 'it is none of ctrl, meta, data, pres, info');
    }
  }

  #onCtrl(ctrl, text) {
    const onAnswer = this.#asked.get(ctrl.id);
    if (onAnswer === undefined) return this.#wire.unread(text, 'nobody asked for it');
    this.#asked.delete(ctrl.id);
    return onAnswer(ctrl);
  }

  #onData({ topic: name, from, seq, ts, content }) {
    if (from === this.#user) return;
    const topic = this.#topic(name);
    // Noted first: the ack may come within the call.
    if (seq > topic.acked) topic.waiting.add(seq);
    this.#wire.packet({
      ...{ type: 'msg:N', serverMsgId: this.#idOf(name, seq), from: from.slice('usr'.length), body: content },
      acceptedAt: Date.parse(ts),
    });
  }

  #onReceipt(name, recv) {
    const { sent } = this.#topic(name);
    for (const seq of [...sent].filter((one) => one <= recv)) {
      sent.delete(seq);
      this.#wire.packet({ type: 'ack:N', serverMsgId: this.#idOf(name, seq), status: 'delivered' });
    }
  }
}

export default {
  name: 'cumulative',
  transport: 'ws',
  opening: { url: '/v0/channels' },
  profile: {
    packets: ['msg:R', 'msg:A', 'msg:N', 'ack:R', 'ack:N'],
    fields: [
      ...['msg:A.rid', 'msg:A.serverMsgId', 'msg:A.rejected'],
      ...['msg:N.serverMsgId', 'msg:N.from', 'msg:N.acceptedAt', 'ack:N.delivered', 'close.1001'],
    ],
  },
  closes: { 1001: 1001 },
  cannotPromise: ['an ack counts for all messages in front of it: one that was lost on its way is acked by the next'],
  open: (who, wire, memory) => new Session(who, wire, memory),
};
