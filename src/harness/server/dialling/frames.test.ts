import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { type WebSocket, WebSocketServer } from 'ws';
import type { FrameForm, HandshakeForm, Socket, SocketHandlers } from '../../../play/index.js';
import { textFrame, windowBitsOf } from './client-frame.js';
import { createDial } from './dial.js';
import { FrameWatch } from './frame-watch.js';

const head = (...bytes: number[]): Buffer => Buffer.from(bytes);

const HEADS: readonly [what: string, bytes: Buffer, fault: RegExp | undefined][] = [
  ['a small frame', Buffer.concat([head(0x81, 5), Buffer.alloc(5)]), undefined],
  ['a frame of 126 bytes', Buffer.concat([head(0x81, 126, 0, 126), Buffer.alloc(126)]), undefined],
  [
    'a frame of 65,536 bytes',
    Buffer.concat([head(0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0), Buffer.alloc(65_536)]),
    undefined,
  ],
  [
    'two bytes for a small length',
    Buffer.concat([head(0x81, 126, 0, 125), Buffer.alloc(125)]),
    /125 bytes is written in 2/,
  ],
  [
    'eight bytes for a middle length',
    Buffer.concat([head(0x81, 127, 0, 0, 0, 0, 0, 0, 0xff, 0xff), Buffer.alloc(65_535)]),
    /65535 bytes is written in 8/,
  ],
  ['a mask', Buffer.concat([head(0x81, 0x81, 1, 2, 3, 4), Buffer.alloc(1)]), /is masked/],
];

t.test('the heads of frames are looked at, however they are cut', async (t) => {
  for (const [what, bytes, fault] of HEADS) {
    for (const piece of [1, 3, bytes.length]) {
      const faults: string[] = [];
      const watch = new FrameWatch((one) => faults.push(one));
      const twice = Buffer.concat([bytes, bytes]);
      for (let at = 0; at < twice.length; at += piece) watch.feed(twice.subarray(at, at + piece));
      t.equal(faults.length, fault === undefined ? 0 : 2, `${what} in pieces of ${piece}`);
      if (fault !== undefined) t.match(faults[0], fault);
    }
  }
});

t.test('the answer to the offer says how far may be compressed', async (t) => {
  t.equal(windowBitsOf(undefined), undefined);
  t.equal(windowBitsOf('permessage-deflate'), 15);
  t.equal(windowBitsOf('permessage-deflate; client_max_window_bits=10'), 10);
  t.equal(windowBitsOf('permessage-deflate; client_max_window_bits=8'), undefined, 'no window of Node is so small');
  t.ok(textFrame('x'.repeat(10_000), 15).length < 200);
});

const FORM: HandshakeForm = {
  upgrade: 'WebSocket',
  connection: 'keep-alive, Upgrade',
  names: 'lower case',
  offers: 'last of two',
  order: [0.9, 0.1, 0.8, 0.2, 0.7, 0.3, 0.6, 0.4, 0.5],
  deflate: true,
};

const serve = async (t: Test, options: object) => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', ...options });
  t.teardown(() => server.close());
  await once(server, 'listening');
  return { server, url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/` };
};

const handlersFor = (opened: (socket: Socket) => void): SocketHandlers => ({
  onOpen: opened,
  onText: () => {},
  onBinary: () => {},
  onPing: () => {},
  onPong: () => {},
  onClose: () => {},
});

const REQUEST = { user: 'alice', device: 'default', subprotocol: 'im.ran.v1', timeoutMs: 2_000 };
const anybody = async (url: string) => ({ url, headers: {} });
const onlyOurs = { handleProtocols: () => 'im.ran.v1' };

t.test('text arrives whole in every form, over an upgrade in another form', async (t) => {
  const { server, url } = await serve(t, { ...onlyOurs, perMessageDeflate: true });
  const texts: string[] = [];
  let done = () => {};
  const all = new Promise<void>((resolve) => (done = resolve));
  const forms: (FrameForm | undefined)[] = [
    undefined,
    { compressed: true },
    { cutAfter: 1 },
    { drips: true },
    { cutAfter: 9 },
  ];
  server.on('connection', (ws: WebSocket) =>
    ws.on('message', (data) => {
      texts.push(String(data));
      if (texts.length === forms.length) done();
    }),
  );
  const outcome = await createDial(url, anybody)(
    { ...REQUEST, form: FORM },
    handlersFor((socket) => {
      for (const [index, form] of forms.entries()) socket.sendText(`${index} ${'é'.repeat(300)}`, form);
    }),
  );
  t.equal(outcome.ok, true);
  await all;
  t.strictSame(
    texts,
    forms.map((_, index) => `${index} ${'é'.repeat(300)}`),
    'and in the order in which it was written',
  );
  for (const client of server.clients) client.terminate();
});

t.test('who is let in with the usual form only was refused because of the form', async (t) => {
  const verifyClient = (
    { req }: { req: { headers: { upgrade?: string } } },
    done: (ok: boolean, status?: number) => void,
  ) => (req.headers.upgrade === 'websocket' ? done(true) : done(false, 400));
  const { url } = await serve(t, { ...onlyOurs, verifyClient });
  const outcome = await createDial(url, anybody)(
    { ...REQUEST, form: FORM },
    handlersFor(() => {}),
  );
  t.match(outcome, {
    ok: false,
    refusal: 'form',
    status: 400,
    error: /usual form .* accepted; this one was: Upgrade: WebSocket/,
  });
});

t.test('who is refused in any form was refused for something else', async (t) => {
  const { url } = await serve(t, {
    verifyClient: (_: unknown, done: (ok: boolean, status: number) => void) => done(false, 400),
  });
  const outcome = await createDial(url, anybody)(
    { ...REQUEST, form: FORM },
    handlersFor(() => {}),
  );
  t.match(outcome, { ok: false, refusal: 'status', status: 400 });
});
