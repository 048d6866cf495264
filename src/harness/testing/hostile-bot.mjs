// A bot that does what no client should: `node hostile-bot.mjs KIND`. Its first word is right where KIND does not forbid it.
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import WebSocket from 'ws';

const [, , kind = ''] = process.argv;
const { IM_URL: url = '', IM_TOKEN: token = '' } = process.env;
const MEGABYTE = 1_048_576;

const timers = {
  resendAfterMs: 200,
  resendMaxMs: 400,
  retryWindowMs: 2_000,
  reconnectAfterMs: 100,
  reconnectMaxMs: 400,
  deadAfterMs: 800,
};
let rids = 0;
const packet = (type, fields) => {
  rids += 1;
  return JSON.stringify({ type, rid: `r-${rids}`, ...fields });
};
const wordOf = (word) =>
  packet('msg:R', { msgId: randomBytes(8).toString('hex'), to: 'conductor', body: JSON.stringify(word) });
const hello = wordOf({
  hello: {
    words: 1,
    start: randomBytes(4).toString('hex'),
    name: kind,
    roles: ['sender', 'receiver'],
    classes: ['durable'],
    timers,
  },
});

const open = (onOpen) => {
  const socket = new WebSocket(url, 'im.ran.v1', { headers: { Authorization: `Bearer ${token}` } });
  socket.on('error', () => {});
  socket.on('open', () => onOpen?.(socket));
  return socket;
};

/** Says a word that is none as soon as it is known. */
const saying = (body) => () => {
  const begin = () =>
    open((socket) => {
      socket.send(hello);
      socket.send(packet('msg:R', { msgId: 'none', to: 'conductor', body }));
      answering(socket, () => {});
    }).on('close', () => setTimeout(begin, 100));
  begin();
};

/** Answers each inventory with these items. */
const holding = (items) => () =>
  polite((word, socket) => {
    if (word.do !== 'inventory') return;
    const { from, ask } = word;
    socket.send(wordOf({ inventory: { from, ask, part: 1, parts: 1, items } }));
  });

/** Sends without end, as fast as the other side reads, and comes back when it is cut off. */
const floodWith = (text, first = hello) => {
  const pour = (socket) => {
    if (socket.readyState !== WebSocket.OPEN) return;
    for (let i = 0; i < 200 && socket.bufferedAmount < 8 * MEGABYTE; i++) socket.send(text());
    setImmediate(pour, socket);
  };
  const begin = () =>
    open((socket) => {
      if (first !== null) socket.send(first);
      pour(socket);
    }).on('close', () => setTimeout(begin, 10));
  begin();
};

/** Acks what is pushed and says no more. */
const answering = (socket, onWord) =>
  socket.on('message', (data) => {
    const { type, serverMsgId, from, body } = JSON.parse(String(data));
    if (type !== 'msg:N') return;
    if (from === 'conductor') onWord(JSON.parse(body), socket);
    socket.send(packet('ack:R', { serverMsgId }));
  });

const polite = (onWord = () => {}) => {
  const begin = () =>
    open((socket) => {
      socket.send(hello);
      answering(socket, onWord);
    }).on('close', () => setTimeout(begin, 100));
  begin();
};

const KINDS = {
  flood: () =>
    floodWith(() => packet('msg:R', { msgId: randomBytes(8).toString('hex'), to: 'bob', body: 'x'.repeat(100) })),
  'flood-of-words': () => floodWith(() => wordOf({ outcome: { msgId: 'nobody', status: 'delivered' } })),
  'large-frames': () =>
    floodWith(() =>
      packet('msg:R', { msgId: randomBytes(8).toString('hex'), to: 'bob', body: 'x'.repeat(MEGABYTE / 2) }),
    ),
  garbage: () => floodWith(() => randomBytes(64)),
  'too-large': () => floodWith(() => 'x'.repeat(4 * MEGABYTE)),
  'flood-before-hello': () =>
    floodWith(() => packet('msg:R', { msgId: randomBytes(8).toString('hex'), to: 'bob', body: 'x' }), null),
  connections: () => {
    polite();
    for (let i = 0; i < 1_000; i++) open();
  },
  'hot-loop': () => {
    const begin = () =>
      open((socket) => socket.send(hello, () => socket.terminate())).on('close', () => setImmediate(begin));
    begin();
  },
  'bare-tcp': () => {
    polite();
    const { hostname, port } = new URL(url);
    for (let i = 0; i < 500; i++)
      connect(Number(port), hostname, function () {
        this.write('GET / HTTP/1.1\r\n');
      }).on('error', () => {});
  },
  'never-reads': () =>
    open((socket) => {
      socket.send(hello);
      socket.pause();
    }),
  'hangs-in-exit': () => {
    process.on('SIGTERM', () => {});
    polite((word) => {
      if (word.do === 'exit') for (;;) Math.random();
    });
  },
  'no-inventory': () => polite(),
  prints: () => {
    const line = `${'loud '.repeat(20_000)}\n`;
    let left = 1_000;
    const print = () => {
      while (left > 0) {
        left -= 1;
        if (!process.stdout.write(line)) return process.stdout.once('drain', print);
      }
    };
    print();
    polite();
  },
  'strange-target': () => {
    polite();
    const { hostname, port } = new URL(url);
    connect(Number(port), hostname, function () {
      this.write('GET // HTTP/1.1\r\nHost: kit\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    }).on('error', () => {});
  },
  'outcome-of-nothing': saying('{"outcome":null}'),
  'outcome-read': saying('{"outcome":{"msgId":"m-1","status":"read"}}'),
  'inventory-of-nothing': saying('{"inventory":null}'),
  'word-of-no-json': saying('hello'),
  'two-words': saying('{"outcome":{"status":"unknown"},"hello":{}}'),
  'items-of-nothing': holding([null]),
  'no-list-of-items': holding(5),
  'bad-rid': () => {
    const text = JSON.stringify({ ...JSON.parse(hello), rid: 'a rid with spaces' });
    const begin = () => open((socket) => socket.send(text)).on('close', () => setTimeout(begin, 500));
    begin();
  },
  'hello-without-name': () =>
    open((socket) => socket.send(wordOf({ hello: { words: 1, start: 's', roles: ['sender'] } }))),
  misspelt: () => {
    const said = JSON.parse(JSON.parse(hello).body).hello;
    const text = wordOf({ hello: { ...said, classes: ['durabel'], can: ['pings'] } });
    open((socket) => {
      socket.send(text);
      answering(socket, () => {});
    });
  },
  'bad-hello': () => open((socket) => socket.send(wordOf({ hello: { words: 7 } }))),
  'exits-at-once': () => {
    process.stderr.write('no such library\n');
    process.exit(5);
  },
  'no-token': () => {
    new WebSocket(url, 'im.ran.v1').on('error', () => {});
    setInterval(() => {}, 1_000);
  },
  'no-subprotocol': () => {
    new WebSocket(url, [], { headers: { Authorization: `Bearer ${token}` } }).on('error', () => {});
    setInterval(() => {}, 1_000);
  },
  'no-hello': () => open(),
  'no-connection': () => void setInterval(() => {}, 1_000),
};
KINDS[kind]();
